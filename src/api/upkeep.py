"""What keeps open streams honest: comments in silence, an end for readers that do not read and for spent credentials.

One task for all of a process's streams: a timer per stream and per write would cost more than what is sent.
"""

import asyncio
import logging

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from api import accounts
from api.hub import Hub
from api.readers import Reader
from pgqueue import loudness

MOST_TICK_SECONDS = 1.0
AT_ONCE = 100

log = logging.getLogger(__name__)


class Upkeep:
    """Goes round the hub's readers until cancelled, or the hub closes: a cancellation may be swallowed, see Relay."""

    def __init__(
        self,
        hub: Hub,
        pool: AsyncConnectionPool,
        *,
        heartbeat_seconds: float,
        send_seconds: float,
        credential_seconds: float,
    ) -> None:
        self._hub = hub
        self._pool = pool
        self._heartbeat_seconds = heartbeat_seconds
        self._send_seconds = send_seconds
        self._credential_seconds = credential_seconds
        # A quarter: neither comes noticeably later than it was promised.
        self._tick_seconds = min(MOST_TICK_SECONDS, heartbeat_seconds / 4, send_seconds / 4)

    async def run(self) -> None:
        while not self._hub.closing.is_set():
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._tend(), name="streams")
                    group.create_task(self._check_credentials(), name="stream credentials")
            except ExceptionGroup:
                log.exception("streams not looked after; going on in a moment")
                await asyncio.sleep(self._tick_seconds)

    async def _tend(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._hub.closing.is_set():
            await asyncio.sleep(self._tick_seconds)
            for number, reader in enumerate(list(self._hub.readers())):
                self._look_at(reader, loop.time())
                if number % AT_ONCE == AT_ONCE - 1:
                    # Streams opened together fall silent together: others get their turn in between.
                    await asyncio.sleep(0)

    def _look_at(self, reader: Reader, now: float) -> None:
        silent_seconds = now - reader.written_at
        if now >= reader.ends_at:
            reader.dismiss("unauthorized")
        if reader.is_writing and silent_seconds >= self._send_seconds:
            reader.cut()
        elif not reader.is_writing and silent_seconds >= self._heartbeat_seconds:
            reader.is_quiet = True
            reader.wake.set()

    async def _check_credentials(self) -> None:
        """A revoked key, an ended session, a user locked out also end their streams: two queries for all of them.

        A signed token cannot be looked up: of what it opened only its user can.
        """
        while not self._hub.closing.is_set():
            await asyncio.sleep(self._credential_seconds)
            readers = list(self._hub.readers())
            if not readers:
                continue
            credentials = {reader.credential for reader in readers if reader.credential is not None}
            try:
                async with self._pool.connection() as connection:
                    ended = await accounts.ended_credentials(connection, credentials)
                    locked = await accounts.locked_users(connection, {reader.user_id for reader in readers})
            except (psycopg.Error, PoolTimeout) as error:
                log.log(loudness(error), "credentials of streams not checked", extra={"reason": str(error).strip()})
                continue
            self._hub.dismiss("unauthorized", credentials=ended, users=locked)
