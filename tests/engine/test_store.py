"""Bars in a real Postgres come back as they went in."""

import struct
from collections.abc import Iterator
from datetime import date

import numpy as np
import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from engine import binary_arrays, sample, store
from engine.bars import Bars
from engine.errors import TooManyBars, UnknownSymbol
from engine.series import Series
from engine.timeframes import day_end, day_start

pytestmark = pytest.mark.anyio
DAY = 86_400_000_000_000


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connected:
        yield connected


def days(count: int, first: int = 18_000, *, dearer: float = 0.0) -> Bars:
    """Bars whose prices tell their day. first: days since 1970."""
    numbers = first + np.arange(count)
    closes = (numbers - 17_900).astype(np.float64) + dearer
    return Bars(numbers * DAY, closes, closes + 1, closes - 1, closes, closes * 10)


def listing(symbol: str = "TEST", **facts: object) -> store.Listing:
    return store.Listing(symbol=symbol, timeframe="1d", source="test", **facts)  # type: ignore[arg-type]


def load(connection: psycopg.Connection, start: int, end: int, look_back: int = 0) -> Bars:
    series = store.find_series(connection, "TEST", "1d")
    return store.load(connection, series, start=start * DAY, end=end * DAY, look_back=look_back)


def same(left: Bars, right: Bars) -> bool:
    return all(
        getattr(left, name).tobytes() == getattr(right, name).tobytes()
        for name in ("time", "open", "high", "low", "close", "volume")
    )


def test_what_is_no_array_is_refused() -> None:
    head = struct.pack(">iiIii", 1, 0, 701, 1, 1)
    whole = head + struct.pack(">id", 8, 2.5)
    assert binary_arrays.unpack([None, None])[0].tolist() == []
    time, price = binary_arrays.unpack([head + struct.pack(">iq", 8, 1), whole])
    assert (time.tolist(), price.tolist()) == ([946_684_800_000_001_000], [2.5])
    for broken in (whole[:-5], struct.pack(">i", 2) + whole[4:], struct.pack(">ii", 1, 1) + whole[8:]):
        with pytest.raises(ValueError, match="not a binary array"):
            binary_arrays.unpack([whole, broken])


@pytest.mark.parametrize("page", [1, 7, 50, 100, 101])
def test_bars_come_by_pages_of_any_size(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    bars = days(100)
    store.import_bars(connection, listing(), bars)
    monkeypatch.setattr(store, "_PAGE", page)
    assert same(load(connection, 0, 30_000), bars)


def test_imported_bars_are_loaded_bit_for_bit(connection: psycopg.Connection) -> None:
    bars = sample.find("SPX", "1d").read().bars
    store.import_bars(connection, listing(), bars)
    assert same(load(connection, 0, 30_000), bars)


def test_a_load_is_cut_to_its_range_and_look_back(connection: psycopg.Connection) -> None:
    store.import_bars(connection, listing(), days(100))
    assert same(load(connection, 18_010, 18_020), days(10, 18_010))
    assert same(load(connection, 18_010, 18_020, look_back=4), days(14, 18_006))
    assert same(load(connection, 18_010, 18_020, look_back=5_000), days(20))
    assert len(load(connection, 17_000, 17_001, look_back=5)) == 0


def test_a_second_import_changes_nothing(connection: psycopg.Connection) -> None:
    first = store.import_bars(connection, listing(), days(100))
    again = store.import_bars(connection, listing(), days(100))
    assert (first.added, first.corrected, first.unchanged, first.version) == (100, 0, 0, 1)
    assert (again.added, again.corrected, again.unchanged, again.version) == (0, 0, 100, 1)


def test_an_import_adds_and_corrects_and_raises_the_version(connection: psycopg.Connection) -> None:
    store.import_bars(connection, listing(name="A test", timezone="America/New_York"), days(100))
    done = store.import_bars(connection, listing(), days(20, 18_090, dearer=0.5))
    series = store.find_series(connection, "TEST", "1d")
    assert (done.version, series.version, series.bars) == (2, 2, 110)
    assert (series.name, series.timezone, series.first_time) == ("A test", "America/New_York", 18_000 * DAY)
    assert (done.added, done.corrected, done.unchanged) == (10, 10, 0)
    assert same(load(connection, 18_090, 18_110), days(20, 18_090, dearer=0.5))


def test_a_failed_import_leaves_the_store_as_it_was(connection: psycopg.Connection) -> None:
    store.import_bars(connection, listing(), days(10))

    def fail(_sent: int, _all: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.import_bars(connection, listing(), days(50), fail)
    series = store.find_series(connection, "TEST", "1d")
    assert (series.bars, series.version) == (10, 1)


def test_close_only_is_found_out_not_claimed(connection: psycopg.Connection) -> None:
    store.import_bars(connection, listing(), Bars.of_closes([DAY, 2 * DAY], [1.0, 2]))
    assert store.find_series(connection, "TEST", "1d").close_only
    store.import_bars(connection, listing(), days(3))
    assert not store.find_series(connection, "TEST", "1d").close_only


def test_an_unknown_symbol_is_refused_with_those_there_are(connection: psycopg.Connection) -> None:
    store.import_bars(connection, listing("KO"), days(3))
    with pytest.raises(UnknownSymbol, match=r"no 1d prices of PEP\. There are: KO"):
        store.find_series(connection, "PEP", "1d")


def test_more_bars_than_a_run_may_hold_are_refused(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.import_bars(connection, listing(), days(100))
    monkeypatch.setattr(store, "MAX_BARS", 50)
    with pytest.raises(TooManyBars, match="more than 50 bars"):
        load(connection, 0, 30_000)


async def test_the_list_has_every_series_by_symbol(database_url: str, pool: AsyncConnectionPool) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for symbol in ("MSFT", "AAPL"):
            bundled = sample.find(symbol, "1d")
            store.import_bars(connection, bundled.listing, bundled.read().bars)
    async with pool.connection() as awaited:
        listed = await store.list_symbols(awaited)
    assert [series.symbol for series in listed] == ["AAPL", "MSFT"]
    assert listed[0].to_json() == {
        "symbol": "AAPL",
        "name": "Apple Inc.",
        "timeframe": "1d",
        "first": "1990-01-02T00:00:00Z",
        "last": "2022-12-28T00:00:00Z",
        "bars": 8313,
        "version": 1,
        "timezone": "America/New_York",
        "roundTheClock": False,
        "closeOnly": True,
        "adjusted": True,
        "source": "adjusted closes as packaged by skfolio 1.12.2 (BSD-3-Clause)",
    }


def test_prices_are_of_one_version_and_of_the_sessions_days(connection: psycopg.Connection) -> None:
    store.import_bars(connection, listing(), days(100))
    first = date(2019, 4, 24)

    def span(series: Series) -> tuple[int, int]:
        return day_start(first, series.timeframe, series.timezone), day_end(first, series.timeframe, series.timezone)

    prices = store.load_prices(connection, "TEST", "1d", span=span, look_back=2)
    assert prices.series.version == 1
    assert prices.bars.time.astype("datetime64[ns]").astype("datetime64[D]").astype(str).tolist() == [
        "2019-04-22",
        "2019-04-23",
        "2019-04-24",
    ]
