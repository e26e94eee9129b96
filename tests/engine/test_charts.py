"""Charts drawn in Postgres hold what the bars hold, beside numpy on the same bars; and a trade finds its bucket."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray
from psycopg import AsyncConnection

from engine import charts, store, synthetic
from engine.bars import Bars
from engine.charts import Drawn
from engine.resample import resample
from engine.store import Listing
from engine.timeframes import nanoseconds

pytestmark = pytest.mark.anyio
START = nanoseconds(datetime(2020, 2, 24, tzinfo=UTC))


def walk(timeframe: str, count: int) -> Bars:
    return synthetic.walk(
        count, seed=5, timeframe=timeframe, start=START, volatility=0.01, drift=0.0, round_the_clock=True
    )


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connected:
        yield connected


def keep(connection: psycopg.Connection, timeframe: str, bars: Bars, zone: str = "America/New_York") -> None:
    store.import_bars(connection, Listing("TEST", timeframe, "test", timezone=zone), bars)


async def drawn(database_url: str, timeframe: str, **facts: object) -> Drawn:
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        source = await charts.find_source(connection, "TEST", timeframe)
        assert source is not None
        return await charts.draw(connection, source, **facts)  # type: ignore[arg-type]


def grouped(bars: Bars, step: int) -> list[NDArray[np.float64]]:
    begins = np.arange(0, len(bars), step)
    ends = np.append(begins[1:], len(bars)) - 1
    return [
        bars.time[begins].astype(np.float64),
        bars.open[begins],
        np.maximum.reduceat(bars.high, begins),
        np.minimum.reduceat(bars.low, begins),
        bars.close[ends],
        np.add.reduceat(bars.volume, begins),
    ]


@pytest.mark.parametrize(("count", "limit", "step"), [(10, 10, 1), (10, 9, 2), (11, 4, 3), (7, 1, 7), (1, 2000, 1)])
async def test_buckets_are_whole_bars_in_a_row(
    database_url: str, connection: psycopg.Connection, count: int, limit: int, step: int
) -> None:
    bars = walk("1d", count)
    keep(connection, "1d", bars)

    found = await drawn(database_url, "1d", limit=limit)

    assert (found.bars, found.step, found.last_time) == (count, step, int(bars.time[-1]))
    assert len(found.columns[0]) <= limit
    for mine, theirs in zip(found.columns, grouped(bars, step), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)


@pytest.mark.parametrize(("fine", "coarse"), [("1m", "1h"), ("15m", "4h"), ("1m", "1d"), ("1h", "1w"), ("1d", "1w")])
async def test_what_is_not_stored_is_drawn_as_a_run_would_make_it(
    database_url: str, connection: psycopg.Connection, fine: str, coarse: str
) -> None:
    """Over a change of New York's clocks where the bars are of a day."""
    bars = walk(fine, 20_000 if fine == "1m" else 900)
    keep(connection, fine, bars)
    series = store.find_series(connection, "TEST", fine)

    found = await drawn(database_url, coarse, limit=50)

    made = resample(bars, series, coarse)
    assert found.bars == len(made)
    for mine, theirs in zip(found.columns, grouped(made, found.step), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)


@pytest.mark.parametrize("fine", ["1h", "1d"])
async def test_days_are_the_sessions_and_both_belong_to_the_range(
    database_url: str, connection: psycopg.Connection, fine: str
) -> None:
    keep(connection, fine, walk(fine, 200))

    found = await drawn(database_url, "1d", first_day=date(2020, 2, 25), last_day=date(2020, 2, 27))
    nothing = await drawn(database_url, "1d", first_day=date(2001, 1, 2), last_day=date(2001, 1, 1))

    days = found.columns[0].astype("datetime64[ns]").astype("datetime64[D]").astype(str).tolist()
    assert days == ["2020-02-25", "2020-02-26", "2020-02-27"]
    assert (nothing.bars, nothing.last_time, len(nothing.columns[0])) == (0, None, 0)


async def test_every_change_of_the_bars_gives_another_fingerprint(
    database_url: str, connection: psycopg.Connection
) -> None:
    async def fingerprint() -> str:
        async with await AsyncConnection.connect(database_url) as asking:
            source = await charts.find_source(asking, "TEST", "1w")
            assert source is not None
            return source.fingerprint

    keep(connection, "1h", walk("1h", 400))
    first, again = await fingerprint(), await fingerprint()
    keep(connection, "1d", walk("1d", 20))
    of_days = await fingerprint()
    keep(connection, "1d", walk("1d", 21))

    assert first == again
    assert len({first, of_days, await fingerprint()}) == 3
