"""Bring a database to the schema this release needs."""

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from pgqueue.database import connect_options
from pgqueue.migration_lock import take_turn, when_free
from pgqueue.schema_version import migrations

VERSION_SCHEMA = "pgqueue"


def configuration(database_url: str) -> Config:
    """Alembic's configuration for that database."""
    config = Config()
    config.set_main_option("script_location", str(migrations()).replace("%", "%%"))
    config.attributes["url"] = sqlalchemy_url(database_url)
    return config


def sqlalchemy_url(database_url: str) -> str:
    """The same address, saying which driver: SQLAlchemy would otherwise look for another."""
    url = make_url(database_url)
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def upgrade(database_url: str, revision: str = "head") -> None:
    """Migrate up to the revision, one transaction each; two at once wait for each other.

    Raises MigrationBlocked when others do not let go of a table.
    """
    when_free(lambda: command.upgrade(configuration(database_url), revision))
    raise_row_security(database_url)


def raise_row_security(database_url: str) -> bool:
    """Close every user's table to the users' role, also the newest; False where an administrator must make that role.

    Repeated after every migration: it does what is missing, and what was missing may have been the role.
    """
    return when_free(lambda: _raise_row_security(database_url))


def _raise_row_security(database_url: str) -> bool:
    with psycopg.connect(database_url, **connect_options("pgqueue migrate")) as connection:
        take_turn(connection)
        known = connection.execute("select to_regprocedure('pgqueue.raise_row_security()') is not null").fetchone()
        if known != (True,):
            return True
        return connection.execute("select pgqueue.raise_row_security()").fetchone() == (True,)


def downgrade(database_url: str, revision: str) -> None:
    """Migrate down to the revision ("base" leaves nothing)."""
    when_free(lambda: command.downgrade(configuration(database_url), revision))


def current(database_url: str) -> str | None:
    """The revision the database is at; None when it was never migrated."""
    # Asked plainly first: an address that does not answer is psycopg's to explain, in one sentence.
    psycopg.connect(database_url, connect_timeout=5).close()
    engine = create_engine(sqlalchemy_url(database_url), poolclass=NullPool, connect_args={"prepare_threshold": None})
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table_schema": VERSION_SCHEMA})
        return context.get_current_revision()
