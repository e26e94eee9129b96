"""`pgqueue worker`: run jobs until told to stop."""

import asyncio
import signal
from typing import Annotated

import typer
import uvloop

from pgqueue import handlers, logs
from pgqueue.cli.output import write_json
from pgqueue.database import require_url
from pgqueue.environment import warn_of_unknown_settings
from pgqueue.schema_version import check_database
from pgqueue.settings import load_settings
from pgqueue.worker import Worker


def worker(
    queue: Annotated[str | None, typer.Option(help="Queue to work on [default: PGQUEUE_QUEUE or backtest].")] = None,
    slots: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Jobs at a time, one process each [default: one per core].")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Answer /livez, /readyz, /metrics there; 0 takes a free port."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help='Say {"worker": …, "port": …} on stdout once jobs are taken.')
    ] = False,
) -> None:
    """Run jobs until SIGTERM or Ctrl-C; a second one gives running jobs back at once."""
    chosen = {"queue": queue, "slots": slots, "worker_port": port}
    settings = load_settings(**{name: value for name, value in chosen.items() if value is not None})
    logs.configure(as_json=settings.log_format == "json")
    warn_of_unknown_settings()
    database_url = require_url(settings)

    async def work() -> None:
        await check_database(database_url)
        instance = Worker(handlers.installed(), settings, database_url=database_url)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, instance.stop)
        if as_json:
            telling = asyncio.create_task(_tell(instance))
        await instance.run()
        if as_json:
            await telling

    uvloop.run(work())


async def _tell(instance: Worker) -> None:
    await instance.started.wait()
    write_json({"worker": str(instance.id), "port": instance.health_port})
