"""Who calls and what they may: roles, locked users, scopes of sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "users",
        sa.Column("is_read_only_admin", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="api",
    )
    op.add_column("users", sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True), schema="api")
    op.create_check_constraint(
        op.f("users_one_role_check"), "users", "not (is_admin and is_read_only_admin)", schema="api"
    )
    op.add_column("sessions", sa.Column("key_id", sa.Uuid(), nullable=True), schema="api")
    op.add_column(
        "sessions",
        sa.Column("scopes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        schema="api",
    )
    op.add_column("sessions", sa.Column("claimed_plan", sa.Text(), nullable=True), schema="api")
    op.add_column("sessions", sa.Column("claimed_role", sa.Text(), nullable=True), schema="api")
    op.create_foreign_key(
        op.f("sessions_key_id_fkey"),
        "sessions",
        "api_keys",
        ["key_id"],
        ["id"],
        source_schema="api",
        referent_schema="api",
        ondelete="CASCADE",
    )
    op.create_check_constraint(
        op.f("sessions_claimed_plan_known_check"), "sessions", "claimed_plan in ('free', 'basic', 'pro')", schema="api"
    )
    op.create_check_constraint(
        op.f("sessions_claimed_role_known_check"),
        "sessions",
        "claimed_role in ('user', 'read_only_admin', 'admin')",
        schema="api",
    )
    op.create_index(
        "sessions_key_id_idx",
        "sessions",
        ["key_id"],
        unique=False,
        schema="api",
        postgresql_where=sa.text("key_id is not null"),
    )


def downgrade() -> None:
    op.drop_index("sessions_key_id_idx", table_name="sessions", schema="api")
    for name in ("claimed_role", "claimed_plan", "scopes", "key_id"):
        op.drop_column("sessions", name, schema="api")
    op.drop_constraint(op.f("users_one_role_check"), "users", schema="api", type_="check")
    op.drop_column("users", "locked_at", schema="api")
    op.drop_column("users", "is_read_only_admin", schema="api")
