"""Fill a queue that is paused, let it run, and time it from the first job's start to the last one's end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

LOST_SECONDS = 120.0

UNFINISHED = "select exists (select from pgqueue.jobs where queue = 'backtest' and finished_at is null)"
NEWEST = """
select extract(epoch from max(finished_at) - min(started_at))::float8, count(*) filter (where state = 'completed')
  from (select started_at, finished_at, state from pgqueue.jobs where queue = 'backtest' order by id desc limit %s)
"""


@contextmanager
def paused(database_url: str) -> Iterator[None]:
    """The queue waits while it is filled, and is then resumed; what filling left behind is tidied up first."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("select pgqueue.pause()")
        yield
        connection.execute("vacuum analyze pgqueue.jobs, pgqueue.lanes, pgqueue.accounts")
        connection.execute("checkpoint")
        connection.execute("select pgqueue.resume()")


def drained(database_url: str, count: int) -> float:
    """Seconds from the first start to the last end of the newest `count` jobs, once all have ended."""
    deadline = time.monotonic() + LOST_SECONDS
    with psycopg.connect(database_url, autocommit=True) as connection:
        while connection.execute(UNFINISHED).fetchone() == (True,):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{count} jobs were not run within {LOST_SECONDS:.0f} s")
            time.sleep(0.2)
        row = connection.execute(NEWEST, (count,)).fetchone()
    if row is None or row[1] != count:
        raise RuntimeError(f"of {count} jobs {row and row[1]} completed")
    return float(row[0])
