"""Strategies can be changed: a revision to tell which one was seen, and one name per user."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "strategies",
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        schema="api",
    )
    op.create_check_constraint(op.f("strategies_revision_counts_check"), "strategies", "revision >= 1", schema="api")
    # Its index begins with the user, so the one on the user alone has nothing left to do.
    op.create_unique_constraint(op.f("strategies_user_id_name_key"), "strategies", ["user_id", "name"], schema="api")
    op.drop_index("strategies_user_id_idx", table_name="strategies", schema="api")


def downgrade() -> None:
    op.create_index("strategies_user_id_idx", "strategies", ["user_id"], unique=False, schema="api")
    op.drop_constraint(op.f("strategies_user_id_name_key"), "strategies", schema="api", type_="unique")
    op.drop_constraint(op.f("strategies_revision_counts_check"), "strategies", schema="api", type_="check")
    op.drop_column("strategies", "revision", schema="api")
