"""Login codes and sessions that are over are found by when they ended, to be removed a few at a time."""

from alembic import op

revision = "0019"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES = ("login_codes", "sessions")


def upgrade() -> None:
    for table in TABLES:
        op.create_index(f"{table}_expires_at_idx", table, ["expires_at"], schema="api")


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"{table}_expires_at_idx", table, schema="api")
