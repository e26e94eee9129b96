"""The worker that benches measure, the product's own: `python worker.py SLOTS [KIND …]`, by default with all kinds."""

import asyncio
import signal
import sys
from collections.abc import Sequence

import uvloop

from bench.handlers import HANDLERS
from pgqueue import Settings, configure_logs
from pgqueue.cli.output import write_json
from pgqueue.worker import Worker


async def main(slots: int, kinds: Sequence[str]) -> None:
    settings = Settings(slots=slots)
    assert settings.database_url is not None
    handlers = {kind: HANDLERS[kind] for kind in kinds or HANDLERS}
    worker = Worker(handlers, settings, database_url=settings.database_url)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, worker.stop)
    task = asyncio.create_task(worker.run())
    await worker.started.wait()
    write_json({"worker": str(worker.id)})
    await task


if __name__ == "__main__":
    configure_logs(30)
    uvloop.run(main(int(sys.argv[1]), sys.argv[2:]))
