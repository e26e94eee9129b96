"""`pgqueue jobs …`: list, show, watch, cancel, move, delete."""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated
from uuid import UUID

import typer

from pgqueue.cli import session
from pgqueue.cli.follow import follow
from pgqueue.cli.output import console, job_json, notes, write_json, write_table
from pgqueue.errors import JobNotFound, PgQueueError
from pgqueue.job import Cancelled, HistoryEntry, JobSnapshot, JobState
from pgqueue.queue import Queue

app = typer.Typer(no_args_is_help=True, help="Look at jobs, follow them, stop them.")

Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]
Jobs = Annotated[list[UUID], typer.Argument(help="Job ids.")]

STATES: dict[str, set[JobState]] = {
    "waiting": {JobState.SCHEDULED, JobState.HELD, JobState.READY},
    **{state.value: {state} for state in JobState if state.status == state.value},
}


@app.command("list")
def list_(
    status: Annotated[str | None, typer.Option(help=f"One of {', '.join(STATES)}.")] = None,
    user: Annotated[UUID | None, typer.Option(help="Only this user's.")] = None,
    queue: Annotated[str | None, typer.Option(help="Only this queue's.")] = None,
    before: Annotated[UUID | None, typer.Option(help="Older than this job: the next page.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    as_json: Json = False,
) -> None:
    """List jobs, newest first."""
    if status is not None and status not in STATES:
        raise typer.BadParameter(f"--status: {status!r} is none of {', '.join(STATES)}.")

    async def work(jobs: Queue, _database_url: str) -> None:
        states = STATES[status] if status else None
        found = await jobs.list(user_id=user, queue=queue, states=states, before=before, limit=limit)
        if as_json:
            for job in found:
                write_json(job_json(job))
        elif found:
            write_table(["job", "kind", "status", "%", "attempt", "priority", "created", "error"], map(_row, found))
        else:
            notes.print("No jobs. Add one with `pgqueue enqueue`.")
        if len(found) == limit:
            notes.print(f"More may follow: --before {found[-1].id}")

    raise typer.Exit(session.run(work))


def _row(job: JobSnapshot) -> list[object]:
    created = job.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    error = job.error["message"] if job.error else None
    return [job.id, job.kind, job.status, job.percent, job.attempt, job.priority, created, error]


@app.command()
def show(job: Annotated[UUID, typer.Argument(help="Job id.")], as_json: Json = False) -> None:
    """Show everything about one job, and its history; of a deleted one the history alone."""

    async def work(jobs: Queue, _database_url: str) -> None:
        found, history = await jobs.read([job]), await jobs.history(job)
        if not found and not history:
            raise JobNotFound(job)
        facts = job_json(found[0]) | {"args": found[0].args} if found else {"jobId": str(job)}
        if as_json:
            write_json(facts | {"history": [_moment_json(moment) for moment in history]})
            return
        for name, value in facts.items():
            text = json.dumps(value, indent=2) if isinstance(value, dict) else str(value)
            if value is not None:
                console.print(f"{name:<24}{text}", markup=False, highlight=False)
        console.print()
        write_table(["at", "event", "attempt", "worker", "by", "why"], map(_moment, history))

    raise typer.Exit(session.run(work))


def _moment(moment: HistoryEntry) -> list[object]:
    at = moment.at.astimezone().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return [at, moment.event, moment.attempt, moment.worker_id, moment.actor, moment.reason]


def _moment_json(moment: HistoryEntry) -> dict[str, object]:
    return {
        "at": moment.at.isoformat(),
        "event": moment.event,
        "attempt": moment.attempt,
        "workerId": str(moment.worker_id) if moment.worker_id else None,
        "actor": moment.actor,
        "reason": moment.reason,
    }


@app.command()
def watch(job: Jobs, as_json: Json = False) -> None:
    """Follow jobs to their end; exit code 0 when all completed."""

    async def work(jobs: Queue, database_url: str) -> int:
        return await follow(jobs, database_url, job, as_json=as_json)

    raise typer.Exit(session.run(work))


@app.command()
def cancel(job: Jobs, as_json: Json = False) -> None:
    """Cancel waiting jobs at once; ask running ones to stop."""
    words = {
        Cancelled.CANCELLED: "cancelled",
        Cancelled.REQUESTED: "running; asked to stop",
        Cancelled.ALREADY: "had been cancelled before",
    }

    async def cancel_one(jobs: Queue, job_id: UUID) -> None:
        outcome = await jobs.cancel(job_id)
        _answer(job_id, outcome.value, words[outcome], as_json=as_json)

    _each(job, cancel_one)


@app.command()
def priority(
    job: Jobs,
    to: Annotated[int, typer.Option("--to", min=1, max=10, help="1 to 10; 10 is first.")],
    as_json: Json = False,
) -> None:
    """Move waiting jobs to another priority, at the end of their owner's turns there."""

    async def move(jobs: Queue, job_id: UUID) -> None:
        await jobs.set_priority(job_id, to)
        _answer(job_id, "moved", f"priority {to}", as_json=as_json)

    _each(job, move)


@app.command()
def delete(
    job: Jobs,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this it is refused.")] = False,
    as_json: Json = False,
) -> None:
    """Remove jobs that have ended, with their results and attempts."""
    if not yes:
        raise typer.BadParameter("results cannot be brought back: say --yes.")

    async def remove(jobs: Queue, job_id: UUID) -> None:
        await jobs.delete(job_id)
        _answer(job_id, "deleted", "deleted", as_json=as_json)

    _each(job, remove)


def _each(ids: Sequence[UUID], act: Callable[[Queue, UUID], Awaitable[None]]) -> None:
    """Act on one after the other; what is refused is said and stops none of the others."""

    async def work(jobs: Queue, _database_url: str) -> int:
        errors = 0
        for job_id in ids:
            try:
                await act(jobs, job_id)
            except PgQueueError as error:
                errors += 1
                notes.print(f"pgqueue: {error}", style="red")
        return int(errors > 0)

    raise typer.Exit(session.run(work))


def _answer(job_id: UUID, outcome: str, words: str, *, as_json: bool) -> None:
    if as_json:
        write_json({"jobId": str(job_id), "outcome": outcome})
    else:
        console.print(f"{job_id}  {words}", highlight=False)
