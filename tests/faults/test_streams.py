"""Event streams when things break. The law: whoever comes back has seen of every job, last, what its row says."""

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import pytest
from psycopg_pool import AsyncConnectionPool

from api_scene import Person, person, stream
from pgqueue import EmbeddedServer, Queue, open_pool
from pgqueue.executor import ProgressReport
from pgqueue.job import ClaimedJob
from pgqueue.migrate import upgrade
from pgqueue.progress import ProgressBoard
from queue_scene import StillWorker, still_worker
from stream_scene import (
    EVENTS,
    PATIENCE_SECONDS,
    Stream,
    api_process,
    half_open_proxy,
    job_events,
    reading,
    terminate_listener,
    violations,
)

pytestmark = pytest.mark.anyio

DOCS = Path(__file__).parents[2] / "docs" / "streams.md"
PROGRAM = Path(__file__).parents[1] / "worker_process.py"
often = pytest.mark.faults


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


@pytest.fixture
async def people(pool: AsyncConnectionPool) -> list[Person]:
    return [await person(pool) for _ in range(5)]


class Runs:
    """Jobs that run as far as the database knows, each step of theirs a test's own."""

    def __init__(self, pool: AsyncConnectionPool, worker: StillWorker) -> None:
        self.worker = worker
        self.board = ProgressBoard(pool, worker.id, tick_seconds=0.01, on_lease_lost=lambda _id, _attempt: None)

    async def report(self, job: ClaimedJob, percent: int) -> None:
        self.board.report(job, ProgressReport(percent, "simulate", 1.0))
        await self.board.flush()

    async def end(self, job: ClaimedJob) -> None:
        await self.worker.end(job)
        self.board.ended(job.id)
        await self.board.flush()


@pytest.fixture
async def runs(pool: AsyncConnectionPool) -> Runs:
    return Runs(pool, await still_worker(pool, lease_seconds=600))


async def enqueue(queue: Queue, people: list[Person], count: int, note: str = "") -> dict[UUID, Person]:
    """Jobs, the people in turns."""
    owners = [people[number % len(people)] for number in range(count)]
    return {(await queue.enqueue("backtest", {"symbol": note}, user_id=who.user_id)).job_id: who for who in owners}


def streams_of(owners: dict[UUID, Person], *, singles: int = 10) -> list[Stream]:
    """One stream of all jobs per person, one of all named, and some of single jobs."""
    jobs = {who: [job_id for job_id, owner in owners.items() if owner is who] for who in owners.values()}
    streams: list[Stream] = [(EVENTS, who.key, ids) for who, ids in jobs.items()]
    streams += [(f"{EVENTS}?jobs={','.join(map(str, ids))}", who.key, ids) for who, ids in jobs.items()]
    streams += [(job_events(job_id), who.key, [job_id]) for job_id, who in list(owners.items())[:singles]]
    return streams


