"""`pgqueue queue …`: what waits, who works, pause and resume."""

from typing import Annotated, Any

import typer

from pgqueue.cli import session
from pgqueue.cli.output import console, notes, write_json, write_table
from pgqueue.errors import UnknownQueue
from pgqueue.queue import Queue

app = typer.Typer(no_args_is_help=True, help="Look at a queue and its workers; pause and resume it.")

Name = Annotated[str | None, typer.Argument(help="Queue [default: PGQUEUE_QUEUE or backtest].")]
Create = Annotated[bool, typer.Option("--create", help="Make a queue of that name, ahead of its first job.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]

MADE_BY_ITSELF = "It is made with its first job, or by its first worker."
MADE_BY_ASKING = "Say --create to make it, ahead of its first job."


@app.command()
def stats(queue: Name = None, as_json: Json = False) -> None:
    """Count what waits and runs, and list the live workers."""

    async def work(jobs: Queue, _database_url: str) -> None:
        await _refuse_unknown(jobs, queue, remedy=MADE_BY_ITSELF)
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


Limit = Annotated[str | None, typer.Option(help="A number, or 'none' for no limit.", metavar="N|none")]


@app.command()
def limit(
    queue: Name = None,
    max_running: Limit = None,
    max_waiting: Limit = None,
    starts: Limit = None,
    per: Annotated[float | None, typer.Option(min=0.001, help="Seconds in which so many --starts may be.")] = None,
    create: Create = False,
    as_json: Json = False,
) -> None:
    """Show what the queue allows, or change it: jobs at once, jobs that wait, starts per interval."""
    figures = {"max_running": max_running, "max_waiting": max_waiting, "starts": starts}
    chosen: dict[str, Any] = {name: _limit(name, text) for name, text in figures.items() if text is not None}
    if starts == "none":
        per = None  # of no limit, whatever was said
    elif (starts is None) != (per is None):
        raise typer.BadParameter("--starts and --per go together: --starts 10 --per 10 is ten in any ten seconds.")

    async def work(jobs: Queue, _database_url: str) -> None:
        if not create:
            await _refuse_unknown(jobs, queue, remedy=MADE_BY_ASKING)
        allowed = await jobs.limit(queue, **chosen, per_seconds=per)
        if as_json:
            write_json(dict(allowed))
        else:
            said = {name: "no limit" if figure is None else figure for name, figure in allowed.items()}
            write_table(list(said), [list(said.values())])

    raise typer.Exit(session.run(work))


def _limit(name: str, text: str) -> int | None:
    if text == "none":
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1_000_000):
        raise typer.BadParameter(f"--{name.replace('_', '-')}: {text!r} is neither 1 to 1,000,000 nor 'none'.")
    return int(text)


@app.command()
def pause(queue: Name = None, create: Create = False) -> None:
    """Start nothing more from the queue; what runs, runs on."""

    async def work(jobs: Queue, _database_url: str) -> None:
        if not create:
            await _refuse_unknown(jobs, queue, remedy=MADE_BY_ASKING)
        await jobs.pause(queue)
        notes.print(f"Paused {jobs.name if queue is None else queue}. Resume with `pgqueue queue resume`.")

    raise typer.Exit(session.run(work))


@app.command()
def resume(queue: Name = None) -> None:
    """Start jobs of the queue again."""

    async def work(jobs: Queue, _database_url: str) -> None:
        await _refuse_unknown(jobs, queue, remedy=MADE_BY_ITSELF)
        await jobs.resume(queue)
        notes.print(f"Resumed {jobs.name if queue is None else queue}.")

    raise typer.Exit(session.run(work))


async def _refuse_unknown(jobs: Queue, queue: str | None, *, remedy: str) -> None:
    """A slip of the pen makes no queue. The one of the settings need not be there yet: it will be."""
    if queue is None or queue == jobs.name:
        return
    known = await jobs.names()
    if queue not in known:
        raise UnknownQueue(queue, [*known, jobs.name], remedy=remedy)
