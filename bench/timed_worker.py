"""The product's own worker, which writes down how long each of its claims took: `timed_worker.py SLOTS FILE`."""

import asyncio
import json
import signal
import sys
import time
from pathlib import Path

import uvloop

from bench.arrival import Arrival
from pgqueue import Settings, configure_logs
from pgqueue.cli.output import write_json
from pgqueue.job import ClaimedJob
from pgqueue.worker import Worker


def time_claims(worker: Worker) -> "list[tuple[float, float]]":
    """(wall clock at its end, milliseconds) of each claim from here on."""
    claims: list[tuple[float, float]] = []
    claiming = worker._claiming  # noqa: SLF001
    claim = claiming._claim  # noqa: SLF001

    async def timed(limit: int, *, is_capped: bool) -> list[ClaimedJob]:
        began = time.perf_counter()
        jobs = await claim(limit, is_capped=is_capped)
        claims.append((time.time(), (time.perf_counter() - began) * 1000))
        return jobs

    claiming._claim = timed  # type: ignore[method-assign]  # noqa: SLF001
    return claims


async def main(slots: int) -> "list[tuple[float, float]]":
    settings = Settings(slots=slots)
    assert settings.database_url is not None
    worker = Worker({"arrival": Arrival()}, settings, database_url=settings.database_url)
    claims = time_claims(worker)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, worker.stop)
    task = asyncio.create_task(worker.run())
    await worker.started.wait()
    write_json({"worker": str(worker.id)})
    await task
    return claims


if __name__ == "__main__":
    configure_logs(30)
    claims = uvloop.run(main(int(sys.argv[1])))
    Path(sys.argv[2]).write_text(json.dumps(claims))
