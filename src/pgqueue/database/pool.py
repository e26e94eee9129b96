"""How connections are kept: dead ones replaced, nothing waits for ever, no plan outlives what it was made for."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.types.array import ListBinaryDumper
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from pgqueue.database.connection import PATIENT_SESSION, PatientConnection, answer_within, connect_options
from pgqueue.outage import Outage, is_away
from pgqueue.queries import sql

CHECK_SECONDS = 3.0
"""How long a connection that is about to be handed out may take to say that it lives; a healthy one takes 0.1 ms."""
FRESH_SECONDS = 0.5
"""A connection that answered so lately is handed out unasked: no server restarts in less."""
RECONNECT_SECONDS = 3.0
"""A pool doubles the pause between its attempts until so long has passed, then begins anew: it is 2 s at most."""


KEPT_PLANS = {"enable_seqscan": "off", "jit": "off"}
"""A plan that was made while the tables were empty, and is kept, must not read them whole once they are full. Until 18
PostgreSQL forbids that by a cost, for which it would compile whatever has to be read whole all the same."""


def open_pool(
    database_url: str,
    *,
    size: int = 4,
    application_name: str = "pgqueue",
    wait_seconds: float = 10.0,
    keeps_plans: bool = False,
) -> AsyncConnectionPool:
    """A pool of autocommit connections, not opened yet: enter it as a context.

    size: at the most, ≥ 1. wait_seconds: for a free connection, then PoolTimeout. keeps_plans: let statements that ask
    for it be prepared, for those who run the same few again and again; never through a pooler.
    """
    return _Pool(
        database_url,
        connection_class=PatientConnection,
        min_size=1,
        max_size=size,
        timeout=wait_seconds,
        reconnect_timeout=RECONNECT_SECONDS,
        open=False,
        configure=_configure_to_keep_plans if keeps_plans else _configure,
        # After a restart of the server its dead connections are replaced here, not handed out; costs some 0.1 ms.
        check=_check,
        # Not prepared: a plan made while the tables were empty may read them whole once they are full, and a
        # transaction pooler may hand the next statement to another backend. Planning anew costs some 0.1 ms.
        kwargs={**connect_options(application_name), "autocommit": True, "prepare_threshold": None},
    )


@asynccontextmanager
async def connect(database_url: str, *, application_name: str) -> AsyncIterator[PatientConnection]:
    """One connection as a pool hands them out, and at once the server's own words when there is none."""
    async with await PatientConnection.connect(
        database_url, autocommit=True, prepare_threshold=None, **connect_options(application_name)
    ) as connection:
        await _configure(connection)
        yield connection


class _Pool(AsyncConnectionPool):
    """Tells once of an outage, and knocks until it is over."""

    def __init__(self, database_url: str, *, kwargs: dict[str, Any], **options: Any) -> None:
        self._outage = Outage(kwargs["application_name"])
        self._failed_before = 0
        self._knocking: asyncio.Task[None] | None = None
        super().__init__(database_url, kwargs=kwargs, reconnect_failed=_Pool._knock_again, **options)

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[AsyncConnection]:  # noqa: ASYNC109
        connection: AsyncConnection | None = None
        try:
            async with super().connection(timeout) as connection:
                yield connection
        except (PoolTimeout, psycopg.OperationalError) as error:
            if is_away(error) and (self._failed() if connection is None else connection.closed):
                self._outage.begins(error)
            raise
        if self._outage.lasts:
            self._failed_before = self._failures()
            self._outage.ends()

    def _failures(self) -> int:
        return self.get_stats().get("connections_errors", 0)

    def _failed(self) -> bool:
        # A pool whose connections are all in use times out, too, and no connection has failed.
        return self._failures() > self._failed_before

    @staticmethod
    async def _knock_again(pool: "AsyncConnectionPool[Any]") -> None:
        # The pool has given up, and who waits in it would wait in vain until somebody new came. Somebody new comes.
        assert isinstance(pool, _Pool)
        pool._knocking = asyncio.create_task(pool._knock(), name="pgqueue pool")  # noqa: SLF001

    async def _knock(self) -> None:
        with suppress(PoolTimeout, PoolClosed, psycopg.Error):
            async with self.connection(RECONNECT_SECONDS):
                pass


async def _check(connection: AsyncConnection) -> None:
    if isinstance(connection, PatientConnection) and time.monotonic() - connection.answered_at < FRESH_SECONDS:
        return
    with answer_within(connection, CHECK_SECONDS):
        await connection.execute("")


async def _configure(connection: AsyncConnection) -> None:
    await _set_up(connection, PATIENT_SESSION)


async def _configure_to_keep_plans(connection: AsyncConnection) -> None:
    assert isinstance(connection, PatientConnection)
    connection.keeps_plans = await _set_up(connection, PATIENT_SESSION | KEPT_PLANS)
    if connection.keeps_plans:
        # None would refuse those, too, that ask for it.
        connection.prepare_threshold = sys.maxsize


async def _set_up(connection: AsyncConnection, settings: Mapping[str, str]) -> bool:
    """Set the session's settings; False when a pooler stands in between and there is no session of ours."""
    # Statements carry arrays of all that ended together: as text, they take four times as long to put together.
    connection.adapters.register_dumper(list, ListBinaryDumper)
    named = {"names": list(settings), "settings": list(settings.values())}
    cursor = await connection.execute(sql("configure_session"), {**named, "backend_pid": connection.info.backend_pid})
    return cursor.rowcount > 0
