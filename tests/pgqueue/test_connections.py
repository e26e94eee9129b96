"""How we live on a server: few connections, none that holds anything or hangs, and few words when it is away."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from sqlalchemy import make_url

from api_scene import running_app
from pgqueue.database import PatientConnection, answer_within, open_pool
from pgqueue.database.pool import FRESH_SECONDS
from pgqueue.lease import Lease
from pgqueue.outage import Outage, loudness
from pgqueue.queue import Queue
from queue_scene import count, running_worker, wait_for

pytestmark = pytest.mark.anyio

OURS = "datname = current_database() and starts_with(application_name, 'pgqueue ')"


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


@asynccontextmanager
async def long_job(database_url: str, queue: Queue) -> AsyncIterator[UUID]:
    """A worker in the middle of a job that reports all the time."""
    async with running_worker(database_url, slots=2, drain_seconds=0, progress_seconds=0.01, poll_seconds=0.05):
        job_id = (await queue.enqueue("steps", {"steps": 6000, "seconds": 60})).job_id
        await wait_for(database_url, queue, job_id, lambda job: job.percent > 0)
        yield job_id


async def test_a_worker_holds_three_connections_and_an_api_process_four_and_its_pool(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    query = f"select application_name, count(*) from pg_stat_activity where {OURS} group by 1"
    most: dict[str, int] = {}
    async with long_job(database_url, queue), running_app(database_url, pool_size=2):
        for _ in range(40):
            async with pool.connection() as connection:
                for name, number in await (await connection.execute(query.encode())).fetchall():
                    most[name] = max(most.get(name, 0), number)
            await asyncio.sleep(0.05)

    assert most["pgqueue worker"] <= 2
    assert most["pgqueue listener"] == 2  # the worker's and the API's
    assert most["pgqueue api"] <= 2
    assert most["pgqueue relay"] <= 3
    assert most.keys() == {"pgqueue worker", "pgqueue listener", "pgqueue api", "pgqueue relay"}


async def test_while_a_job_runs_nothing_holds_the_horizon_or_a_lock(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    """A transaction that is seen twice, a moment apart, would be one that stays open."""
    holders = (
        f"select pid, xact_start from pg_stat_activity where {OURS}"
        " and (backend_xmin is not null or backend_xid is not null or starts_with(state, 'idle in transaction'))"
    )
    locks = f"select count(*) from pg_locks join pg_stat_activity using (pid) where locktype = 'advisory' and {OURS}"
    async with long_job(database_url, queue):
        seen: set[Any] = set()
        for _ in range(10):
            async with pool.connection() as connection:
                now = set(await (await connection.execute(holders.encode())).fetchall())
            assert not seen & now
            seen = now
            assert await count(pool, locks.encode()) == 0
            await asyncio.sleep(0.3)


async def test_every_session_of_ours_has_a_name_and_time_limits(database_url: str) -> None:
    async with open_pool(database_url, size=1, application_name="pgqueue worker") as pool, pool.connection() as mine:
        cursor = await mine.execute(
            "select current_setting('application_name'), current_setting('statement_timeout'),"
            " current_setting('idle_in_transaction_session_timeout')"
        )
        assert await cursor.fetchone() == ("pgqueue worker", "30s", "30s")


class HalfOpen:
    """A proxy that can be told to go on taking bytes and to pass none on, as a dead peer behind a live one does."""

    def __init__(self, database_url: str) -> None:
        self._url = make_url(database_url)
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None] | None] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.is_silent = False

    @property
    def url(self) -> str:
        return f"postgresql://{self._url.username}@127.0.0.1:{self.port}/{self._url.database}"

    async def open(self) -> None:
        """Serve, at the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*(task for task in self._tasks if task), return_exceptions=True)
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)
        self._writers.clear()
        self._tasks.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        path = f"{self._url.query['host']}/.s.PGSQL.{self._url.query.get('port', '5432')}"
        there, back = await asyncio.open_unix_connection(path)
        self._writers += [writer, back]
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if not self.is_silent:
                    writer.write(data)
                    await writer.drain()
        writer.close()


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[HalfOpen]:
    if make_url(database_url).host:
        pytest.skip("the server under test is not reached by its socket")
    proxy = HalfOpen(database_url)
    await proxy.open()
    yield proxy
    await proxy.close()


