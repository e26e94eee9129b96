"""Bars in Postgres: imported by binary COPY, loaded as binary arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection, Connection, IsolationLevel
from psycopg.rows import tuple_row

from engine import binary_arrays, binary_copy
from engine.bars import Bars
from engine.errors import TooManyBars, UnknownSymbol
from engine.queries import sql
from engine.resample import coarser, finest_fit, reach, resample
from engine.series import Prices, Series
from engine.timeframes import moment

#: Of one run: the stream and the arrays of so many take some 700 MB while they load.
MAX_BARS = 5_000_000
_PIECE = 1 << 20
_PAGE = 1_000_000
#: The finest step of Postgres's times.
MICROSECOND = 1_000


@dataclass(frozen=True, slots=True)
class Listing:
    """What an import says of its symbol and series. None keeps what is stored."""

    symbol: str
    timeframe: str
    source: str
    adjusted: bool = False
    name: str | None = None
    timezone: str | None = None
    round_the_clock: bool | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import changed. unchanged bars were there before, the same."""

    symbol: str
    timeframe: str
    added: int
    corrected: int
    unchanged: int
    version: int


async def list_symbols(connection: AsyncConnection) -> list[Series]:
    """Everything that can be tested, by symbol and timeframe."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(sql("list_series"))
        return [Series.of_row(row) for row in await cursor.fetchall()]


def list_series(connection: Connection) -> list[Series]:
    """As list_symbols, for callers that do not await."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return [Series.of_row(row) for row in cursor.execute(sql("list_series"))]


def find_series(connection: Connection, symbol: str, timeframe: str) -> Series:
    """One series, else UnknownSymbol naming those there are."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(sql("read_series"), {"symbol": symbol, "timeframe": timeframe}).fetchone()
    if row is None:
        known = {series.symbol for series in list_series(connection) if series.timeframe == timeframe}
        raise UnknownSymbol(symbol, timeframe, known)
    return Series.of_row(row)


def load(connection: Connection, series: Series, *, start: int, end: int, look_back: int) -> Bars:
    """The bars from look_back bars before start to end, exclusive. start, end: nanoseconds UTC.

    Page by page, so that neither side holds more than it must; of one version only within a transaction.
    """
    key = {"symbol": series.symbol, "timeframe": series.timeframe, "end": moment(end)}
    at = moment(start)
    pages: list[list[NDArray[Any]]] = []
    count = 0
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        if look_back:
            (before,) = _only_row(
                cursor.execute(sql("warm_up_start"), {**key, "start": at, "look_back": look_back}).fetchone()
            )
            at = before or at
        while True:
            cursor.execute(sql("load_bars"), {**key, "start": at, "limit": _PAGE})
            found = cursor.pgresult
            assert found is not None
            columns = [found.get_value(0, column) for column in range(len(binary_arrays.FIELDS))]
            pages.append(binary_arrays.unpack(columns))
            here = len(pages[-1][0])
            count += here
            if count > MAX_BARS:
                raise TooManyBars(series.symbol, series.timeframe, limit=MAX_BARS)
            if here < _PAGE:
                break
            at = moment(int(pages[-1][0][-1]) + MICROSECOND)
    return Bars(*(np.concatenate(parts) if len(parts) > 1 else parts[0] for parts in zip(*pages, strict=True)))


def load_prices(
    connection: Connection, symbol: str, timeframe: str, *, span: Callable[[Series], tuple[int, int]], look_back: int
) -> Prices:
    """Series and bars of one version, however many imports run meanwhile. span(series) is start and end, exclusive.

    A timeframe that is not stored is made of the symbol's finer bars.
    """
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    with connection.transaction():
        try:
            series = find_series(connection, symbol, timeframe)
        except UnknownSymbol:
            fine = finest_fit(list_series(connection), symbol, timeframe)
            if fine is None:
                raise
            series = coarser(fine, timeframe)
            start, end = reach(fine, series, span(series), look_back)
            bars = resample(load(connection, fine, start=start, end=end, look_back=0), fine, timeframe)
            return Prices(series, bars)
        start, end = span(series)
        return Prices(series, load(connection, series, start=start, end=end, look_back=look_back))


def import_bars(
    connection: Connection, listing: Listing, bars: Bars, on_sent: Callable[[int, int], None] = lambda _sent, _all: None
) -> Imported:
    """Add and correct bars, and bump the series' version if any changed, in one transaction.

    Bars that are stored but not given stay. on_sent(sent, all) counts bytes, for a progress bar.
    """
    key = {"symbol": listing.symbol, "timeframe": listing.timeframe}
    stream = memoryview(binary_copy.pack(bars))
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        about = {"name": listing.name, "timezone": listing.timezone, "round_the_clock": listing.round_the_clock}
        cursor.execute(sql("upsert_symbol"), {"symbol": listing.symbol, **about})
        cursor.execute(sql("create_incoming"))
        with cursor.copy(sql("copy_incoming")) as copy:
            for sent in range(0, len(stream), _PIECE):
                copy.write(stream[sent : sent + _PIECE])
                on_sent(min(sent + _PIECE, len(stream)), len(stream))
        added, corrected = _only_row(cursor.execute(sql("merge_bars"), key).fetchone())
        facts = {"adjusted": listing.adjusted, "source": listing.source, "changed": added + corrected > 0}
        (version,) = _only_row(cursor.execute(sql("describe_series"), {**key, **facts}).fetchone())
        # A second import in the caller's own transaction finds the name free.
        cursor.execute("drop table pg_temp.incoming_bars")
    return Imported(listing.symbol, listing.timeframe, added, corrected, len(bars) - added - corrected, version)


def load_all(connection: Connection, symbol: str, timeframe: str) -> Prices:
    """A series whole, at most MAX_BARS of it."""
    return load_prices(
        connection,
        symbol,
        timeframe,
        span=lambda series: (series.first_time, series.last_time + MICROSECOND),
        look_back=0,
    )


def delete(connection: Connection, symbol: str, timeframe: str | None = None) -> int:
    """Forget a series, or with no timeframe all of a symbol's; how many bars went. UnknownSymbol when there is none.

    Results that used it stay: they name the version they used.
    """
    key = {"symbol": symbol, "timeframe": timeframe}
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(sql("lock_symbol"), {"symbol": symbol})
        bars, series = _only_row(cursor.execute(sql("delete_series"), key).fetchone())
        if series == 0:
            raise UnknownSymbol(symbol, timeframe or "stored", {one.symbol for one in list_series(connection)})
        cursor.execute(sql("delete_symbol"), {"symbol": symbol})
    return int(bars)


def _only_row(row: tuple[Any, ...] | None) -> tuple[Any, ...]:
    assert row is not None
    return row
