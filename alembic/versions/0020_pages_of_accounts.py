"""Accounts by when they were made, and the audit log by who and by what, are found by index: a page reads a page."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("accounts_created_at_idx", "accounts", ["created_at", "user_id"], schema="pgqueue")
    op.create_index("audit_user_id_idx", "audit", ["user_id", "id"], schema="api")
    op.create_index("audit_action_idx", "audit", ["action", "id"], schema="api")


def downgrade() -> None:
    op.drop_index("audit_action_idx", "audit", schema="api")
    op.drop_index("audit_user_id_idx", "audit", schema="api")
    op.drop_index("accounts_created_at_idx", "accounts", schema="pgqueue")
