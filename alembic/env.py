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
    with create_engine(url, poolclass=NullPool).begin() as connection:
        # A migration that cannot get its lock gives up instead of stopping everyone who queues behind it.
        connection.execute(text("set local lock_timeout = '10s'"))
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        # The version table lives in the first schema, so that must be there before Alembic looks.
        connection.execute(text("create schema if not exists pgqueue"))
        run(connection)


main()
