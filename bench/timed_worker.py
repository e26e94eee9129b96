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


class TimedWorker(Worker):
    claims: "list[tuple[float, float]]"
    """(wall clock at its end, milliseconds) of each claim."""

    async def _claim(self, limit: int, *, is_capped: bool) -> list[ClaimedJob]:
        began = time.perf_counter()
        jobs = await super()._claim(limit, is_capped=is_capped)
        self.claims.append((time.time(), (time.perf_counter() - began) * 1000))
        return jobs


async def main(slots: int) -> "list[tuple[float, float]]":
    settings = Settings(slots=slots)
    assert settings.database_url is not None
    worker = TimedWorker({"arrival": Arrival()}, settings, database_url=settings.database_url)
    worker.claims = []
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, worker.stop)
    task = asyncio.create_task(worker.run())
    await worker.started.wait()
    write_json({"worker": str(worker.id)})
    await task
    return worker.claims


if __name__ == "__main__":
    configure_logs(30)
    claims = uvloop.run(main(int(sys.argv[1])))
    Path(sys.argv[2]).write_text(json.dumps(claims))
