"""A worker's executor whose child is killed before every run: seconds from the run's start to its result, as JSON."""

import asyncio
import json
import sys
import time
from uuid import uuid4

from bench.handlers import FirstResult
from pgqueue import Handler
from pgqueue.executor import Executor
from pgqueue.job import ClaimedJob
from pgqueue.memory import MEGABYTE
from pgqueue.spawn import prepare_forkserver

HANDLERS: dict[str, Handler] = {"first": FirstResult()}


async def children(rounds: int) -> list[tuple[float, str]]:
    prepare_forkserver(HANDLERS)
    executor = Executor(
        HANDLERS, {}, cancel_grace_seconds=1.0, child_max_jobs=1_000, child_memory_bytes=2048 * MEGABYTE
    )
    await executor.start()
    timed = []
    for _ in range(rounds + 1):
        await executor.kill()
        job = ClaimedJob(id=uuid4(), attempt=1, kind="first", args=b"{}", failures=0)
        began = time.perf_counter()
        (ending,) = await executor.run([job], lambda _job, _report: None)
        timed.append((time.perf_counter() - began, str(ending.summary)))
    await executor.close()
    return timed[1:]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(children(int(sys.argv[1])))))
