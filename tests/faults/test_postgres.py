"""Postgres goes away and comes back, or throws its clients out: on a server of the test's own, or in its database."""

import asyncio
import signal
from collections.abc import Callable

import psycopg
import pytest

from fault_scene import Load, assert_all_right, worker_process
from pgqueue import EmbeddedServer
from queue_scene import attempts

pytestmark = pytest.mark.anyio


def stop_at_once(server: EmbeddedServer) -> None:
    """As an immediate shutdown does it: no checkpoint, the next start recovers from the log."""
    assert server._process is not None
    server._process.send_signal(signal.SIGQUIT)
    server._process.wait()
    server.stop()


async def test_a_run_that_ends_while_postgres_is_away_is_saved_when_it_is_back(
    server: EmbeddedServer, load_on_server: Load
) -> None:
    """Shorter than the lease: the worker holds the result until it can be written."""
    load = load_on_server
    async with worker_process(server.url):
        job_id = await load.press("steps", {"steps": 10, "seconds": 1})
        await load.started(job_id)
        server.stop()
        # Long enough for the run to end in between.
        await asyncio.sleep(2)
        server.start()

        await assert_all_right(load)
        assert await attempts(load.pool, job_id) == [(1, "completed")]


@pytest.mark.parametrize(
    "stop",
    [
        pytest.param(EmbeddedServer.stop, id="fast"),
        pytest.param(stop_at_once, id="immediate", marks=pytest.mark.faults),
    ],
)
async def test_restarts_of_postgres_under_load_lose_and_double_nothing(
    server: EmbeddedServer, load_on_server: Load, stop: Callable[[EmbeddedServer], None]
) -> None:
    load = load_on_server
    async with worker_process(server.url, slots=2):
        async with load.flowing():
            for _ in range(3):
                await load.more_completed()
                stop(server)
                server.start()
            await load.more_completed()
        await assert_all_right(load)


async def test_a_worker_told_to_stop_while_postgres_is_away_ends_all_the_same(server: EmbeddedServer) -> None:
    async with worker_process(server.url) as worker:
        server.stop()
        worker.send_signal(signal.SIGTERM)

        async with asyncio.timeout(60):
            assert await worker.wait() == 0


@pytest.mark.faults
async def test_backends_terminated_ten_times_a_second_lose_and_double_nothing(load: Load) -> None:
    """Workers' and callers' alike, whichever it hits, a hundred times."""
    async with worker_process(load.database_url, slots=2):
        async with load.flowing(), await psycopg.AsyncConnection.connect(load.database_url, autocommit=True) as killer:
            for _ in range(100):
                await killer.execute(TERMINATE_ONE)
                await asyncio.sleep(0.1)
        await assert_all_right(load)


TERMINATE_ONE = """
select pg_terminate_backend(pid)
  from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid()
 order by random()
 limit 1
"""


@pytest.mark.faults
async def test_all_connections_taken_by_others_delay_and_lose_nothing(
    server: EmbeddedServer, load_on_server: Load
) -> None:
    """The worker is thrown out, and others take every connection there is before it comes back."""
    load = load_on_server
    async with worker_process(server.url, slots=2):
        async with load.flowing():
            await load.more_completed()
            async with await psycopg.AsyncConnection.connect(server.url, autocommit=True) as first:
                await first.execute(TERMINATE_ALL)
                others = await take_all(server.url)
                with pytest.raises(psycopg.OperationalError, match="too many clients"):
                    await psycopg.AsyncConnection.connect(server.url)
                await asyncio.sleep(4)
                for other in others:
                    await other.close()
            await load.more_completed()
        await assert_all_right(load)


TERMINATE_ALL = """
select pg_terminate_backend(pid)
  from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid()
"""


async def take_all(url: str) -> list[psycopg.AsyncConnection]:
    """Every connection that is free, and those that fall free within a moment."""
    taken: list[psycopg.AsyncConnection] = []
    refused = 0
    while refused < 20:
        try:
            taken.append(await psycopg.AsyncConnection.connect(url, autocommit=True))
            refused = 0
        except psycopg.OperationalError:
            refused += 1
            await asyncio.sleep(0.02)
    return taken
