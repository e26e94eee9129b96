"""Which revision of the schema this release needs, asked without loading the migration tool."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from psycopg import AsyncConnection
from psycopg.errors import InvalidSchemaName, UndefinedTable

from pgqueue.database import PatientConnection, connect_options
from pgqueue.errors import ReleaseTooOld, SchemaMismatch


def migrations() -> Path:
    """Where the migrations are: inside the installed package, or at the top of a source tree."""
    package = Path(str(files("pgqueue")))
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parents[1] / "alembic"


@cache
def head() -> str:
    """The newest revision. The history is linear and its files are numbered, so the last name is the head."""
    return max(path.name for path in (migrations() / "versions").glob("[0-9]*_*.py")).split("_")[0]


async def check_database(database_url: str) -> None:
    """Connect once, plainly, and require the schema: psycopg or our own errors then say in a sentence what is wrong.

    A pool would go on trying, and a person would rather be told.
    """
    async with await PatientConnection.connect(
        database_url, autocommit=True, prepare_threshold=None, **connect_options("pgqueue check")
    ) as connection:
        await require_schema(connection)


async def require_schema(connection: AsyncConnection) -> None:
    """Return when this release works on the database's schema; raise SchemaMismatch or ReleaseTooOld when it does not.

    Migrations expand first and contract later, so a later revision serves as well, unless it says that it does not:
    this release runs on while the next one is brought up.
    """
    found = await found_revision(connection)
    if found is None or found < head():
        raise SchemaMismatch(found=found, expected=head())
    if found > head():
        since = await compatible_since(connection)
        if since is None or since > head():
            raise ReleaseTooOld(found=found, since=since, ours=head())


async def compatible_since(connection: AsyncConnection) -> str | None:
    """The oldest revision whose release the schema still serves; None where it does not say."""
    try:
        row = await (await connection.execute("select since from pgqueue.compatibility")).fetchone()
    except UndefinedTable:
        return None
    return None if row is None else str(row[0])


async def found_revision(connection: AsyncConnection) -> str | None:
    """The database's revision; None where the migrations never ran."""
    try:
        cursor = await connection.execute("select version_num from pgqueue.alembic_version")
        row = await cursor.fetchone()
    except (UndefinedTable, InvalidSchemaName):
        return None
    return None if row is None else str(row[0])
