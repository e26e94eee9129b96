"""One connection that LISTENs, and comes back by itself for as long as it is run."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from random import random
from typing import LiteralString
from uuid import uuid4

import psycopg
from psycopg import sql as compose

from pgqueue.database import PatientConnection, answer_within, connect_options
from pgqueue.hints import CANCEL, CHANGED, READY
from pgqueue.outage import Outage

__all__ = ["CANCEL", "CHANGED", "READY", "Listener"]

CANARY_SECONDS = 5.0
"""How long the connection may stay silent before it is asked whether it still lives: a half-open one never tells."""
ANSWER_SECONDS = 2.0
"""How long it may take to answer that. On a busy machine an answer may be late: that costs some polls, no more."""
LONGEST_BACKOFF_SECONDS = 5.0
HEARING_SECONDS = 2.0
"""How long a word may take from one connection to the next; it takes a millisecond."""
DEAF_SECONDS = 60.0
"""How often a listener that cannot hear looks whether it can by now."""
NAME = "pgqueue listener"

log = logging.getLogger(__name__)


class _Deaf(Exception):
    """LISTEN was answered and nothing is ever heard."""


class Listener:
    """Calls back for every notification, and each time the connection is made or lost.

    What arrives while it is lost is gone: `on_connected` is the moment to read the rows again. The callbacks run on
    the event loop, must not block and must not raise. Behind a transaction pooler nothing is ever heard: that is
    noticed, said once, and is as if the connection were lost.
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
        self._outage = Outage(NAME)
        self._failures = 0
        self._said_deaf = False

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                async with await self._connect() as connection:
                    if await _is_pooled(connection):
                        await self._require_hearing(connection)
                    await self._listen(connection, self._channels)
                    self._failures = 0
                    self._outage.ends()
                    self._on_connected()
                    await self._follow(connection)
            except _Deaf:
                self._on_lost()
                self._tell_deaf()
                await asyncio.sleep(DEAF_SECONDS)
            except (psycopg.Error, OSError, TimeoutError) as error:
                self._on_lost()
                self._outage.begins(error)
                await self._back_off()

    async def _connect(self) -> PatientConnection:
        # Not from the pool: a pooled connection may be handed on, and a transaction pooler drops LISTEN silently.
        return await PatientConnection.connect(
            self._database_url, autocommit=True, prepare_threshold=None, **connect_options(NAME)
        )

    async def _listen(self, connection: PatientConnection, channels: Sequence[str]) -> None:
        with answer_within(connection, CANARY_SECONDS):
            for channel in channels:
                await connection.execute(compose.SQL("listen {}").format(compose.Identifier(channel)))

    async def _require_hearing(self, connection: PatientConnection) -> None:
        """Have another connection send a word that only we listen to; _Deaf when it does not arrive.

        Another, because a pooler may run LISTEN and NOTIFY of one client in the same session, which then hears itself.
        """
        channel = f"pgqueue_canary_{uuid4().hex}"
        await self._listen(connection, [channel])
        async with await self._connect() as other:
            await other.execute("select pg_notify(%s, '')", (channel,))
            async with aclosing(connection.notifies(timeout=HEARING_SECONDS, stop_after=1)) as notifications:
                heard = [notification async for notification in notifications]
        unlisten: LiteralString = "unlisten *"
        await connection.execute(unlisten)
        if not heard:
            raise _Deaf

    def _tell_deaf(self) -> None:
        if not self._said_deaf:
            log.warning(
                "%s: a transaction pooler stands in between and no notification comes through it; polling instead", NAME
            )
        self._said_deaf = True

    async def _follow(self, connection: PatientConnection) -> None:
        while True:
            # The generator is never left early: psycopg would drop the rest of the packet it was reading.
            async with aclosing(connection.notifies(timeout=CANARY_SECONDS)) as notifications:
                async for notification in notifications:
                    self._on_notify(notification.channel, notification.payload)
            await self._prove(connection)

    async def _prove(self, connection: PatientConnection) -> None:
        # Told at once: to give up an unanswered statement may take a while longer.
        late = asyncio.get_running_loop().call_later(ANSWER_SECONDS, self._on_lost)
        try:
            with answer_within(connection, ANSWER_SECONDS):
                await connection.execute("select 1")
        finally:
            late.cancel()

    async def _back_off(self) -> None:
        seconds = min(LONGEST_BACKOFF_SECONDS, 0.1 * 2 ** min(self._failures, 10)) * (0.5 + random())  # noqa: S311 - jitter
        self._failures += 1
        await asyncio.sleep(seconds)


async def _is_pooled(connection: PatientConnection) -> bool:
    """Whether a pooler answers: the server's process is then not the one that the connection was told of."""
    row = await (await connection.execute("select pg_backend_pid()")).fetchone()
    return row is None or row[0] != connection.info.backend_pid
