"""Progress bars of running jobs in the terminal; a JSON object per change for programs."""

from collections.abc import Sequence
from uuid import UUID

from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from pgqueue.cli.output import job_json, notes, write_json
from pgqueue.job import JobSnapshot, JobState
from pgqueue.queue import Queue
from pgqueue.watch import watch


async def follow(queue: Queue, database_url: str, job_ids: Sequence[UUID], *, as_json: bool) -> int:
    """Show the jobs until all are final. Exit code: 0 when every one completed, else 1."""
    final: dict[UUID, JobSnapshot] = {}
    with _bars(disabled=as_json) as bars:
        tasks: dict[UUID, TaskID] = {}
        async for job in watch(database_url, queue, job_ids):
            if as_json:
                write_json(job_json(job))
            else:
                _draw(bars, tasks, job)
            if job.is_final:
                final[job.id] = job
    missing = [job_id for job_id in job_ids if job_id not in final]
    for job_id in missing:
        notes.print(f"pgqueue: job {job_id}: not found. List jobs with `pgqueue jobs list`.", style="red")
    for job in final.values():
        if job.error is not None and not as_json:
            notes.print(f"job {job.id}: {job.error['message']}", style="red")
    return int(bool(missing) or any(job.state is not JobState.COMPLETED for job in final.values()))


def _bars(*, disabled: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[status]}"),
        TimeElapsedColumn(),
        console=notes,
        disable=disabled,
    )


def _draw(bars: Progress, tasks: dict[UUID, TaskID], job: JobSnapshot) -> None:
    status = f"{job.status} ({job.step})" if job.step else job.status
    if job.id not in tasks:
        tasks[job.id] = bars.add_task(f"{job.kind} {job.id}", total=100, status=status)
    bars.update(tasks[job.id], completed=job.percent, status=status)
