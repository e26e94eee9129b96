"""Login codes and sessions that are over are removed: nobody may come in by them, and they say who came when."""

import asyncio
import logging
from contextlib import suppress
from typing import NamedTuple

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from api.queries import sql
from pgqueue import loudness

PRUNE_SECONDS = 60.0
AGAIN_SECONDS = 1.0
"""While there is more than a batch."""
BATCH = 1000
"""Of each: 60 to 100 ms among a million that are over, 1 to 9 ms where none is (PostgreSQL 18, two busy cores)."""

log = logging.getLogger(__name__)


class Pruned(NamedTuple):
    codes: int
    sessions: int


async def prune_for_ever(pool: AsyncConnectionPool, closing: asyncio.Event) -> None:
    """Remove them batch by batch until closing. Several processes may: none waits for another."""
    pause = AGAIN_SECONDS
    while not closing.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await closing.wait()
                return
        try:
            pause = AGAIN_SECONDS if BATCH in await prune(pool, at_most=BATCH) else PRUNE_SECONDS
        except (psycopg.Error, PoolTimeout) as error:
            pause = PRUNE_SECONDS
            log.log(loudness(error), "spent codes and sessions not removed", extra={"reason": str(error).strip()})


async def prune(pool: AsyncConnectionPool, *, at_most: int = BATCH) -> Pruned:
    """How many of each were removed."""
    async with pool.connection() as connection:
        row = await (await connection.execute(sql("prune_spent"), {"at_most": at_most})).fetchone()
    assert row is not None
    return Pruned(*row)
