"""How the command line answers: tables for people, one JSON object a line for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from pgqueue.job import JobSnapshot

console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 200)
"""stdout: the answer and nothing else."""
notes = Console(stderr=True, soft_wrap=True)
"""stderr: everything said beside the answer."""


def write_json(value: object) -> None:
    """One object, one line."""
    sys.stdout.write(json.dumps(value, allow_nan=False, default=str) + "\n")
    sys.stdout.flush()


def job_json(job: JobSnapshot) -> dict[str, Any]:
    """A job as programs read it: the names of the HTTP API."""
    return {
        "jobId": str(job.id),
        "queue": job.queue,
        "kind": job.kind,
        "userId": str(job.user_id),
        "status": job.status,
        "progress": job.percent,
        "stepCode": job.step,
        "estimatedTimeRemaining": job.remaining_seconds,
        "priority": job.priority,
        "attempt": job.attempt,
        "snoozes": job.snoozes,
        "seq": job.seq,
        "runAt": job.run_at.isoformat(),
        "createdAt": job.created_at.isoformat(),
        "updatedAt": job.updated_at.isoformat(),
        "startedAt": job.started_at.isoformat() if job.started_at else None,
        "finishedAt": job.finished_at.isoformat() if job.finished_at else None,
        "cancelRequested": job.cancel_requested,
        "requeuedFrom": str(job.requeued_from) if job.requeued_from else None,
        "error": job.error,
        "summary": job.summary,
    }


def write_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console.print(table)
