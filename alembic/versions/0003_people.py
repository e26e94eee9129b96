"""The API: users, their keys, sessions and strategies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema api")
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("plan", sa.Text(), server_default=sa.text("'free'"), nullable=False),
        sa.Column("is_admin", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("plan in ('free', 'basic', 'pro')", name=op.f("users_plan_known_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
        schema="api",
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(name) <= 200", name=op.f("api_keys_name_length_check")),
        sa.CheckConstraint("length(prefix) between 4 and 16", name=op.f("api_keys_prefix_length_check")),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("api_keys_hash_is_sha256_check")),
        sa.ForeignKeyConstraint(["user_id"], ["api.users.id"], name=op.f("api_keys_user_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("api_keys_pkey")),
        sa.UniqueConstraint("hash", name=op.f("api_keys_hash_key")),
        schema="api",
    )
    op.create_index("api_keys_user_id_idx", "api_keys", ["user_id"], unique=False, schema="api")
    op.create_table(
        "login_codes",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("expires_at > created_at", name=op.f("login_codes_expires_after_creation_check")),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("login_codes_hash_is_sha256_check")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api.users.id"], name=op.f("login_codes_user_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("login_codes_pkey")),
        schema="api",
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("expires_at > created_at", name=op.f("sessions_expires_after_creation_check")),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("sessions_hash_is_sha256_check")),
        sa.ForeignKeyConstraint(["user_id"], ["api.users.id"], name=op.f("sessions_user_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("hash", name=op.f("sessions_pkey")),
        schema="api",
    )
    op.create_index("sessions_user_id_idx", "sessions", ["user_id"], unique=False, schema="api")
    op.create_table(
        "strategies",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("jsonb_typeof(definition) = 'object'", name=op.f("strategies_definition_is_object_check")),
        sa.CheckConstraint("length(name) between 1 and 200", name=op.f("strategies_name_length_check")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["api.users.id"], name=op.f("strategies_user_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("strategies_pkey")),
        schema="api",
    )
    op.create_index("strategies_user_id_idx", "strategies", ["user_id"], unique=False, schema="api")


def downgrade() -> None:
    op.drop_index("strategies_user_id_idx", table_name="strategies", schema="api")
    op.drop_table("strategies", schema="api")
    op.drop_index("sessions_user_id_idx", table_name="sessions", schema="api")
    op.drop_table("sessions", schema="api")
    op.drop_table("login_codes", schema="api")
    op.drop_index("api_keys_user_id_idx", table_name="api_keys", schema="api")
    op.drop_table("api_keys", schema="api")
    op.drop_table("users", schema="api")
    op.execute("drop schema api")
