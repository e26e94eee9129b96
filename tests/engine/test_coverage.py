"""Which bars are meant, in whose days, and whether they are all there."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from engine.bars import Bars
from engine.coverage import cut, is_complete, span
from engine.request import BacktestRequest, parse_args
from engine.series import Prices, Series
from engine.timeframes import annualization_factor, iso_time, nanoseconds, session_days

HOUR = 3_600_000_000_000


def ask(start: str, end: str, timeframe: str = "1d") -> BacktestRequest:
    return parse_args({"strategyId": "test", "startDate": start, "endDate": end, "timeframe": timeframe})


def series(first: str, last: str, timeframe: str = "1d", *, always: bool = False) -> Series:
    begin, end = (nanoseconds(datetime.fromisoformat(day).replace(tzinfo=UTC)) for day in (first, last))
    return Series("X", "X", "America/New_York", always, timeframe, begin, end, 2, 1, False, False, "test")


@pytest.mark.parametrize(
    ("start", "end", "complete"),
    [
        ("2022-01-03", "2022-01-07", True),
        ("2022-01-01", "2022-01-09", True),  # a weekend on either side
        ("2021-12-31", "2022-01-07", False),
        ("2022-01-03", "2022-01-10", False),
        ("2022-01-04", "2022-01-05", True),
    ],
)
def test_weekends_are_no_gap_where_the_market_is_closed(start: str, end: str, complete: bool) -> None:
    assert is_complete(ask(start, end), series("2022-01-03", "2022-01-07")) is complete


def test_a_market_that_never_closes_has_no_weekends() -> None:
    always = series("2022-01-03", "2022-01-07", always=True)
    assert not is_complete(ask("2022-01-03", "2022-01-08"), always)
    assert is_complete(ask("2022-01-03", "2022-01-07"), always)


def test_a_week_covers_all_its_days() -> None:
    assert is_complete(ask("2022-01-03", "2022-01-14", "1w"), series("2022-01-03", "2022-01-10", "1w"))


def test_the_days_of_hourly_bars_are_the_sessions() -> None:
    start, end = span(ask("2022-07-01", "2022-07-05", "1h"), series("2022-01-03", "2022-12-31", "1h"))
    assert (iso_time(start), iso_time(end)) == ("2022-07-01T04:00:00Z", "2022-07-06T04:00:00Z")
    always = series("2022-01-03", "2022-12-31", "1h", always=True)
    assert iso_time(span(ask("2022-07-01", "2022-07-05", "1h"), always)[0]) == "2022-07-01T00:00:00Z"


def test_session_days_follow_the_clocks_change() -> None:
    """New York went from UTC−5 to UTC−4 on 2022-03-13: midnight moved from 05:00 to 04:00 UTC."""
    times = np.array([nanoseconds(datetime(2022, 3, day, hour, tzinfo=UTC)) for day, hour in
                      ((12, 4), (12, 5), (13, 4), (13, 5), (14, 3), (14, 4))])  # fmt: skip
    found = session_days(times, "1h", "America/New_York").astype("datetime64[D]").astype(date).tolist()
    assert [day.day for day in found] == [11, 12, 12, 13, 13, 14]


def test_a_cut_keeps_the_range_and_its_look_back() -> None:
    facts = series("2022-01-03", "2022-01-07")
    bars = Bars.of_closes(facts.first_time + np.arange(5) * 24 * HOUR, np.arange(1.0, 6))
    prices, first = cut(ask("2022-01-05", "2022-01-06"), Prices(facts, bars), look_back=1)
    assert (prices.bars.close.tolist(), first) == ([2, 3, 4], 1)
    prices, first = cut(ask("2022-01-04", "2022-01-09"), Prices(facts, bars), look_back=50)
    assert (len(prices.bars), first) == (5, 1)


def test_a_year_has_as_many_returns_as_its_market_has_days() -> None:
    factors = [annualization_factor(t, round_the_clock=always) for t in ("1w", "1d", "1m") for always in (False, True)]
    assert factors == [52, 52, 252, 365, 252, 365]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Seoul", "Australia/Lord_Howe", "America/Sao_Paulo"])
def test_a_session_is_the_date_on_the_wall(zone: str) -> None:
    """Sao Paulo's clocks changed at midnight, Lord Howe's change by half an hour."""
    random = np.random.default_rng(7)
    begin = nanoseconds(datetime(2015, 1, 1, tzinfo=UTC))
    times = np.sort(begin + random.integers(0, 4 * 365 * 24 * 60, 3_000) * 60_000_000_000)
    wall = [datetime.fromtimestamp(time // 10**9, ZoneInfo(zone)).date() for time in times.tolist()]
    assert session_days(times, "1m", zone).astype("datetime64[D]").astype(date).tolist() == wall
