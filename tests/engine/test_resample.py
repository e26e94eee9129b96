"""Coarser bars of finer ones, beside a plain loop; and a run on them beside a run on the same bars, stored."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
import pytest

from engine import coverage, store, synthetic
from engine.bars import Bars
from engine.errors import UnknownSymbol
from engine.request import parse_args
from engine.resample import resample
from engine.series import Prices
from engine.store import Listing
from engine.timeframes import TIMEFRAMES, moment, nanoseconds

START = nanoseconds(datetime(2020, 2, 24, tzinfo=UTC))


def plainly(bars: Bars, begin_of: Callable[[datetime], datetime]) -> list[tuple[float, ...]]:
    made: dict[int, list[int]] = {}
    for row, time in enumerate(bars.time.tolist()):
        made.setdefault(nanoseconds(begin_of(moment(time))), []).append(row)
    return [
        (
            at,
            bars.open[rows[0]],
            max(bars.high[rows]),
            min(bars.low[rows]),
            bars.close[rows[-1]],
            sum(bars.volume[rows]),
        )
        for at, rows in made.items()
    ]


def sessions(zone: str, count: int = 30_000) -> Bars:
    """Minutes of 09:30 to 16:00 there, with holes; over a change of the clocks."""
    whole = synthetic.walk(
        count, seed=3, timeframe="1m", start=START, volatility=0.001, drift=0.0, round_the_clock=True
    )
    local = [moment(time).astimezone(ZoneInfo(zone)) for time in whole.time.tolist()]
    is_open = np.array([time.weekday() < 5 and 570 <= time.hour * 60 + time.minute < 960 for time in local])
    is_open &= np.random.default_rng(1).random(count) > 0.2
    columns = (whole.time, whole.open, whole.high, whole.low, whole.close, whole.volume)
    return Bars(*(column[is_open] for column in columns))


def to_day(time: datetime, zone: ZoneInfo) -> datetime:
    local = time.astimezone(zone)
    return datetime(local.year, local.month, local.day, tzinfo=UTC)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connected:
        yield connected


def stored(connection: psycopg.Connection, bars: Bars, zone: str, timeframe: str = "1m") -> Prices:
    store.import_bars(connection, Listing("X", timeframe, "test", timezone=zone), bars)
    return store.load_all(connection, "X", timeframe)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Seoul"])
@pytest.mark.parametrize("timeframe", ["5m", "1h", "4h", "1d", "1w"])
def test_bars_are_gathered_as_a_plain_loop_gathers_them(
    connection: psycopg.Connection, zone: str, timeframe: str
) -> None:
    prices = stored(connection, sessions(zone), zone)
    there = ZoneInfo(zone)

    def begin_of(time: datetime) -> datetime:
        if timeframe == "1d":
            return to_day(time, there)
        if timeframe == "1w":
            day = to_day(time, there)
            return day - timedelta(days=day.weekday())
        local = time.astimezone(there)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
        return midnight + (time - midnight) // _length(timeframe) * _length(timeframe)

    made = resample(prices.bars, prices.series, timeframe)
    columns = (made.time, made.open, made.high, made.low, made.close, made.volume)
    assert np.array_equal(np.column_stack(columns), np.array(plainly(prices.bars, begin_of)))


def _length(timeframe: str) -> timedelta:
    return timedelta(microseconds=TIMEFRAMES[timeframe] // 1_000)


@pytest.mark.parametrize("timeframe", ["1h", "1d", "1w"])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_what_a_run_sees_is_what_it_would_see_of_stored_bars(
    connection: psycopg.Connection, timeframe: str, zone: str
) -> None:
    fine = stored(connection, sessions(zone), zone)
    request = parse_args(
        {
            "strategyId": "sma-cross",
            "symbol": "X",
            "timeframe": timeframe,
            "startDate": "2020-03-05",
            "endDate": "2020-03-12",
        }
    )
    for look_back in (0, 3, 8):
        made = store.load_prices(
            connection, "X", timeframe, span=lambda series: coverage.span(request, series), look_back=look_back
        )
        whole = Prices(made.series, resample(fine.bars, fine.series, timeframe))
        seen, first = coverage.cut(request, made, look_back=look_back)
        expected, first_expected = coverage.cut(request, whole, look_back=look_back)
        assert first == first_expected
        assert np.array_equal(seen.bars.time, expected.bars.time)
        assert np.array_equal(seen.bars.close, expected.bars.close)
        assert np.array_equal(seen.bars.volume, expected.bars.volume)
        assert made.series.source == "test; resampled from 1m"


def test_the_coarsest_that_fits_is_taken_and_finer_bars_are_never_made(connection: psycopg.Connection) -> None:
    stored(connection, sessions("UTC"), "UTC")
    hourly = resample(sessions("UTC"), store.load_all(connection, "X", "1m").series, "1h")
    stored(connection, hourly, "UTC", "1h")
    assert store.load_all(connection, "X", "1d").series.source == "test; resampled from 1h"
    assert store.load_all(connection, "X", "1h").series.source == "test"
    with pytest.raises(UnknownSymbol):
        store.load_all(connection, "Y", "1d")
    store.delete(connection, "X", "1m")
    with pytest.raises(UnknownSymbol, match="no 5m prices of X"):
        store.load_all(connection, "X", "5m")
