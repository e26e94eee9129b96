"""Bring a database to the schema this release needs."""

import logging

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from pgqueue.database import connect_options
from pgqueue.schema_version import migrations

VERSION_SCHEMA = "pgqueue"

log = logging.getLogger(__name__)


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
    """Migrate up to the revision, in one transaction; two at once wait for each other."""
    command.upgrade(configuration(database_url), revision)
    raise_row_security(database_url)


def raise_row_security(database_url: str) -> bool:
    """Close every user's table to the users' role, also the newest; False where an administrator must make that role.

    Repeated after every migration: it does what is missing, and what was missing may have been the role.
    """
    with psycopg.connect(database_url, **connect_options("pgqueue migrate")) as connection:
        connection.execute("set local lock_timeout = '10s'")
        known = connection.execute("select to_regprocedure('pgqueue.raise_row_security()') is not null").fetchone()
        if known != (True,):
            return True
        return connection.execute("select pgqueue.raise_row_security()").fetchone() == (True,)


def downgrade(database_url: str, revision: str) -> None:
    """Migrate down to the revision ("base" leaves nothing)."""
    command.downgrade(configuration(database_url), revision)


def current(database_url: str) -> str | None:
    """The revision the database is at; None when it was never migrated."""
    # Asked plainly first: an address that does not answer is psycopg's to explain, in one sentence.
    psycopg.connect(database_url, connect_timeout=5).close()
    engine = create_engine(sqlalchemy_url(database_url), poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table_schema": VERSION_SCHEMA})
        return context.get_current_revision()
