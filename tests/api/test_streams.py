"""Event streams behind a real server: the snapshot, then changes, the final event always."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import httpx
import jwt
import pytest
from psycopg_pool import AsyncConnectionPool

from api import accounts
from api_scene import Person, person, serving, stream
from pgqueue import NOBODY, Outcome, Queue
from pgqueue.executor import ProgressReport
from pgqueue.job import ClaimedJob
from pgqueue.progress import ProgressBoard
from queue_scene import StillWorker, still_worker

pytestmark = pytest.mark.anyio

SECRET = "0123456789abcdef0123456789abcdef"
QUEUE = "/api/backtest/queue"
EVENTS = "/api/backtest/events"


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


@pytest.fixture
async def me(pool: AsyncConnectionPool) -> Person:
    return await person(pool)


@pytest.fixture
async def worker(pool: AsyncConnectionPool) -> StillWorker:
    return await still_worker(pool)


@pytest.fixture
async def board(pool: AsyncConnectionPool, worker: StillWorker) -> ProgressBoard:
    return ProgressBoard(pool, worker.id, tick_seconds=0.01, on_lease_lost=lambda _id, _attempt: None)


async def report(board: ProgressBoard, job: ClaimedJob, percent: int) -> None:
    board.report(job, ProgressReport(percent, "simulate", 1.2))
    await board.flush()


async def end(board: ProgressBoard, worker: StillWorker, job: ClaimedJob, outcome: Outcome = Outcome.COMPLETED) -> None:
    await worker.end(job, outcome, **({"permanent": True} if outcome is Outcome.FAILED else {}))
    board.ended(job.id)
    await board.flush()


async def test_a_job_is_followed_from_the_queue_to_its_end(
    database_url: str, queue: Queue, me: Person, worker: StillWorker, board: ProgressBoard
) -> None:
    enqueued = await queue.enqueue("backtest", {"symbol": "AAPL"}, user_id=me.user_id)
    async with (
        serving(database_url) as (server, _),
        stream(server.url, f"{QUEUE}/{enqueued.job_id}/events", me.headers) as events,
    ):
        hello = await events.next()
        snapshot = await events.next()
        job = await worker.claim_one()
        await report(board, job, 42)
        seen = await events.until("processing")
        await end(board, worker, job)
        rest = await events.rest()

    assert events.retry == "2000"
    assert (hello.event, hello.data) == ("hello", {"recovered": True, "mode": "listen", "heartbeat": 15.0})
    assert (snapshot.event, snapshot.data["status"]) == ("progress", "waiting")
    assert (seen["progress"], seen["currentStep"], seen["estimatedTimeRemaining"]) == (42, "Running backtest", 2)
    assert rest[-1].data["status"] == "completed"
    seqs = [snapshot.data["seq"], seen["seq"], *(heard.data["seq"] for heard in rest)]
    assert seqs == sorted(set(seqs))
    epoch = hello.id.split(":")[0]
    assert rest[-1].id == f"{epoch}:{seqs[-1]}"
    assert events.response.headers["content-type"].startswith("text/event-stream")
    assert events.response.headers["x-accel-buffering"] == "no"


async def test_a_reader_that_had_the_final_event_is_told_not_to_come_back(
    database_url: str, queue: Queue, me: Person, worker: StillWorker, board: ProgressBoard
) -> None:
    enqueued = await queue.enqueue("backtest", {}, user_id=me.user_id)
    await end(board, worker, await worker.claim_one(), Outcome.FAILED)
    path = f"{QUEUE}/{enqueued.job_id}/events"
    async with serving(database_url) as (server, _):
        async with stream(server.url, path, me.headers) as events:
            final = (await events.rest())[-1]
        async with stream(server.url, path, me.headers | {"Last-Event-ID": final.id}) as again:
            status = again.response.status_code
        async with stream(server.url, path, me.headers | {"Last-Event-ID": "other:1"}) as earlier:
            heard = await earlier.rest()

    assert (final.data["status"], final.data["error"]) == ("failed", "on purpose")
    assert status == 204
    assert [event.event for event in heard] == ["hello", "progress"]
    assert heard[0].data["recovered"] is False


async def test_one_stream_carries_all_of_a_users_jobs_also_those_made_later(
    database_url: str, queue: Queue, me: Person, worker: StillWorker, board: ProgressBoard
) -> None:
    first = await queue.enqueue("backtest", {}, user_id=me.user_id)
    async with serving(database_url) as (server, _), stream(server.url, EVENTS, me.headers) as events:
        await events.next()
        assert (await events.next()).data["jobId"] == str(first.job_id)

        await queue.enqueue("backtest", {}, user_id=NOBODY)
        second = await queue.enqueue("backtest", {}, user_id=me.user_id)
        assert (await events.next()).data["jobId"] == str(second.job_id)

        for job in await worker.claim(3):
            await end(board, worker, job)
        ended = {(await events.until("completed"))["jobId"] for _ in range(2)}

    assert ended == {str(first.job_id), str(second.job_id)}


async def test_a_stream_of_named_jobs_ends_with_the_last_of_them_and_whoever_had_all_is_told_not_to_come_back(
    database_url: str, queue: Queue, me: Person, worker: StillWorker, board: ProgressBoard
) -> None:
    ids = [(await queue.enqueue("backtest", {}, user_id=me.user_id)).job_id for _ in range(3)]
    wanted = f"{EVENTS}?jobs={ids[0]},{ids[1]}"
    async with (
        serving(database_url) as (server, _),
        httpx.AsyncClient(base_url=server.url, headers=me.headers) as client,
    ):
        async with stream(server.url, wanted, me.headers) as events:
            await events.next()
            for job in await worker.claim(3):
                await end(board, worker, job)
            heard = await events.rest()

        again = await client.get(wanted, headers={"Last-Event-ID": events.last_id})
        too_early = await client.get(wanted, headers={"Last-Event-ID": heard[-1].id})

    final = [event.data["jobId"] for event in heard if event.data["status"] == "completed"]
    assert sorted(final) == sorted(map(str, ids[:2]))
    assert (again.status_code, again.text) == (204, "")
    assert (too_early.status_code, too_early.text.count("event: progress")) == (200, 2)


async def test_a_hint_lost_is_a_delay_and_never_a_loss(
    database_url: str, queue: Queue, me: Person, worker: StillWorker
) -> None:
    """Ended without any notification: the re-read of watched jobs finds it."""
    enqueued = await queue.enqueue("backtest", {}, user_id=me.user_id)
    async with (
        serving(database_url, reread_seconds=0.2) as (server, _),
        stream(server.url, EVENTS, me.headers) as everything,
        stream(server.url, f"{QUEUE}/{enqueued.job_id}/events", me.headers) as one,
    ):
        await one.next()
        await everything.next()
        await worker.end(await worker.claim_one())

        assert (await one.until("completed"))["progress"] == 100
        assert (await everything.until("completed"))["jobId"] == str(enqueued.job_id)


async def test_a_job_made_without_a_hint_appears_on_the_stream_of_all(
    database_url: str, queue: Queue, me: Person, pool: AsyncConnectionPool
) -> None:
    async with (
        serving(database_url, reread_seconds=0.2) as (server, _),
        stream(server.url, EVENTS, me.headers) as events,
    ):
        await events.next()
        async with pool.connection() as connection:
            enqueued = await queue.enqueue("backtest", {}, user_id=me.user_id, connection=connection)

        assert (await events.next()).data["jobId"] == str(enqueued.job_id)


async def terminate_listeners(pool: AsyncConnectionPool) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'pgqueue listener' and datname = current_database()"
        )


async def test_streams_go_on_when_the_listener_is_cut_and_say_so(
    database_url: str,
    queue: Queue,
    me: Person,
    worker: StillWorker,
    board: ProgressBoard,
    pool: AsyncConnectionPool,
) -> None:
    ids = [(await queue.enqueue("backtest", {}, user_id=me.user_id)).job_id for _ in range(5)]
    async with serving(database_url) as (server, _), stream(server.url, EVENTS, me.headers) as events:
        await events.next()
        modes: list[str] = []
        ended: set[UUID] = set()
        for job in await worker.claim(5):
            await terminate_listeners(pool)
            await end(board, worker, job)
        async with asyncio.timeout(60):
            while len(ended) < 5 or modes[-1:] != ["listen"]:
                heard = await events.next()
                if heard.event == "mode":
                    modes.append(heard.data["mode"])
                elif heard.data["status"] == "completed":
                    ended.add(UUID(heard.data["jobId"]))

    assert ended == set(ids)
    assert modes[0] == "poll"


async def test_a_revoked_keys_streams_end_and_no_others(
    database_url: str, me: Person, pool: AsyncConnectionPool
) -> None:
    other = await person(pool)
    async with (
        serving(database_url, credential_seconds=0.1) as (server, _),
        stream(server.url, EVENTS, me.headers) as mine,
        stream(server.url, EVENTS, other.headers) as others,
    ):
        await mine.next()
        await others.next()
        async with pool.connection() as connection:
            await connection.execute(
                "update api.api_keys set revoked_at = clock_timestamp() where user_id = %s", (me.user_id,)
            )
        rest = await mine.rest()
        async with stream(server.url, EVENTS, me.headers) as again:
            status = again.response.status_code
        with pytest.raises(TimeoutError):
            await others.next(seconds=1.0)

    assert [(event.event, event.data) for event in rest] == [("bye", {"reason": "unauthorized"})]
    assert status == 401


async def test_a_locked_out_users_streams_end_whatever_opened_them(
    database_url: str, me: Person, pool: AsyncConnectionPool
) -> None:
    other = await person(pool)
    tokens = {"jwt_secret": SECRET, "jwt_issuer": "https://auth.example/v1", "jwt_audience": "authenticated"}
    said = {"iss": tokens["jwt_issuer"], "aud": "authenticated", "exp": int(time.time()) + 600}
    mine, theirs = (
        {"Authorization": f"Bearer {jwt.encode(said | {'sub': str(who.user_id)}, SECRET, 'HS256')}"}
        for who in (me, other)
    )
    async with (
        serving(database_url, credential_seconds=0.1, **tokens) as (server, app),
        stream(server.url, EVENTS, mine) as locked,
        stream(server.url, EVENTS, theirs) as others,
    ):
        await locked.next()
        await others.next()
        async with pool.connection() as connection:
            await accounts.lock_out(connection, me.user_id, locked=True)
        rest = await locked.rest()
        still_open = app.state.hub.streams_of(other.user_id)

    assert [(event.event, event.data) for event in rest] == [("bye", {"reason": "unauthorized"})]
    assert still_open == 1


async def test_a_stream_ends_when_the_session_that_opened_it_does(
    database_url: str, me: Person, pool: AsyncConnectionPool
) -> None:
    async with pool.connection() as connection:
        token, ends = await accounts.create_session(connection, accounts.Account(me.user_id, "free"), seconds=3.0)
    async with (
        serving(database_url) as (server, _),
        stream(server.url, EVENTS, {"Cookie": f"pgqueue_session={token}"}) as events,
    ):
        await events.next()
        rest = await events.rest()

    assert [(event.event, event.data) for event in rest] == [("bye", {"reason": "unauthorized"})]
    assert datetime.now(UTC) >= ends


async def test_logging_out_ends_the_sessions_streams_at_once_and_no_others(
    database_url: str, me: Person, pool: AsyncConnectionPool
) -> None:
    async with pool.connection() as connection:
        token, _ = await accounts.create_session(connection, accounts.Account(me.user_id, "free"), seconds=600)
    cookie = {"Cookie": f"pgqueue_session={token}"}
    async with (
        serving(database_url) as (server, app),
        httpx.AsyncClient(base_url=server.url) as client,
        stream(server.url, EVENTS, cookie) as page,
        stream(server.url, EVENTS, me.headers) as program,
    ):
        await page.next()
        await program.next()
        ended = await client.delete("/api/session", headers=cookie | {"Sec-Fetch-Site": "same-origin"})
        rest = await page.rest()
        still_open = app.state.hub.streams_of(me.user_id)

    assert ended.status_code == 204
    assert [(event.event, event.data) for event in rest] == [("bye", {"reason": "unauthorized"})]
    assert still_open == 1


async def test_silence_is_broken_by_a_comment(database_url: str, me: Person) -> None:
    async with (
        serving(database_url, heartbeat_seconds=0.1) as (server, _),
        stream(server.url, EVENTS, me.headers) as events,
    ):
        await events.next()
        with pytest.raises(TimeoutError):
            await events.next(seconds=1.0)

    assert events.comments >= 3


async def test_shutdown_says_goodbye_on_every_stream_and_is_quick(database_url: str, me: Person) -> None:
    async with (
        serving(database_url) as (server, app),
        stream(server.url, EVENTS, me.headers) as one,
        stream(server.url, EVENTS, me.headers) as other,
    ):
        await one.next()
        await other.next()
        app.state.hub.close()
        rests = [await one.rest(), await other.rest()]
        retries = [int(one.retry or 0), int(other.retry or 0)]

    assert [[event.event for event in rest] for rest in rests] == [["bye"], ["bye"]]
    assert all(1000 <= retry < 5000 for retry in retries)


async def test_a_users_streams_are_bounded(database_url: str, me: Person, pool: AsyncConnectionPool) -> None:
    other = await person(pool)
    async with (
        serving(database_url, streams_per_user=2) as (server, _),
        stream(server.url, EVENTS, me.headers) as first,
        stream(server.url, EVENTS, me.headers) as second,
    ):
        await first.next()
        await second.next()
        async with stream(server.url, EVENTS, me.headers) as third:
            refused = third.response
        async with stream(server.url, EVENTS, other.headers) as others:
            allowed = others.response.status_code
            await others.next()

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
    assert allowed == 200


async def test_a_reader_that_leaves_is_forgotten(database_url: str, me: Person) -> None:
    async with serving(database_url) as (server, app):
        async with stream(server.url, EVENTS, me.headers) as events:
            await events.next()
            assert app.state.hub.streams_of(me.user_id) == 1
        async with asyncio.timeout(30):
            while app.state.hub.streams_of(me.user_id):  # noqa: ASYNC110 - the server tells nobody that a peer left
                await asyncio.sleep(0.01)


async def test_a_reader_that_does_not_read_is_cut_and_harms_no_other(
    database_url: str, queue: Queue, me: Person, worker: StillWorker, board: ProgressBoard
) -> None:
    """Its socket takes nothing: what is sent to it fills the buffers, and the next write runs into its time-out."""
    note = "x" * 200_000
    ids = [(await queue.enqueue("backtest", {"symbol": note}, user_id=me.user_id)).job_id for _ in range(20)]
    async with serving(database_url, send_seconds=0.5) as (server, app):
        lazy = socket.socket()
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect(server.address)
        request = f"GET {EVENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {me.key}\r\n\r\n"
        lazy.sendall(request.encode())
        async with stream(server.url, EVENTS, me.headers) as events:
            await events.next()
            for job in await worker.claim(20):
                await end(board, worker, job)
            ended = {(await events.until("completed"))["jobId"] for _ in range(20)}
            async with asyncio.timeout(30):
                while app.state.hub.streams_of(me.user_id) > 1:  # noqa: ASYNC110 - see above
                    await asyncio.sleep(0.01)
        lazy.close()

    assert ended == set(map(str, ids))


async def test_several_relays_on_one_database_tell_the_same(
    database_url: str, queue: Queue, me: Person, worker: StillWorker, board: ProgressBoard
) -> None:
    enqueued = await queue.enqueue("backtest", {}, user_id=me.user_id)
    path = f"{QUEUE}/{enqueued.job_id}/events"
    async with (
        serving(database_url) as (first, _),
        serving(database_url) as (second, _),
        stream(first.url, path, me.headers) as one,
        stream(second.url, path, me.headers) as other,
    ):
        await one.next()
        await other.next()
        await end(board, worker, await worker.claim_one())
        finals = [(await one.rest())[-1], (await other.rest())[-1]]

    assert finals[0].data == finals[1].data
    assert finals[0].id.split(":")[0] != finals[1].id.split(":")[0]
