import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from psycopg_pool import AsyncConnectionPool

from pgqueue.listener import Listener

pytestmark = pytest.mark.anyio


@dataclass
class Ear:
    heard: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)
    connected: "asyncio.Queue[None]" = field(default_factory=asyncio.Queue)
    lost: "asyncio.Queue[None]" = field(default_factory=asyncio.Queue)


@pytest.fixture
async def ear(database_url: str) -> AsyncIterator[Ear]:
    ear = Ear()
    listener = Listener(
        database_url,
        ("told",),
        on_notify=lambda _channel, payload: ear.heard.put_nowait(payload),
        on_connected=lambda: ear.connected.put_nowait(None),
        on_lost=lambda: ear.lost.put_nowait(None),
    )
    task = asyncio.create_task(listener.run())
    yield ear
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def say(pool: AsyncConnectionPool, payload: str) -> None:
    async with pool.connection() as connection:
        await connection.execute("select pg_notify('told', %s)", (payload,))


async def test_it_hears_in_order_what_is_said_once_it_is_connected(ear: Ear, pool: AsyncConnectionPool) -> None:
    async with asyncio.timeout(30):
        await ear.connected.get()

        for n in range(100):
            await say(pool, str(n))

        assert [await ear.heard.get() for _ in range(100)] == [str(n) for n in range(100)]


async def test_it_comes_back_by_itself_when_its_backend_is_terminated(ear: Ear, pool: AsyncConnectionPool) -> None:
    async with asyncio.timeout(60):
        for round_ in range(5):
            await ear.connected.get()
            await say(pool, f"round {round_}")
            assert await ear.heard.get() == f"round {round_}"
            async with pool.connection() as connection:
                await connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = 'pgqueue listener' and datname = current_database()"
                )
            await ear.lost.get()


def without_a_server(lost: "asyncio.Queue[None]") -> Listener:
    return Listener(
        "postgresql://nobody@127.0.0.1:1/none",
        ("told",),
        on_notify=lambda _channel, _payload: None,
        on_connected=lambda: None,
        on_lost=lambda: lost.put_nowait(None),
    )


async def test_it_tries_until_there_is_a_server() -> None:
    lost: asyncio.Queue[None] = asyncio.Queue()
    task = asyncio.create_task(without_a_server(lost).run())

    async with asyncio.timeout(30):
        for _ in range(3):
            await lost.get()

    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_outage_of_hours_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two to the power of the failures so far is soon too large for a float."""
    monkeypatch.setattr("pgqueue.listener.LONGEST_BACKOFF_SECONDS", 0.0)
    lost: asyncio.Queue[None] = asyncio.Queue()
    task = asyncio.create_task(without_a_server(lost).run())

    async with asyncio.timeout(60):
        for _ in range(1100):
            await lost.get()
            assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
