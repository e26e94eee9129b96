"""What dashboards ask of a queue: how it stands now, and counts since it was made that only grow."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from pgqueue.queries import sql

GAUGE_COUNT_LIMIT = 100_000
"""Ready jobs, and delayed jobs of nobody, are counted so far and no further."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How many took so long. buckets: (upper bound in seconds, how many in this bucket), ascending, infinity last."""

    buckets: list[tuple[float, int]] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Gauges:
    """One look at a queue. Times are seconds since 1970 by Postgres's clock; None where there is nothing."""

    ready: int
    parked: int
    """Held back at their owner's limit, or scheduled."""
    processing: int
    oldest_run_at: float | None
    paused: bool
    workers: int
    draining: int
    slots: int
    beat_at: float | None
    """The oldest of the live workers' last signs of life."""
    notifications: float
    """How full the server's notification queue is, 0 to 1."""
    now: float
    counts: Mapping[str, int]
    """Of `enqueued`, `completed`, `failed`, `cancelled` jobs, `failures` and `crashes` of runs of ended jobs."""
    waits: Distribution
    runs: Distribution

    @property
    def waiting(self) -> int:
        return self.ready + self.parked


async def read_gauges(connection: AsyncConnection[Any], queue: str) -> Gauges:
    """The queue as it stands, its counts brought up to about a second ago."""
    parameters = {"queue": queue, "count_limit": GAUGE_COUNT_LIMIT}
    await connection.execute(sql("tally"), parameters)
    counts: defaultdict[str, int] = defaultdict(int)
    spread = {"wait": Distribution(), "run": Distribution()}
    for measure, bucket, count, seconds in await (await connection.execute(sql("read_tallies"), parameters)).fetchall():
        if measure not in spread:
            counts[measure] = count
            continue
        known = spread[measure]
        spread[measure] = Distribution([*known.buckets, (bucket, count)], known.seconds + seconds)
    cursor = connection.cursor(row_factory=dict_row)
    totals = await (await cursor.execute(sql("stats"), parameters)).fetchone()
    row = await (await cursor.execute(sql("gauge_queue"), parameters)).fetchone()
    assert totals is not None
    assert row is not None
    return Gauges(
        **row,
        ready=totals["ready"],
        parked=int(totals["waiting"]) - totals["ready"],
        processing=totals["active"],
        paused=totals["paused"],
        workers=totals["workers"],
        slots=totals["slots"],
        counts=counts,
        waits=spread["wait"],
        runs=spread["run"],
    )
