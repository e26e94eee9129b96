"""One connection that LISTENs, and comes back by itself for as long as it is run."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from random import random
from typing import LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg import sql as compose

from pgqueue.database import connect_options
from pgqueue.hints import CANCEL, CHANGED, READY

__all__ = ["CANCEL", "CHANGED", "READY", "Listener"]

CANARY_SECONDS = 5.0
"""How long the connection may stay silent before it is asked whether it still lives: a half-open one never tells."""
ANSWER_SECONDS = 2.0
"""How long it may take to answer that. On a busy machine an answer may be late: that costs some polls, no more."""
LONGEST_BACKOFF_SECONDS = 5.0
MOST_FAILURES = 10

log = logging.getLogger(__name__)


class Listener:
    """Calls back for every notification, and each time the connection is made or lost.

    What arrives while it is lost is gone: `on_connected` is the moment to read the rows again. The callbacks run on
    the event loop, must not block and must not raise.
    """

    def __init__(
        self,
        database_url: str,
        channels: Sequence[str],
        *,
        on_notify: Callable[[str, str], None],
        on_connected: Callable[[], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._database_url = database_url
        self._channels = channels
        self._on_notify = on_notify
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._failures = 0

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                async with await self._connect() as connection:
                    for channel in self._channels:
                        await connection.execute(compose.SQL("listen {}").format(compose.Identifier(channel)))
                    self._failures = 0
                    self._on_connected()
                    await self._follow(connection)
            except (psycopg.Error, OSError, TimeoutError) as error:
                self._on_lost()
                await self._back_off(error)

    async def _connect(self) -> AsyncConnection:
        # Not from the pool: a pooled connection may be handed on, and a transaction pooler drops LISTEN silently.
        return await AsyncConnection.connect(self._database_url, autocommit=True, **connect_options("pgqueue listener"))

    async def _follow(self, connection: AsyncConnection) -> None:
        while True:
            # The generator is never left early: psycopg would drop the rest of the packet it was reading.
            async with aclosing(connection.notifies(timeout=CANARY_SECONDS)) as notifications:
                async for notification in notifications:
                    self._on_notify(notification.channel, notification.payload)
            await self._prove(connection)

    async def _prove(self, connection: AsyncConnection) -> None:
        ping: LiteralString = "select 1"
        # Told at once: giving up an unanswered statement takes psycopg up to ten seconds more.
        late = asyncio.get_running_loop().call_later(ANSWER_SECONDS, self._on_lost)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await connection.execute(ping)
        finally:
            late.cancel()

    async def _back_off(self, error: Exception) -> None:
        if self._failures == 0:
            log.warning("listener lost its connection; polling until it is back", extra={"reason": str(error).strip()})
        seconds = min(LONGEST_BACKOFF_SECONDS, 0.1 * 2**self._failures) * (0.5 + random())  # noqa: S311 - jitter
        # Counted no further than it matters: after an hour's outage the power would be too large for a float.
        self._failures = min(self._failures + 1, MOST_FAILURES)
        await asyncio.sleep(seconds)
