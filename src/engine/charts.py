"""Bars to draw: a range of a series as at most so many buckets of whole bars, made where the bars are."""

from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from engine import binary_arrays
from engine.queries import sql
from engine.resample import coarser, finest_fit, reach
from engine.series import Series
from engine.timeframes import SECOND, TIMEFRAMES, day_end, day_start, is_intraday, moment, nanoseconds

MOST_BUCKETS = 2_000
"""More than any screen has columns for."""
MOST_BARS = 5_000_000
"""Read for one chart, as for one run: some seconds of one of Postgres's cores."""
MICROSECOND = 1_000
PRICE_FIELDS = binary_arrays.FIELDS[1:]


@dataclass(frozen=True, slots=True)
class Source:
    """series: of the timeframe to draw. stored: what it is made of; the same where it is stored itself."""

    series: Series
    stored: Series

    @property
    def fingerprint(self) -> str:
        """Another as soon as one of the bars is: series that were deleted and imported anew begin at version 1."""
        facts = (self.series.timeframe, self.stored)
        return sha256(repr(facts).encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Drawn:
    """columns: time, (k,) int64 nanoseconds UTC at which a bucket's first bar opens, then PRICE_FIELDS.

    bars: whole bars in the range. step: bars of one bucket; the last bucket may have fewer. last_time: nanoseconds UTC
    at which the last bar opens, None where there is none.
    """

    columns: list[NDArray[Any]]
    bars: int
    step: int
    last_time: int | None


async def find_source(connection: AsyncConnection[Any], symbol: str, timeframe: str) -> Source | None:
    """The series to draw, or the finer one that it can be made of; None where there is neither."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(sql("list_series_of"), {"symbol": symbol})
        listed = [Series.of_row(row) for row in await cursor.fetchall()]
    for series in listed:
        if series.timeframe == timeframe:
            return Source(series, series)
    fine = finest_fit(listed, symbol, timeframe)
    return None if fine is None else Source(coarser(fine, timeframe), fine)


async def draw(
    connection: AsyncConnection[Any],
    source: Source,
    *,
    first_day: date | None = None,
    last_day: date | None = None,
    limit: int = MOST_BUCKETS,
) -> Drawn:
    """The bars of those days of the session, both inclusive, in at most `limit` buckets. None: all there are.

    Of more than MOST_BARS stored bars the first so many.
    """
    series, stored = source.series, source.stored
    zone = series.session_timezone
    start = series.first_time if first_day is None else day_start(first_day, series.timeframe, zone)
    end = series.last_time + MICROSECOND if last_day is None else day_end(last_day, series.timeframe, zone)
    asked: dict[str, Any] = {
        "symbol": series.symbol,
        "timeframe": stored.timeframe,
        "start": moment(start),
        "end": moment(end),
        "limit": limit,
        "most": MOST_BARS,
    }
    verb = "draw_bars"
    if series.timeframe != stored.timeframe:
        fine_start, fine_end = reach(stored, series, (start, max(start, end)), 0)
        asked |= {
            "coarse": series.timeframe,
            "seconds": TIMEFRAMES[series.timeframe] // SECOND,
            "zone": zone if is_intraday(stored.timeframe) else "UTC",
            "fine_start": moment(fine_start),
            "fine_end": moment(fine_end),
        }
        verb = "draw_coarser_bars"
    return await _drawn(connection, verb, asked)


async def _drawn(connection: AsyncConnection[Any], verb: str, asked: dict[str, Any]) -> Drawn:
    async with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        await cursor.execute(sql(verb), asked)
        found, fields = cursor.pgresult, len(binary_arrays.FIELDS)
        row = await cursor.fetchone()
    assert found is not None
    assert row is not None
    columns = binary_arrays.unpack([found.get_value(0, column) for column in range(fields)])
    bars, step, last_time = row[fields:]
    return Drawn(columns, bars, step, nanoseconds(last_time) if isinstance(last_time, datetime) else None)


def milliseconds(times: NDArray[np.int64]) -> list[int]:
    """Nanoseconds as what browsers count in."""
    whole: list[int] = (times // 1_000_000).tolist()
    return whole
