"""`pgqueue requeue`: run final jobs again, as new jobs that name the old ones."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from pgqueue.cli import session
from pgqueue.cli.output import notes, write_json, write_table
from pgqueue.errors import PgQueueError
from pgqueue.queue import Queue


def requeue(
    job: Annotated[list[UUID] | None, typer.Argument(help="Ids of completed, failed or cancelled jobs.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Every failed job not requeued yet.")] = False,
    since: Annotated[datetime | None, typer.Option(help="With --failed: only those that failed after this.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be requeued; change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """Run jobs again."""
    if bool(job) == failed:
        raise typer.BadParameter("name jobs, or give --failed; not both, not neither.")
    if since is not None and not failed:
        raise typer.BadParameter("--since goes with --failed.")

    async def work(queue: Queue, _database_url: str) -> int:
        ids = list(job or []) or await queue.failed(since=since.astimezone() if since else None)
        if dry_run:
            known = await queue.read(ids)
            _answer([(str(found.id), None) for found in known], as_json=as_json)
            notes.print(f"{len(known)} would be requeued; nothing was changed.")
            return int(len(known) < len(ids))
        done, errors = [], 0
        for job_id in ids:
            try:
                done.append((str(job_id), str((await queue.requeue(job_id)).job_id)))
            except PgQueueError as error:
                errors += 1
                notes.print(f"pgqueue: {error}", style="red")
        if not ids:
            notes.print("Nothing to requeue.")
        _answer(done, as_json=as_json)
        return int(errors > 0)

    raise typer.Exit(session.run(work))


def _answer(rows: Sequence[tuple[str, str | None]], *, as_json: bool) -> None:
    if as_json:
        for old, new in rows:
            write_json({"requeuedFrom": old, "jobId": new})
    elif rows:
        write_table(["job", "runs again as"], rows)
