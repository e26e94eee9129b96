"""A child, a worker or Postgres dies: how soon does the work go on, and is anything lost or done twice?

Twenty kills each (quick: ten, five and five). A child is killed in the middle of its run and timed until the same job
reports from its next attempt. Workers are killed five at a time beside one that lives on, and timed the same way: what
passes is mostly the lease. Postgres is stopped, fast and at once by turns, and timed from when it answers again to
the first report of a run that began after that.
"""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from bench.harness import Options, main, percentile, processes, say
from pgqueue import EmbeddedServer, Queue, open_pool
from pgqueue.migrate import upgrade

AT_ONCE = 5
"""Workers that are killed together, or twenty kills would take twenty leases."""
KIND = "interrupted"


@dataclass
class Scene:
    """A server, the queue on it, and every job that was ever enqueued."""

    server: EmbeddedServer
    queue: Queue
    job_ids: list[UUID] = field(default_factory=list)

    async def enqueue(self, connection: AsyncConnection[Any], *, first_seconds: float) -> UUID:
        """A job whose first attempt takes so long; later ones end at once."""
        enqueued = await self.queue.enqueue(KIND, {"first_seconds": first_seconds}, connection=connection)
        self.job_ids.append(enqueued.job_id)
        return enqueued.job_id

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """Of the bench's own: what it measures is not how soon a pool of its own comes back."""
        async with await AsyncConnection.connect(self.server.url, autocommit=True) as connection:
            yield connection


def worker(slots: int) -> list[str]:
    return [str(Path(__file__).with_name("worker.py")), str(slots), KIND]


async def reached(connection: AsyncConnection[Any], job_id: UUID, attempt: int) -> float:
    """The clock when that attempt has reported or, before its report was written, ended; asks 200 times a second."""
    async with asyncio.timeout(60):
        while await (await connection.execute(REACHED, (job_id, attempt))).fetchone() is None:  # noqa: ASYNC110 - a row
            await asyncio.sleep(0.005)
    return time.monotonic()


REACHED = """
select
  from pgqueue.jobs join pgqueue.progress on job_id = id
 where id = %s
   and jobs.attempt >= %s
   and (progress.attempt = jobs.attempt and percent > 0 or finished_at is not null)
"""


async def kill_children(scene: Scene, kills: int) -> list[float]:
    seconds = []
    with processes(scene.server.url, worker(1)):
        async with scene.connection() as connection:
            for _ in range(kills):
                job_id = await scene.enqueue(connection, first_seconds=600)
                await reached(connection, job_id, 1)
                step = await connection.execute("select step from pgqueue.progress where job_id = %s", (job_id,))
                (pid,) = await step.fetchone() or ("",)
                killed = time.monotonic()
                os.kill(int(pid), signal.SIGKILL)
                seconds.append(await reached(connection, job_id, 2) - killed)
    return seconds


async def kill_workers(scene: Scene, rounds: int) -> list[float]:
    seconds: list[float] = []
    for _ in range(rounds):
        with processes(scene.server.url, *[worker(1)] * AT_ONCE):
            victims = [found["pid"] for found in await scene.queue.workers()]
            async with scene.connection() as connection:
                ids = [await scene.enqueue(connection, first_seconds=600) for _ in range(AT_ONCE)]
                for job_id in ids:
                    await reached(connection, job_id, 1)
                with processes(scene.server.url, worker(AT_ONCE)):
                    killed = time.monotonic()
                    for pid in victims:
                        os.kill(pid, signal.SIGKILL)
                    seconds += await asyncio.gather(*(rerun(scene, job_id, killed) for job_id in ids))
    return seconds


async def rerun(scene: Scene, job_id: UUID, killed: float) -> float:
    async with scene.connection() as connection:
        return await reached(connection, job_id, 2) - killed


async def restart_postgres(scene: Scene, restarts: int) -> list[float]:
    seconds = []
    for number in range(restarts):
        stop(scene.server, at_once=number % 2 == 1)
        scene.server.start()
        accepts = time.monotonic()
        async with scene.connection() as connection:
            job_id = await scene.enqueue(connection, first_seconds=0)
            seconds.append(await reached(connection, job_id, 1) - accepts)
    return seconds


def stop(server: EmbeddedServer, *, at_once: bool) -> None:
    if at_once:
        pid = int((server.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, signal.SIGQUIT)
    server.stop()


async def count_wrong(scene: Scene) -> tuple[int, int]:
    """Jobs that did not complete, and those that did more than once."""
    ended = """
    select count(*) filter (where state <> 'completed' or results.job_id is null),
           count(*) filter (where (select count(*) from pgqueue.attempts
                                    where attempts.job_id = jobs.id and outcome = 'completed') > 1)
      from pgqueue.jobs left join pgqueue.results on results.job_id = jobs.id
     where id = any(%s)
    """
    unfinished = "select from pgqueue.jobs where finished_at is null"
    async with scene.connection() as connection:
        async with asyncio.timeout(60):
            while await (await connection.execute(unfinished)).fetchone():  # noqa: ASYNC110 - a row
                await asyncio.sleep(0.05)
        row = await (await connection.execute(ended, (scene.job_ids,))).fetchone()
        problems = await (await connection.execute("select * from pgqueue.check_invariants()")).fetchall()
    assert row is not None
    if problems:
        raise RuntimeError(f"what must hold does not: {problems}")
    return row[0], row[1]


async def recover(options: Options, scene: Scene) -> dict[str, Any]:
    child = await kill_children(scene, 10 if options.quick else 20)
    workers = await kill_workers(scene, 1 if options.quick else 20 // AT_ONCE)
    with processes(scene.server.url, worker(1)):
        postgres = await restart_postgres(scene, 5 if options.quick else 20)
        lost, doubled = await count_wrong(scene)
    answer: dict[str, Any] = {}
    for name, seconds in {"child": child, "worker": workers, "postgres": postgres}.items():
        say(options, f"{name}: {len(seconds)} kills, p50 {percentile(seconds, 0.5):.3f} s, worst {max(seconds):.3f} s")
        answer[f"{name}_p99_s"] = round(percentile(seconds, 0.99), 3)
    return answer | {"lost": lost, "doubled": doubled}


def run(options: Options) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="pgqueue-bench-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o711)
        # Started here, in the main thread: the server ends with the thread that started it.
        with EmbeddedServer(Path(directory) / "data") as server:
            upgrade(server.url)

            async def ask() -> dict[str, Any]:
                async with open_pool(server.url, size=2) as pool, Queue(pool) as queue:
                    return await recover(options, Scene(server, queue))

            return asyncio.run(ask())


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
