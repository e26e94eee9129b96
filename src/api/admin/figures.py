"""The figures of a dashboard, as operators are answered: counts, waits, runs and throughput."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection

from api.accounts import PLANS
from api.shapes import iso
from pgqueue import overview


async def read_hour(connection: AsyncConnection[Any]) -> dict[str, Any]:
    """Waits, runs and what ended by minute, of the last hour."""
    row = await overview.last_hour(connection)
    return {
        "jobs": row["jobs"],
        "wholeFrom": iso(row["whole_from"]),
        "waitSeconds": _percentiles(row["wait"]),
        "runSeconds": _percentiles(row["run"]),
        "minutes": [
            {"minute": minute, "completed": completed, "failed": failed, "cancelled": cancelled}
            for minute, completed, failed, cancelled in row["minutes"]
        ],
    }


async def read_stats(
    connection: AsyncConnection[Any],
    *,
    queues: Sequence[Mapping[str, Any]],
    workers: Sequence[Mapping[str, Any]],
    hour: Mapping[str, Any],
) -> dict[str, Any]:
    """Counts by status and plan, the oldest waiting, and what is given of queues, workers and the last hour."""
    # Not by queue: one that never had a job is in no list, and its workers wait for the first.
    taking = [worker for worker in workers if not worker["draining"]]
    counts, estimate = await overview.count_jobs(connection)
    oldest = await overview.oldest_waiting(connection)
    return {
        "counts": [{"status": row["status"], "plan": PLANS[row["tier"]], "jobs": row["jobs"]} for row in counts],
        "countedTo": overview.COUNTED,
        "isExact": estimate is None,
        "estimatedTotal": estimate,
        "oldestWaitingSeconds": None if oldest is None else round(max(0.0, oldest)),
        "workers": len(taking),
        "slots": sum(worker["slots"] for worker in taking),
        "pausedQueues": [queue["name"] for queue in queues if queue["paused"]],
        "lastHour": hour,
    }


def _percentiles(values: Sequence[float] | None) -> dict[str, float] | None:
    if values is None:
        return None
    return {name: round(value, 3) for name, value in zip(("p50", "p95", "p99"), values, strict=True)}
