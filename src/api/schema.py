"""What the API's tables are: people, their keys and sessions, their strategies. Migrations make them.

No secret is stored: keys, sessions and login codes are SHA-256 of at least 128 random bits.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(
    schema="api",
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    },
)

NOW = text("clock_timestamp()")


def _now(name: str) -> "Column[object]":
    return Column(name, DateTime(timezone=True), nullable=False, server_default=NOW)


def _at(name: str, *, nullable: bool = True) -> "Column[object]":
    return Column(name, DateTime(timezone=True), nullable=nullable)


users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("is_admin", Boolean, nullable=False, server_default=text("false")),
    _now("created_at"),
    # An operator who may look at everything and change nothing.
    Column("is_read_only_admin", Boolean, nullable=False, server_default=text("false")),
    # Whatever a locked out user presents opens nothing.
    _at("locked_at"),
    CheckConstraint("not (is_admin and is_read_only_admin)", name="one_role"),
)


def _of_user() -> "Column[object]":
    return Column("user_id", Uuid, ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False)


api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    _of_user(),
    # The first characters of the key, by which people tell theirs apart.
    Column("prefix", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("name", Text, nullable=False, server_default=text("''")),
    Column("scopes", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    _now("created_at"),
    _at("expires_at"),
    _at("revoked_at"),
    _at("last_used_at"),
    CheckConstraint("octet_length(hash) = 32", name="hash_is_sha256"),
    CheckConstraint("length(prefix) between 4 and 16", name="prefix_length"),
    CheckConstraint("length(name) <= 200", name="name_length"),
)
Index("api_keys_user_id_idx", api_keys.c.user_id)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    _of_user(),
    _now("created_at"),
    _at("expires_at", nullable=False),
    _at("revoked_at"),
    # The key that opened it, with which it ends; else what a signed token said, where one did.
    Column("key_id", Uuid, ForeignKey(api_keys.c.id, ondelete="CASCADE")),
    Column("scopes", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("claimed_plan", Text),
    Column("claimed_role", Text),
    CheckConstraint("octet_length(hash) = 32", name="hash_is_sha256"),
    CheckConstraint("expires_at > created_at", name="expires_after_creation"),
    CheckConstraint("claimed_plan in ('free', 'basic', 'pro')", name="claimed_plan_known"),
    CheckConstraint("claimed_role in ('user', 'read_only_admin', 'admin')", name="claimed_role_known"),
)
Index("sessions_user_id_idx", sessions.c.user_id)
Index("sessions_key_id_idx", sessions.c.key_id, postgresql_where=text("key_id is not null"))

login_codes = Table(
    "login_codes",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    _of_user(),
    _now("created_at"),
    _at("expires_at", nullable=False),
    _at("used_at"),
    CheckConstraint("octet_length(hash) = 32", name="hash_is_sha256"),
    CheckConstraint("expires_at > created_at", name="expires_after_creation"),
)
for ending in (login_codes, sessions):
    Index(f"{ending.name}_expires_at_idx", ending.c.expires_at)

strategies = Table(
    "strategies",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    _of_user(),
    Column("name", Text, nullable=False),
    Column("definition", JSONB, nullable=False),
    # Counts its changes, so that two editors of the same strategy cannot overwrite each other unseen.
    Column("revision", Integer, nullable=False, server_default=text("1")),
    _now("created_at"),
    _now("updated_at"),
    CheckConstraint("length(name) between 1 and 200", name="name_length"),
    CheckConstraint("jsonb_typeof(definition) = 'object'", name="definition_is_object"),
    CheckConstraint("revision >= 1", name="revision_counts"),
    UniqueConstraint("user_id", "name"),
)

# What administrators did, never changed but for how it went: outcome is null while it is being done.
audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _now("at"),
    # No foreign key: what somebody did outlives the account.
    Column("user_id", Uuid, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("outcome", Text),
    # Of the API key it was done with, as it was called then.
    Column("key_name", Text),
    CheckConstraint("length(action) between 1 and 63", name="action_length"),
    CheckConstraint("length(target) between 1 and 200", name="target_length"),
    CheckConstraint("jsonb_typeof(facts) = 'object'", name="facts_are_object"),
)
Index("audit_target_idx", audit.c.target, audit.c.id)
Index("audit_user_id_idx", audit.c.user_id, audit.c.id)
Index("audit_action_idx", audit.c.action, audit.c.id)
Index("audit_at_idx", audit.c.at)
