"""A worker process with the tests' handlers: `python worker_process.py DATABASE_URL [SLOTS [LEASE_SECONDS]]`.

Says `ready` on stdout once it claims jobs; stops on SIGTERM like the real command.
"""

import asyncio
import signal
import sys

import uvloop

from handlers_for_tests import HANDLERS
from pgqueue import logs
from pgqueue.settings import Settings
from pgqueue.worker import Worker


async def main(database_url: str, slots: int = 1, lease_seconds: float = 10.0) -> None:
    worker = Worker(HANDLERS, Settings(slots=slots, lease_seconds=lease_seconds), database_url=database_url)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, worker.stop)
    task = asyncio.create_task(worker.run())
    await worker.started.wait()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await task


if __name__ == "__main__":
    logs.configure()
    uvloop.run(main(sys.argv[1], *map(int, sys.argv[2:])))
