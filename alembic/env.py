"""Runs the migrations of all three schemas, each in a transaction of its own: none keeps the locks of those before."""

from alembic import context
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.pool import NullPool

import api.schema
import engine.schema
import pgqueue.schema
from pgqueue.migration_lock import MIGRATION_LOCK

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
        transaction_per_migration=True,
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
    event.listen(engine, "begin", set_limits)
    # Held by a transaction that does nothing else, to the end of all: a pooler keeps to it, as it would to no session.
    with engine.begin() as guard:
        guard.execute(text("set local lock_timeout = 0"))
        guard.execute(text("set local idle_in_transaction_session_timeout = 0"))
        guard.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        with engine.connect() as connection:
            with connection.begin():
                # The version table lives in the first schema, so that must be there before Alembic looks.
                connection.execute(text("create schema if not exists pgqueue"))
            run(connection)


def set_limits(connection: Connection) -> None:
    # An index on a large table takes its time, whatever the role's own limit is. A migration that cannot get a table's
    # lock gives up instead of stopping everyone who queues behind it; `pgqueue migrate` tries again from there.
    connection.exec_driver_sql("set local statement_timeout = 0")
    connection.exec_driver_sql("set local lock_timeout = '4s'")


main()
