"""`pgqueue data`: list, show, import, export, make up, delete, load the bundled prices."""

import sys
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import psycopg
import typer

from engine import price_file, price_writer, sample, store, synthetic
from engine.bars import Bars
from engine.cli import terminal
from engine.gaps import gaps
from engine.members import is_symbol
from engine.store import Imported, Listing
from engine.timeframes import TIMEFRAMES, iso_day, iso_time, nanoseconds

SHOWN_GAPS = 10
_END_OF_TIME = nanoseconds(datetime(2200, 1, 1, tzinfo=UTC))


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
    date_format: str | None,
    times_in: str | None,
    as_json: bool,
) -> None:
    _refuse_bad_options(symbol, timeframe)
    _refuse_unknown_zone(timezone, "--timezone")
    _refuse_unknown_zone(times_in, "--times-in")
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
        zone = None if times_in is None else ZoneInfo(times_in)
        bars = price_file.read_path(file, timeframe, date_format=date_format, zone=zone)
        with terminal.connection() as connection, terminal.progress_bar(listing.symbol) as on_sent:
            imported = store.import_bars(connection, listing, bars, on_sent)
    if as_json:
        terminal.write_json(asdict(imported))
    else:
        terminal.write(_sentence(imported))


def show(symbol: str, timeframe: str, *, as_json: bool) -> None:
    _refuse_bad_options(symbol, timeframe)
    with terminal.sentences(), terminal.connection() as connection:
        prices = store.load_all(connection, symbol.upper(), timeframe)
    series, found = prices.series, gaps(prices.series, prices.bars)
    if as_json:
        terminal.write_json({**series.to_json(), "gaps": [gap.to_json() for gap in found]})
        return
    kind = terminal.kind_of_prices(close_only=series.close_only, adjusted=series.adjusted)
    terminal.write(f"{series.symbol} {series.timeframe}, {series.name}: {kind}, version {series.version}.")
    terminal.write(f"{series.bars:,} bars from {iso_day(series.first_time)} to {iso_day(series.last_time)}.")
    terminal.write(f"Source: {series.source}. Time zone: {series.timezone}.")
    if not found:
        terminal.write("No gaps.")
        return
    unit = "bars" if series.round_the_clock else "weekdays"
    terminal.write(f"{len(found):,} gaps{f', the longest {SHOWN_GAPS}' if len(found) > SHOWN_GAPS else ''}:")
    longest = sorted(sorted(found, key=lambda gap: -gap.missing)[:SHOWN_GAPS], key=lambda gap: gap.after)
    rows = [(iso_time(gap.after), iso_time(gap.before), f"{gap.missing:,}") for gap in longest]
    terminal.write_table(("after", "before", f"missing {unit}"), rows, numbers=(f"missing {unit}",))


def export(symbol: str, timeframe: str, output: Path | None) -> None:
    _refuse_bad_options(symbol, timeframe)
    with terminal.sentences(), terminal.connection() as connection:
        prices = store.load_all(connection, symbol.upper(), timeframe)
        if output is None:
            price_writer.write(prices.bars, timeframe, sys.stdout)
            return
        with output.open("x", newline="", encoding="utf-8") as file:
            price_writer.write(prices.bars, timeframe, file)
    terminal.note(f"{len(prices.bars):,} bars written to {output}.")


def synth(
    symbol: str,
    *,
    bars: int,
    seed: int,
    timeframe: str,
    start: str,
    volatility: float,
    drift: float,
    round_the_clock: bool,
    as_json: bool,
) -> None:
    _refuse_bad_options(symbol, timeframe)
    for name, value, least, most in (
        ("--bars", bars, 1, synthetic.MOST_BARS),
        ("--seed", seed, 0, 2**63 - 1),
        ("--volatility", volatility, 0.0, 0.5),
        ("--drift", drift, -0.1, 0.1),
    ):
        if not least <= value <= most:
            raise typer.BadParameter(f"must be {least:,} to {most:,}; found {value:,}", param_hint=name)
    try:
        first = nanoseconds(datetime.combine(date.fromisoformat(start), time(), UTC))
    except ValueError:
        raise typer.BadParameter(f"{start!r} is no day; write 2015-01-01", param_hint="--from") from None
    last = first + 2 * bars * TIMEFRAMES[timeframe]
    if not first >= 0 or last >= _END_OF_TIME:
        raise typer.BadParameter("the bars must be between 1970 and 2200", param_hint="--from")
    listing = synthetic.listing(symbol.upper(), timeframe, seed=seed, round_the_clock=round_the_clock)
    made = synthetic.walk(
        bars,
        seed=seed,
        timeframe=timeframe,
        start=first,
        volatility=volatility,
        drift=drift,
        round_the_clock=round_the_clock,
    )
    with terminal.sentences(), terminal.connection() as connection:
        _refuse_to_mix(connection, listing, made)
        with terminal.progress_bar(listing.symbol) as on_sent:
            imported = store.import_bars(connection, listing, made, on_sent)
    if as_json:
        terminal.write_json(asdict(imported))
    else:
        terminal.write(_sentence(imported))


def _refuse_to_mix(connection: psycopg.Connection, listing: Listing, made: Bars) -> None:
    """Made-up bars never mix with real ones, nor one walk with another."""
    for series in store.list_series(connection):
        if series.symbol != listing.symbol:
            continue
        if not series.source.startswith("synthetic"):
            said = f"{series.symbol} has {series.timeframe} prices that are not synthetic. Choose another symbol."
            terminal.fail(terminal.USAGE, said)
        is_same = (series.source, series.bars, series.first_time) == (listing.source, len(made), int(made.time[0]))
        if series.timeframe == listing.timeframe and not is_same:
            said = f"{series.symbol} {series.timeframe} is another walk. `pgqueue data delete {series.symbol}` first."
            terminal.fail(terminal.USAGE, said)


def delete(symbol: str, timeframe: str | None, *, yes: bool, as_json: bool) -> None:
    _refuse_bad_options(symbol, timeframe or "1d")
    symbol = symbol.upper()
    what = f"all prices of {symbol}" if timeframe is None else f"the {timeframe} prices of {symbol}"
    if not yes:
        if not sys.stdin.isatty():
            terminal.fail(terminal.USAGE, f"this would delete {what}; say so with --yes.")
        typer.confirm(f"Delete {what}?", abort=True, err=True)
    with terminal.sentences(), terminal.connection() as connection:
        bars = store.delete(connection, symbol, timeframe)
    if as_json:
        terminal.write_json({"symbol": symbol, "timeframe": timeframe, "deleted": bars})
    else:
        terminal.write(f"Deleted {what}: {bars:,} bars.")


def _refuse_bad_options(symbol: str, timeframe: str) -> None:
    if not is_symbol(symbol):
        raise typer.BadParameter("must be 1 to 10 characters out of A–Z 0–9 . ^ = _ -", param_hint="--symbol")
    if timeframe not in TIMEFRAMES:
        raise typer.BadParameter(f"must be one of {' '.join(TIMEFRAMES)}", param_hint="--timeframe")


def _refuse_unknown_zone(zone: str | None, option: str) -> None:
    if zone is not None and zone not in available_timezones():
        raise typer.BadParameter(f"no time zone {zone!r}; write it as America/New_York", param_hint=option)


def _sentence(imported: Imported) -> str:
    return (
        f"{imported.symbol} {imported.timeframe}: {imported.added:,} bars added, {imported.corrected:,} corrected, "
        f"{imported.unchanged:,} unchanged; version {imported.version}."
    )
