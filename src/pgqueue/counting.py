"""Counting jobs that are looked for, among very many and to a limit."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from pgqueue.search import LOOK_AT, JobSearch, Place, parameters_of, statement

_COUNTED: LiteralString = (
    "(select count(*) from matching)::int as matched,"
    " (select id from matching order by {order} limit 1) as first_id,"
    " (select finished_at from matching order by {order} limit 1) as first_end,"
    " statement_timestamp() as at"
)


@dataclass(frozen=True, slots=True)
class Count:
    """first: the newest of the jobs counted. last: of those looked at, where there are more. at: when it was done."""

    jobs: int
    first: Place | None
    last: Place | None
    at: datetime


async def count(
    connection: AsyncConnection[Any], wanted: JobSearch, *, before: Place | None = None, most: int, most_looked_at: int
) -> Count:
    """How many jobs are so, to those limits: a piece at a time, each of LOOK_AT jobs, so that no statement is long."""
    jobs, looked_at = 0, 0
    first, at = None, None
    cursor = connection.cursor(row_factory=dict_row)
    while True:
        parameters = parameters_of(wanted, before) | {"limit": None, "look_at": LOOK_AT}
        row = await (await cursor.execute(statement(wanted, parameters, _COUNTED), parameters)).fetchone()
        assert row is not None
        at = at or row["at"]
        if first is None and row["matched"] > 0:
            first = Place(row["first_id"], row["first_end"])
        jobs, looked_at = jobs + row["matched"], looked_at + row["looked_at"]
        before = Place(row["last_id"], row["last_end"]) if row["looked_at"] == LOOK_AT else None
        if before is None and jobs <= most:
            return Count(jobs, first, None, at)
        if before is None or jobs > most or looked_at >= most_looked_at:
            return Count(min(jobs, most), first, before or Place(row["last_id"], row["last_end"]), at)
