"""`pgqueue data`: list, import, load the bundled prices."""

from dataclasses import asdict
from pathlib import Path
from zoneinfo import available_timezones

import typer

from engine import price_file, sample, store
from engine.cli import terminal
from engine.members import is_symbol
from engine.store import Imported, Listing
from engine.timeframes import TIMEFRAMES, iso_day


def list_stored(*, as_json: bool) -> None:
    with terminal.sentences(), terminal.connection() as connection:
        listed = store.list_series(connection)
    if as_json:
        for series in listed:
            terminal.write_json(series.to_json())
        return
    if not listed:
        terminal.note("no prices yet. `pgqueue data sample` loads the bundled ones, `pgqueue data import` reads a CSV.")
        return
    columns = ("symbol", "timeframe", "first", "last", "bars", "prices", "name")
    rows = [
        (
            series.symbol,
            series.timeframe,
            iso_day(series.first_time),
            iso_day(series.last_time),
            f"{series.bars:,}",
            terminal.kind_of_prices(close_only=series.close_only, adjusted=series.adjusted),
            series.name,
        )
        for series in listed
    ]
    terminal.write_table(columns, rows, numbers=("bars",))


def load_samples(*, as_json: bool) -> None:
    with terminal.sentences(), terminal.connection() as connection:
        done = [store.import_bars(connection, bundled.listing, bundled.read().bars) for bundled in sample.samples()]
    if as_json:
        for imported in done:
            terminal.write_json(asdict(imported))
        return
    changed = sum(imported.added + imported.corrected for imported in done)
    total = changed + sum(imported.unchanged for imported in done)
    news = f"{changed:,} added or corrected" if changed else "all there already"
    terminal.write(f"{len(done)} bundled series, {total:,} bars: {news}.")


def import_file(
    file: Path,
    *,
    symbol: str,
    timeframe: str,
    name: str | None,
    timezone: str | None,
    round_the_clock: bool | None,
    adjusted: bool,
    source: str | None,
    as_json: bool,
) -> None:
    _refuse_bad_options(symbol, timeframe, timezone)
    listing = Listing(
        symbol=symbol.upper(),
        timeframe=timeframe,
        source=source or file.name,
        adjusted=adjusted,
        name=name,
        timezone=timezone,
        round_the_clock=round_the_clock,
    )
    with terminal.sentences():
        bars = price_file.read_path(file, timeframe)
        with terminal.connection() as connection, terminal.progress_bar(listing.symbol) as on_sent:
            imported = store.import_bars(connection, listing, bars, on_sent)
    if as_json:
        terminal.write_json(asdict(imported))
    else:
        terminal.write(_sentence(imported))


def _refuse_bad_options(symbol: str, timeframe: str, timezone: str | None) -> None:
    if not is_symbol(symbol):
        raise typer.BadParameter("must be 1 to 10 characters out of A–Z 0–9 . ^ = _ -", param_hint="--symbol")
    if timeframe not in TIMEFRAMES:
        raise typer.BadParameter(f"must be one of {' '.join(TIMEFRAMES)}", param_hint="--timeframe")
    if timezone is not None and timezone not in available_timezones():
        raise typer.BadParameter(f"no time zone {timezone!r}; write it as America/New_York", param_hint="--timezone")


def _sentence(imported: Imported) -> str:
    return (
        f"{imported.symbol} {imported.timeframe}: {imported.added:,} bars added, {imported.corrected:,} corrected, "
        f"{imported.unchanged:,} unchanged; version {imported.version}."
    )
