"""`pgqueue queue …`: what waits, who works, pause and resume."""

from typing import Annotated

import typer

from pgqueue.cli import session
from pgqueue.cli.output import console, notes, write_json, write_table
from pgqueue.queue import Queue

app = typer.Typer(no_args_is_help=True, help="Look at a queue and its workers; pause and resume it.")

Name = Annotated[str | None, typer.Argument(help="Queue [default: PGQUEUE_QUEUE or backtest].")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


@app.command()
def stats(queue: Name = None, as_json: Json = False) -> None:
    """Count what waits and runs, and list the live workers."""

    async def work(jobs: Queue, _database_url: str) -> None:
        found = await jobs.stats(queue)
        workers = await jobs.workers()
        if as_json:
            facts = {
                "waiting": found.waiting,
                "active": found.active,
                "paused": found.paused,
                "slots": found.slots,
                "estimatedWaitTime": found.estimated_wait_seconds,
            }
            write_json(facts | {"workers": [dict(worker) for worker in workers]})
            return
        state = "paused" if found.paused else "open"
        wait = "nobody works" if found.estimated_wait_seconds is None else f"{found.estimated_wait_seconds:.0f} s"
        console.print(
            f"{state}, {found.waiting} waiting, {found.active} running, {found.slots} slots, wait: {wait}",
            highlight=False,
        )
        if not workers:
            notes.print("No live worker. Start one with `pgqueue worker`.")
            return
        columns = ["id", "host", "pid", "queue", "slots", "running", "version", "started_at", "draining"]
        write_table(columns, ([worker[column] for column in columns] for worker in workers))

    raise typer.Exit(session.run(work))


@app.command()
def pause(queue: Name = None) -> None:
    """Start nothing more from the queue; what runs, runs on."""

    async def work(jobs: Queue, _database_url: str) -> None:
        await jobs.pause(queue)
        notes.print("Paused. Resume with `pgqueue queue resume`.")

    raise typer.Exit(session.run(work))


@app.command()
def resume(queue: Name = None) -> None:
    """Start jobs of the queue again."""

    async def work(jobs: Queue, _database_url: str) -> None:
        await jobs.resume(queue)
        notes.print("Resumed.")

    raise typer.Exit(session.run(work))
