"""The worker that benches measure: the product's own, with one kind more that stamps its reports with the time."""

import asyncio
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import uvloop

from engine.jobs import backtest
from pgqueue import Context, Handler, Settings, configure_logs
from pgqueue.cli.output import write_json
from pgqueue.worker import Worker


@dataclass
class Result:
    summary: dict[str, Any] = field(default_factory=dict)
    preview: bytes = b""
    detail: bytes = b""


class Stamped:
    """Reports `steps` steps over `seconds` seconds; the step of each report is the clock at which it was made."""

    time_limit = 120.0

    def check(self, args: Mapping[str, Any]) -> None:
        pass

    def warm(self) -> None:
        pass

    def run(self, args: Mapping[str, Any], context: Context) -> Result:
        steps, seconds = args["steps"], args["seconds"]
        began = time.monotonic()
        for step in range(1, steps + 1):
            time.sleep(max(0.0, began + seconds * step / steps - time.monotonic()))
            context.progress(step * 100 // steps, str(time.time_ns()))
        return Result()


HANDLERS: dict[str, Handler] = {"backtest": backtest, "stamped": Stamped()}


async def main(slots: int) -> None:
    settings = Settings(slots=slots)
    assert settings.database_url is not None
    worker = Worker(HANDLERS, settings, database_url=settings.database_url)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, worker.stop)
    task = asyncio.create_task(worker.run())
    await worker.started.wait()
    write_json({"worker": str(worker.id)})
    await task


if __name__ == "__main__":
    configure_logs(30)
    uvloop.run(main(int(sys.argv[1])))