async def test_a_connection_whose_peer_is_silent_gives_up_and_closes(proxy: HalfOpen) -> None:
    connection = await PatientConnection.connect(proxy.url, autocommit=True)
    proxy.is_silent = True
    silent = pytest.raises(psycopg.OperationalError, match=r"no answer from the database within 0\.5 s")
    with answer_within(connection, 0.5), silent:
        await connection.execute("select 1")

    assert connection.closed


async def out_of_mind() -> None:
    """Until what has just answered is asked again before it is handed out."""
    await asyncio.sleep(FRESH_SECONDS)


async def test_a_pool_whose_connections_are_half_open_works_again_once_new_ones_can_be_made(proxy: HalfOpen) -> None:
    async with open_pool(proxy.url, size=1, wait_seconds=30) as pool, asyncio.timeout(60):
        assert await count(pool, "select 1") == 1
        await out_of_mind()
        proxy.is_silent = True
        # The check before the next statement is swallowed, and given up.
        asking = asyncio.create_task(count(pool, "select 1"))
        await asyncio.sleep(0.5)
        proxy.is_silent = False
        assert await asking == 1


async def test_a_lease_is_renewed_over_another_connection_when_one_hangs(proxy: HalfOpen) -> None:
    async with open_pool(proxy.url, size=2, wait_seconds=30) as pool:
        lease = Lease(pool, queue="backtest", slots=1, seconds=6)
        await lease.take()
        await out_of_mind()
        proxy.is_silent = True
        renewing = asyncio.create_task(lease.renew())
        await asyncio.sleep(0.5)
        proxy.is_silent = False
        async with asyncio.timeout(lease._seconds - 0.5):
            assert await renewing is not None


async def test_an_outage_is_told_once_and_its_end_once(caplog: pytest.LogCaptureFixture) -> None:
    now = iter([10.0, 14.5])
    outage = Outage("pgqueue worker", clock=lambda: next(now))
    with caplog.at_level(logging.WARNING):
        outage.ends()
        for _ in range(3):
            outage.begins(OSError("refused"))
        outage.ends()
        outage.ends()

    assert [record.message for record in caplog.records] == [
        "pgqueue worker: database away; trying until it is back",
        "pgqueue worker: database is back",
    ]
    assert vars(caplog.records[1])["away_seconds"] == 4.5


def test_loops_are_silent_about_what_the_pool_told_and_loud_about_the_rest() -> None:
    assert loudness(PoolTimeout()) == logging.DEBUG
    assert loudness(psycopg.errors.AdminShutdown()) == logging.DEBUG
    assert loudness(psycopg.errors.QueryCanceled()) == logging.WARNING
    assert loudness(psycopg.errors.UndefinedTable()) == logging.WARNING


async def test_a_pool_that_is_merely_busy_is_no_outage(database_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async with open_pool(database_url, size=1, wait_seconds=0.2) as pool, pool.connection():
        with pytest.raises(PoolTimeout):
            await count(pool, "select 1")

    assert caplog.records == []


async def test_a_pool_knocks_until_there_is_a_server_and_says_so_once(
    proxy: HalfOpen, caplog: pytest.LogCaptureFixture
) -> None:
    """Longer than one round of attempts: whoever waits is not left to wait for somebody new."""
    await proxy.close()
    async with open_pool(proxy.url, size=2, wait_seconds=6, application_name="pgqueue test") as pool:
        with pytest.raises(PoolTimeout):
            await count(pool, "select 1")
        waiting = asyncio.create_task(_ask_until_answered(pool))
        await proxy.open()
        async with asyncio.timeout(60):
            await waiting

    assert [record.message for record in caplog.records if record.name == "pgqueue.outage"] == [
        "pgqueue test: database away; trying until it is back",
        "pgqueue test: database is back",
    ]


async def _ask_until_answered(pool: AsyncConnectionPool) -> None:
    while True:
        try:
            await count(pool, "select 1")
        except PoolTimeout:
            continue
        return