@pytest.mark.parametrize("times", [10, pytest.param(200, marks=often)])
async def test_listeners_terminated_again_and_again_cost_no_reader_an_end(
    database_url: str, queue: Queue, people: list[Person], runs: Runs, pool: AsyncConnectionPool, times: int
) -> None:
    """A job ends right after each, while nothing is heard."""
    owners = await enqueue(queue, people, times)
    streams = streams_of(owners)
    async with api_process(database_url) as api, reading([api.url], streams) as readers:
        for job in await runs.worker.claim(times):
            await runs.report(job, 50)
            await terminate_listener(pool)
            await runs.end(job)
        saw = await readers.saw()

    assert await violations(queue, streams, saw) == []
    assert all("poll" in seen["modes"] for seen in saw[:5])
    assert {seen["opened"] for seen in saw} == {1}


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    with tempfile.TemporaryDirectory(prefix="pgqueue-test-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o711)
        with EmbeddedServer(Path(directory) / "data") as server:
            upgrade(server.url)
            yield server


@pytest.mark.parametrize("times", [1, pytest.param(5, marks=often)])
async def test_streams_outlive_restarts_of_postgres_and_miss_no_end(own_server: EmbeddedServer, times: int) -> None:
    """Jobs run in a real worker meanwhile; the streams stay open throughout."""
    jobs = 4 * times
    async with AsyncExitStack() as stack:
        async with open_pool(own_server.url, size=2) as pool, Queue(pool) as queue:
            people = [await person(pool) for _ in range(2)]
            owners = {}
            for number in range(jobs):
                args = {"steps": 10, "seconds": 1.0}
                enqueued = await queue.enqueue("steps", args, user_id=people[number % 2].user_id)
                owners[enqueued.job_id] = people[number % 2]
        streams = streams_of(owners)
        api = await stack.enter_async_context(api_process(own_server.url))
        readers = await stack.enter_async_context(reading([api.url], streams))
        worker = await asyncio.create_subprocess_exec(sys.executable, str(PROGRAM), own_server.url, "2", "10")
        stack.push_async_callback(worker.wait)
        stack.callback(worker.kill)
        for _ in range(times):
            await asyncio.sleep(1.5)
            own_server.stop()
            await asyncio.sleep(0.5)
            own_server.start()
        saw = await readers.saw()
        async with open_pool(own_server.url, size=2) as pool, Queue(pool) as queue:
            assert await violations(queue, streams, saw) == []
    assert {seen["opened"] for seen in saw} == {1}


async def test_a_half_open_listener_is_noticed_polled_around_and_replaced(
    database_url: str, queue: Queue, people: list[Person], runs: Runs
) -> None:
    owners = await enqueue(queue, people, 20)
    streams = streams_of(owners)
    async with (
        half_open_proxy(database_url) as proxy,
        api_process(proxy.url) as api,
        reading([api.url], streams) as readers,
    ):
        jobs = await runs.worker.claim(20)
        proxy.silence("pgqueue listener")
        for job in jobs[:-5]:
            await runs.report(job, 50)
            await runs.end(job)
        async with stream(api.url, EVENTS, people[0].headers) as events:
            while (await events.next(PATIENCE_SECONDS)).data.get("mode") != "poll":
                pass
        assert proxy.held
        # The rest ends while the process knows that it hears nothing.
        polled = time.monotonic()
        for job in jobs[-5:]:
            await runs.end(job)
        saw = await readers.saw()
        seconds = time.monotonic() - polled

    assert await violations(queue, streams, saw) == []
    assert all("poll" in seen["modes"] for seen in saw[:5])
    # 2.5 on a machine that has nothing else to do.
    assert seconds < 30


@often
async def test_readers_that_stand_still_harm_no_other_and_catch_up_when_they_go_on(
    database_url: str, queue: Queue, people: list[Person], runs: Runs
) -> None:
    """A tenth of them, long enough to be cut.

    All of one person, so that the ends alone are 8 MB for each that follows them all: Linux holds up to 4 MB of what a
    reader does not take (tcp_wmem), and how much of the progress before is skipped hangs on how busy the machine is.
    """
    owners = await enqueue(queue, people[:1], 40, note="x" * 200_000)
    streams = streams_of(owners, singles=5)
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(api_process(database_url, send_seconds=1, streams_per_user=1000))
        readers = [await stack.enter_async_context(reading([api.url], streams)) for _ in range(10)]
        jobs = await runs.worker.claim(40)
        readers[0].process.send_signal(signal.SIGSTOP)
        for percent in range(10, 60, 10):
            for job in jobs:
                await runs.report(job, percent)
        for job in jobs:
            await runs.end(job)
        others = [await reader.saw() for reader in readers[1:]]
        # Beyond the time after which the one that stands still is cut.
        await asyncio.sleep(3)
        readers[0].process.send_signal(signal.SIGCONT)
        stood_still = await readers[0].saw()

    for saw in [stood_still, *others]:
        assert await violations(queue, streams, saw) == []
    assert {seen["opened"] for saw in others for seen in saw} == {1}
    assert max(seen["opened"] for seen in stood_still) > 1


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=often)])
async def test_an_api_process_killed_under_load_costs_its_readers_no_end_where_there_is_another(
    database_url: str, queue: Queue, people: list[Person], runs: Runs, times: int
) -> None:
    async with api_process(database_url) as stays:
        for _ in range(times):
            streams = streams_of(await enqueue(queue, people, 20))
            async with (
                api_process(database_url) as dies,
                reading([dies.url, stays.url], streams) as readers,
            ):
                for number, job in enumerate(await runs.worker.claim(20)):
                    await runs.report(job, 50)
                    if number == 10:
                        await dies.end(signal.SIGKILL)
                    await runs.end(job)
                saw = await readers.saw()
            assert await violations(queue, streams, saw) == []
            # Those that still waited came back, elsewhere, and were told that it is another life.
            assert all(False in seen["recovered"] for seen in saw[:5])


async def test_the_documented_curl_follows_a_job_through_a_restart_of_postgres(own_server: EmbeddedServer) -> None:
    """`-s` shows the transcript that the documentation has."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed here")
    command = re.findall(r"```sh\n(curl .*?events\")\n```", DOCS.read_text(encoding="utf-8"), flags=re.DOTALL)[0]
    async with AsyncExitStack() as stack:
        async with open_pool(own_server.url, size=2) as pool, Queue(pool) as queue:
            who = await person(pool)
            job_id = (await queue.enqueue("steps", {"steps": 8, "seconds": 8.0}, user_id=who.user_id)).job_id
        api = await stack.enter_async_context(api_process(own_server.url, poll_seconds=0.5))
        environment = os.environ | {"URL": api.url, "KEY": who.key, "JOB": str(job_id)}
        curl = await asyncio.create_subprocess_exec(
            "sh", "-c", command, env=environment, stdout=asyncio.subprocess.PIPE
        )
        assert curl.stdout is not None
        assert await curl.stdout.readuntil(b"event: hello\n")
        worker = await asyncio.create_subprocess_exec(sys.executable, str(PROGRAM), own_server.url, "1", "10")
        stack.push_async_callback(worker.wait)
        stack.callback(worker.kill)
        async with asyncio.timeout(PATIENCE_SECONDS):
            before = await curl.stdout.readuntil(b'"progress":25')
            own_server.stop()
            await asyncio.sleep(1)
            own_server.start()
            rest, _ = await curl.communicate()

    said = (before + rest).decode()
    sys.stdout.write(said)
    assert curl.returncode == 0
    modes = [f'event: mode\ndata: {{"mode": "{mode}"}}' for mode in ("poll", "listen")]
    assert said.index(modes[0]) < said.index(modes[1]) < said.index('"status":"completed"')
