"""What a one-shot command needs: a database that answers, at the right schema, and a queue on it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from psycopg import AsyncConnection

from pgqueue.database import connect_options, open_pool, require_url
from pgqueue.queue import Queue
from pgqueue.schema_version import require_schema
from pgqueue.settings import Settings, load_settings


@asynccontextmanager
async def open_queue(settings: Settings | None = None) -> AsyncIterator[tuple[Queue, str]]:
    """The queue and the address of its database."""
    settings = settings or load_settings()
    database_url = require_url(settings)
    # Connected plainly first: a pool would go on trying, and a person would rather be told.
    async with await AsyncConnection.connect(
        database_url, autocommit=True, **connect_options("pgqueue cli")
    ) as connection:
        await require_schema(connection)
    async with (
        open_pool(database_url, size=1, application_name="pgqueue cli") as pool,
        Queue(pool, name=settings.queue) as queue,
    ):
        yield queue, database_url


def run(work: Callable[[Queue, str], Awaitable[int | None]]) -> int:
    """Run the work against the queue; its exit code, 0 when it gives none."""

    async def session() -> int:
        async with open_queue() as (queue, database_url):
            return await work(queue, database_url) or 0

    return asyncio.run(session())
