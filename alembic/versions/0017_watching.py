"""What operators watch: the memory a worker holds, and the key with which an administrator acted."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null from workers of an earlier release, which go on without it.
    op.add_column("workers", sa.Column("memory_bytes", sa.BigInteger(), nullable=True), schema="pgqueue")
    op.create_check_constraint(
        op.f("workers_memory_not_negative_check"), "workers", "memory_bytes >= 0", schema="pgqueue"
    )
    op.add_column("audit", sa.Column("key_name", sa.Text(), nullable=True), schema="api")


def downgrade() -> None:
    op.drop_column("audit", "key_name", schema="api")
    op.drop_column("workers", "memory_bytes", schema="pgqueue")
