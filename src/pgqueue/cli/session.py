"""What a one-shot command needs: a database that answers, at the right schema, and a queue on it."""

import asyncio
import getpass
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection

from pgqueue.database import open_pool, require_url
from pgqueue.queries import sql
from pgqueue.queue import Queue
from pgqueue.schema_version import check_database
from pgqueue.settings import Settings, load_settings


@asynccontextmanager
async def open_queue(settings: Settings | None = None) -> AsyncIterator[tuple[Queue, str]]:
    """The queue and the address of its database."""
    settings = settings or load_settings()
    database_url = require_url(settings)
    await check_database(database_url)
    async with (
        open_pool(database_url, size=1, application_name="pgqueue cli") as pool,
        Queue(pool, name=settings.queue, actor=operator()) as queue,
    ):
        yield queue, database_url


def run(work: Callable[[Queue, str], Awaitable[int | None]]) -> int:
    """Run the work against the queue; its exit code, 0 when it gives none."""

    async def session() -> int:
        async with open_queue() as (queue, database_url):
            return await work(queue, database_url) or 0

    return asyncio.run(session())


def operator() -> str:
    """Whom the history names for what a command changes: PGQUEUE_ACTOR, else the name one is logged in by."""
    chosen = os.environ.get("PGQUEUE_ACTOR")
    if chosen:
        return chosen
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):  # a container's user may have no name
        return f"user {os.getuid()} (command line)"


def run_in_transaction(work: Callable[[AsyncConnection[Any]], Awaitable[None]]) -> int:
    """Run the work in one transaction, all or nothing, in the operator's name."""

    async def session() -> int:
        settings = load_settings()
        database_url = require_url(settings)
        await check_database(database_url)
        async with (
            open_pool(database_url, size=1, application_name="pgqueue cli") as pool,
            pool.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute(sql("act_as"), {"actor": operator()})
            await work(connection)
        return 0

    return asyncio.run(session())
