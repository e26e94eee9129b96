"""Runs the migrations of all three schemas over one connection, in one transaction."""

from alembic import context
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

import api.schema
import engine.schema
import pgqueue.schema

# Any number that only this project locks: two migrations at once wait for each other.
MIGRATION_LOCK = 7_264_113_905

METADATA = [pgqueue.schema.metadata, engine.schema.metadata, api.schema.metadata]
SCHEMAS = {metadata.schema for metadata in METADATA}


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    return name in SCHEMAS if kind == "schema" else True


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        include_schemas=True,
        include_name=include_name,
        version_table_schema="pgqueue",
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    connection = context.config.attributes.get("connection")
    if connection is not None:
        run(connection)
        return
    url = context.config.attributes.get("url")
    if url is None:
        message = "alembic: no database given. Run `pgqueue migrate`, which passes DATABASE_URL on."
        raise SystemExit(message)
    # Never prepared: through a transaction pooler the next statement may reach another session.
    engine = create_engine(
        url, poolclass=NullPool, connect_args={"prepare_threshold": None, "application_name": "pgqueue migrate"}
    )
    with engine.begin() as connection:
        # An index on a large table takes its time, whatever the role's own limit is.
        connection.execute(text("set local statement_timeout = 0"))
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        # After that lock, which another migration may hold for long. A migration that cannot get a table's lock gives
        # up instead of stopping everyone who queues behind it; `pgqueue migrate` tries again.
        connection.execute(text("set local lock_timeout = '4s'"))
        # The version table lives in the first schema, so that must be there before Alembic looks.
        connection.execute(text("create schema if not exists pgqueue"))
        run(connection)


main()
