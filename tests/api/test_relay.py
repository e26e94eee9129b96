"""The relay when things break: nothing is lost in silence, nothing looks alive that is not."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import make_url

from api.event_stream import events
from api.readers import MOST_ENDED, Event, Reader
from api_scene import BODY, Person, calling, know_aapl, person, running_app, serving, stream
from pgqueue import JobState, Queue
from queue_scene import still_worker

pytestmark = pytest.mark.anyio

QUEUE = "/api/backtest/queue"
EVENTS = "/api/backtest/events"


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


@pytest.fixture
async def me(pool: AsyncConnectionPool) -> Person:
    return await person(pool)


@asynccontextmanager
async def away(server_url: str, database_url: str) -> AsyncIterator[None]:
    """The test's database refuses everyone, and those who were in are thrown out."""
    name = make_url(database_url).database
    assert name is not None
    allow = sql.SQL("alter database {} allow_connections {}")
    async with await psycopg.AsyncConnection.connect(server_url, autocommit=True) as admin:
        await admin.execute(allow.format(sql.Identifier(name), sql.Literal(False)))
        await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))
        try:
            yield
        finally:
            await admin.execute(allow.format(sql.Identifier(name), sql.Literal(True)))


async def test_a_cancellation_that_is_swallowed_keeps_no_process_from_ending(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As wait_for beneath the pool does in Python 3.11 when what it waited for comes in that same moment."""
    asked = asyncio.Event()

    async def deaf() -> float:
        asked.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return 0.0

    async with asyncio.timeout(30):
        async with running_app(database_url, reread_seconds=0.05) as app:
            monkeypatch.setattr(app.state.relay._queue, "clock", deaf)
            await asked.wait()


async def test_without_its_database_the_api_says_so_promises_nothing_and_comes_back(
    server_url: str, database_url: str, pool: AsyncConnectionPool, me: Person
) -> None:
    await know_aapl(pool)
    async with running_app(database_url, pool_seconds=0.5) as app, calling(app, me) as client:
        async with away(server_url, database_url):
            refused = [await client.get(QUEUE), await client.post(QUEUE, json=BODY)]
            ready, live = await client.get("/readyz"), await client.get("/livez")
        async with asyncio.timeout(30):
            while (await client.get(QUEUE)).status_code != 200:  # noqa: ASYNC110 - the pool tells nobody it is back
                await asyncio.sleep(0.05)

    assert [answer.status_code for answer in refused] == [503, 503]
    assert all(answer.headers["retry-after"] == "2" for answer in refused)
    assert all({"error", "detail", "code"} <= answer.json().keys() for answer in refused)
    assert all("psycopg" not in answer.text and "connection" not in answer.text for answer in refused)
    assert (ready.status_code, live.status_code) == (503, 200)


async def test_a_stream_opened_as_the_database_goes_gets_its_snapshot_when_it_is_back(
    server_url: str, database_url: str, queue: Queue, me: Person
) -> None:
    enqueued = await queue.enqueue("backtest", {}, user_id=me.user_id)
    async with serving(database_url, poll_seconds=0.1, pool_seconds=0.2) as (_, app):
        hub, relay = app.state.hub, app.state.relay
        reader = Reader(me.user_id, None)
        with hub.reading(reader):
            heard = events(hub, reader, language="en", recovered=True, heartbeat=15)
            assert b"event: hello" in await anext(heard)
            async with away(server_url, database_url):
                relay.greet(reader)
                assert await anext(heard) == b'event: mode\ndata: {"mode": "poll"}\n\n'
            async with asyncio.timeout(30):
                while str(enqueued.job_id).encode() not in await anext(heard):
                    pass


async def test_a_relay_that_breaks_ends_its_streams_says_so_and_is_made_anew(
    database_url: str, queue: Queue, me: Person, pool: AsyncConnectionPool
) -> None:
    """A row no release of ours would write stands for whatever nobody foresaw."""
    enqueued = await queue.enqueue("backtest", {}, user_id=me.user_id)
    async with (
        serving(database_url, reread_seconds=0.1) as (server, _),
        httpx.AsyncClient(base_url=server.url, headers=me.headers) as client,
    ):
        async with stream(server.url, EVENTS, me.headers) as all_:
            await all_.next()
            await all_.next()
            before = await client.get("/readyz")
            await make_odd(pool)
            rest = await all_.rest()
        after, live = await client.get("/readyz"), await client.get("/livez")
        refused = await client.get(EVENTS)
        async with pool.connection() as connection:
            await connection.execute("update pgqueue.jobs set state = 'ready', seq = seq + 1")
        async with asyncio.timeout(60):
            while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - it is asked from outside
                await asyncio.sleep(0.05)
        async with stream(server.url, EVENTS, me.headers | {"Last-Event-ID": all_.last_id}) as again:
            hello, snapshot = await again.next(), await again.next()

    assert [(event.event, event.data) for event in rest] == [("mode", {"mode": "poll"}), ("bye", {"reason": "relay"})]
    assert (before.status_code, after.status_code, live.status_code) == (200, 503, 200)
    assert (refused.status_code, refused.json()["code"]) == (503, "relay_broken")
    assert hello.data["recovered"] is False
    assert (snapshot.data["jobId"], snapshot.data["status"]) == (str(enqueued.job_id), "waiting")


async def make_odd(pool: AsyncConnectionPool) -> None:
    async with pool.connection() as connection:
        checks = await connection.execute(
            "select conname from pg_constraint where conrelid = 'pgqueue.jobs'::regclass and contype = 'c'"
        )
        for (name,) in await checks.fetchall():
            drop = sql.SQL("alter table pgqueue.jobs drop constraint {}").format(sql.Identifier(name))
            await connection.execute(drop)
        await connection.execute("update pgqueue.jobs set state = 'odd', seq = seq + 1")


async def test_a_job_that_another_stream_was_first_to_know_is_still_told_to_all(
    database_url: str, queue: Queue, me: Person, pool: AsyncConnectionPool
) -> None:
    """Made without a hint, and the relay learns whose it is from someone else's snapshot."""
    async with serving(database_url, reread_seconds=1.0) as (server, _), stream(server.url, EVENTS, me.headers) as all_:
        await all_.next()
        async with pool.connection() as connection:
            enqueued = await queue.enqueue("backtest", {}, user_id=me.user_id, connection=connection)
        async with stream(server.url, f"{QUEUE}/{enqueued.job_id}/events", me.headers) as one:
            await one.next()
            await one.next()

        assert (await all_.next()).data["jobId"] == str(enqueued.job_id)


async def test_a_reader_that_stops_reading_at_the_very_end_is_cut_like_any_other(
    database_url: str, queue: Queue, me: Person, pool: AsyncConnectionPool
) -> None:
    """The last event fills the buffers, so that the write which closes the stream would wait for ever."""
    note = "x" * 200_000
    ids = [(await queue.enqueue("backtest", {"symbol": note}, user_id=me.user_id)).job_id for _ in range(30)]
    worker = await still_worker(pool)
    for job in await worker.claim(30):
        await worker.end(job)
    path = f"{EVENTS}?jobs={','.join(map(str, ids))}"
    async with serving(database_url, send_seconds=0.3) as (server, app):
        with socket.socket() as lazy:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.connect(server.address)
            lazy.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {me.key}\r\n\r\n".encode())
            lazy.setblocking(False)
            await asyncio.get_running_loop().sock_recv(lazy, 1)
            async with asyncio.timeout(10):
                while server.server_state.tasks:  # noqa: ASYNC110 - uvicorn has no event for it
                    await asyncio.sleep(0.01)
        assert app.state.hub.streams_of(me.user_id) == 0


async def test_a_stream_of_all_jobs_remembers_no_more_than_it_must(queue: Queue, me: Person) -> None:
    enqueued = await queue.enqueue("backtest", {}, user_id=me.user_id)
    (job,) = await queue.read([enqueued.job_id])
    reader = Reader(me.user_id, None)
    ended = [replace(job, id=uuid4(), state=JobState.COMPLETED) for _ in range(MOST_ENDED + 100)]
    reader.offer(Event(job))
    for one in ended:
        reader.offer(Event(one))
        reader.take()

    assert len(reader._seen) == MOST_ENDED + 1
    assert list(reader.unfinished()) == [job.id]
    assert not reader.misses(ended[-1].id)

    lost = [replace(job, id=uuid4()) for _ in range(MOST_ENDED + 100)]
    for one in lost:
        reader.offer(Event(one))
    reader.lose({one.id for one in lost})
    assert len(reader._seen) == MOST_ENDED + 1
    assert len(reader.take_gone()) == len(lost)
    assert list(reader.unfinished()) == [job.id]


async def test_a_reader_that_talks_instead_of_listening_is_cut(database_url: str, me: Person) -> None:
    async with serving(database_url) as (server, app):
        reader, writer = await asyncio.open_connection(*server.address)
        headers = f"Host: x\r\nAuthorization: Bearer {me.key}\r\nTransfer-Encoding: chunked\r\n"
        writer.write(f"GET {EVENTS} HTTP/1.1\r\n{headers}\r\n".encode())
        await reader.readuntil(b"event: hello\n")

        async def talk() -> None:
            while True:
                writer.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
                await writer.drain()

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(talk(), 30)
        async with asyncio.timeout(30):
            while app.state.hub.streams_of(me.user_id):  # noqa: ASYNC110 - the server tells nobody that a peer left
                await asyncio.sleep(0.01)
        writer.close()


async def test_a_deleted_job_ends_its_own_streams_and_leaves_the_others_open(
    database_url: str, pool: AsyncConnectionPool, queue: Queue, me: Person
) -> None:
    """Deleted with no word of it, as an account is forgotten: in one stroke, before anything was told."""
    other = await person(pool)
    lost = (await queue.enqueue("backtest", {}, user_id=me.user_id)).job_id
    kept = (await queue.enqueue("backtest", {}, user_id=me.user_id)).job_id
    theirs = (await queue.enqueue("backtest", {}, user_id=other.user_id)).job_id
    async with (
        serving(database_url, reread_seconds=0.2) as (server, _),
        stream(server.url, f"{QUEUE}/{lost}/events", me.headers) as alone,
        stream(server.url, f"{EVENTS}?jobs={lost},{kept}", me.headers) as named,
        stream(server.url, EVENTS, me.headers) as whole,
        stream(server.url, EVENTS, other.headers) as of_other,
    ):
        for each, jobs in ((alone, 1), (named, 2), (whole, 2), (of_other, 1)):
            heard = [(await each.next()).event for _ in range(1 + jobs)]
            assert heard == ["hello"] + ["progress"] * jobs
        async with pool.connection() as connection:
            await connection.execute("delete from pgqueue.jobs where id = %s", (lost,))
        told = [(heard.event, heard.data) for heard in await alone.rest()]
        others = [await each.next() for each in (named, whole)]
        await queue.cancel(kept)
        await queue.cancel(theirs)
        ends = [await each.until("cancelled") for each in (named, whole, of_other)]

    gone = ("gone", {"jobId": str(lost)})
    assert told == [gone]
    assert [(heard.event, heard.data) for heard in others] == [gone, gone]
    assert [end["jobId"] for end in ends] == [str(kept), str(kept), str(theirs)]
