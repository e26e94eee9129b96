"""`pgqueue enqueue KIND`: add a job from the command line."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from pgqueue import handlers
from pgqueue.cli import session
from pgqueue.cli.follow import follow
from pgqueue.cli.output import console, write_json
from pgqueue.job import NOBODY
from pgqueue.queue import Queue


def enqueue(
    kind: Annotated[str, typer.Argument(help="What to run: a kind that some handler serves, such as backtest.")],
    args: Annotated[str, typer.Option(help="The job's args: a JSON object, or @FILE that holds one.")] = "{}",
    queue: Annotated[str | None, typer.Option(help="Queue [default: PGQUEUE_QUEUE or backtest].")] = None,
    priority: Annotated[int, typer.Option(min=1, max=10, help="10 runs first.")] = 5,
    user: Annotated[str | None, typer.Option(help="UUID of the user the job belongs to [default: nobody].")] = None,
    at: Annotated[
        str | None, typer.Option(help="Not before this time, such as 2027-01-31T18:00 (local) or 2027-01-31T18:00Z.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="Idempotency key: the same key never makes a second job.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the job to its end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """Add a job to a queue."""
    parsed = _args(args)
    user_id = _user(user)
    run_at = _at(at)
    _check(kind, parsed)

    async def work(jobs: Queue, database_url: str) -> int:
        enqueued = await jobs.enqueue(
            kind,
            parsed,
            queue=queue,
            user_id=user_id,
            priority=priority,
            run_at=run_at,
            idempotency_key=key,
            request_hash=json.dumps(parsed, sort_keys=True).encode() if key else None,
        )
        if as_json:
            write_json({"jobId": str(enqueued.job_id), "created": enqueued.created})
        elif not watch:
            console.print(str(enqueued.job_id))
        return await follow(jobs, database_url, [enqueued.job_id], as_json=as_json) if watch else 0

    raise typer.Exit(session.run(work))


def _check(kind: str, args: dict[str, Any]) -> None:
    """Refuse what the handler itself says can never run, in its words; anything else it raises is its own defect."""
    try:
        handlers.find(handlers.installed(), kind).check(args)
    except Exception as error:
        if getattr(error, "permanent", False):
            raise typer.BadParameter(str(error), param_hint="--args") from error
        raise


def _args(text: str) -> dict[str, Any]:
    source = "--args"
    if text.startswith("@"):
        source = text[1:]
        try:
            text = Path(source).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"{source}: cannot be read ({error}).") from error
    try:
        parsed = json.loads(text)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(f"{source}: not JSON ({error}). Give an object such as '{{\"steps\": 3}}'.") from error
    if not isinstance(parsed, dict):
        raise typer.BadParameter(f"{source}: a JSON object is needed, this is a {type(parsed).__name__}.")
    return parsed


def _at(text: str | None) -> datetime | None:
    """Never a time that is over: whoever gives one has most likely mistaken the day or the time zone."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"--at: {text!r} is no time. Give one such as 2027-01-31T18:00Z.") from error
    late = datetime.now(at.tzinfo) - at
    if late.total_seconds() > 0:
        raise typer.BadParameter(
            f"--at: {at.isoformat()} was {late.total_seconds():.0f} s ago. Leave --at away to run the job now."
        )
    return at


def _user(text: str | None) -> UUID:
    if text is None:
        return NOBODY
    try:
        return UUID(text)
    except ValueError as error:
        raise typer.BadParameter(f"--user: {text!r} is no UUID.") from error
