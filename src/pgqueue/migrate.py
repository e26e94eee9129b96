"""Bring a database to the schema this release needs; say so when it is at another one."""

import logging
from functools import cache
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import AsyncConnection
from psycopg.errors import InvalidSchemaName, UndefinedTable
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from pgqueue.errors import SchemaMismatch

VERSION_SCHEMA = "pgqueue"

log = logging.getLogger(__name__)


def script_location() -> Path:
    """Where the migrations are: inside the installed package, or at the top of a source tree."""
    package = Path(str(files("pgqueue")))
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parents[1] / "alembic"


def configuration(database_url: str) -> Config:
    """Alembic's configuration for that database."""
    config = Config()
    config.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    config.attributes["url"] = sqlalchemy_url(database_url)
    return config


def sqlalchemy_url(database_url: str) -> str:
    """The same address, saying which driver: SQLAlchemy would otherwise look for another."""
    url = make_url(database_url)
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def upgrade(database_url: str, revision: str = "head") -> None:
    """Migrate up to the revision, in one transaction; two at once wait for each other."""
    command.upgrade(configuration(database_url), revision)


def downgrade(database_url: str, revision: str) -> None:
    """Migrate down to the revision ("base" leaves nothing)."""
    command.downgrade(configuration(database_url), revision)


def current(database_url: str) -> str | None:
    """The revision the database is at; None when it was never migrated."""
    engine = create_engine(sqlalchemy_url(database_url), poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table_schema": VERSION_SCHEMA})
        return context.get_current_revision()


@cache
def head() -> str:
    """The revision this release needs."""
    revision = ScriptDirectory(str(script_location())).get_current_head()
    assert revision is not None
    return revision


async def require(connection: AsyncConnection) -> None:
    """Raise SchemaMismatch unless the database is at a revision this release knows.

    A newer one is let pass: migrations expand first, so that the old release runs on while the new one comes up.
    """
    try:
        cursor = await connection.execute("select version_num from pgqueue.alembic_version")
        row = await cursor.fetchone()
    except (UndefinedTable, InvalidSchemaName):
        row = None
    found = None if row is None else str(row[0])
    if found is None or found < head():
        raise SchemaMismatch(found=found, expected=head())
