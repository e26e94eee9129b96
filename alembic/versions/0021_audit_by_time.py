"""The audit log by when: what was done before or after some time is found by index."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("audit_at_idx", "audit", ["at"], schema="api")


def downgrade() -> None:
    op.drop_index("audit_at_idx", "audit", schema="api")
