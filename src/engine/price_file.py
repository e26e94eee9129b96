"""Price files: CSV, plain or gzipped, with a header.

Columns are date (or time) and open, high, low, close, or the close alone; volume may be there. A refusal names the line
and how to mend it: nothing is sorted, filled or dropped in silence.
"""

import csv
import gzip
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import numpy as np

from engine.bars import PRICES, Bars
from engine.errors import BarsRefused, FileRefused
from engine.timeframes import is_intraday, nanoseconds

TIME_NAMES = ("date", "time", "datetime", "timestamp")


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a row's values are. prices: open, high, low, close, or the close alone."""

    time: int
    prices: tuple[int, ...]
    volume: int | None


def read_path(path: Path, timeframe: str) -> Bars:
    """The bars of a file. Raises FileRefused for what is wrong in it, OSError when it cannot be opened."""
    return read(path.read_bytes(), name=path.name, timeframe=timeframe)


def read(data: bytes, *, name: str, timeframe: str) -> Bars:
    """The bars of CSV text, gunzipped where it begins like that. name: for refusals."""
    try:
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise FileRefused(name, line=1, reason=f"cannot be read ({error})", mend="Give UTF-8 CSV or .csv.gz.") from None
    return _Parser(name, timeframe).parse(io.StringIO(text, newline=""))


@dataclass(frozen=True, slots=True)
class _Parser:
    name: str
    timeframe: str

    def parse(self, lines: Iterable[str]) -> Bars:
        rows = self.rows(lines)
        _, header = next(rows, (1, []))
        columns = self.columns([cell.strip().lower() for cell in header])
        places: list[int] = []
        times: list[int] = []
        values: list[list[float]] = []
        for line, row in rows:
            if len(row) != len(header):
                raise self.refusal(line, f"{len(row)} values for {len(header)} columns", "Correct the line.")
            places.append(line)
            times.append(self.time(line, row[columns.time]))
            values.append([self.price(line, header[at], row[at]) for at in self.numbers(columns)])
        if not times:
            raise self.refusal(1, "no rows below the header", "Give at least one bar.")
        return self.bars(places, times, list(zip(*values, strict=True)), columns)

    def rows(self, lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(lines)
        try:
            for row in reader:
                if row:
                    yield reader.line_num, row
        except csv.Error as error:
            raise self.refusal(reader.line_num, f"not CSV ({error})", "Correct the line.") from None

    def columns(self, header: Sequence[str]) -> _Columns:
        found = {name: at for at, name in reversed(list(enumerate(header)))}
        when = next((found[name] for name in TIME_NAMES if name in found), None)
        if when is None:
            raise self.refusal(1, "no date or time column", f"Name one of the columns {' or '.join(TIME_NAMES)}.")
        if "close" not in found:
            raise self.refusal(1, "no close column", "Name the closing prices' column close.")
        missing = [name for name in PRICES if name not in found]
        if missing and missing != ["open", "high", "low"]:
            mend = "Give open, high, low and close, or the close alone."
            raise self.refusal(1, f"no {' and no '.join(missing)} column", mend)
        prices = ("close",) if missing else PRICES
        return _Columns(when, tuple(found[name] for name in prices), found.get("volume"))

    def numbers(self, columns: _Columns) -> tuple[int, ...]:
        return columns.prices if columns.volume is None else (*columns.prices, columns.volume)

    def time(self, line: int, text: str) -> int:
        """Nanoseconds UTC. A bar of a day or a week is stamped with its date, whatever the hour or zone beside it."""
        try:
            written = datetime.fromisoformat(text.strip())
        except ValueError:
            raise self.refusal(line, f"{text!r} is not a date", "Write 2020-01-31 or 2020-01-31T09:30:00Z.") from None
        if not is_intraday(self.timeframe):
            return nanoseconds(datetime.combine(date(written.year, written.month, written.day), time(), UTC))
        if written.tzinfo is None:
            raise self.refusal(line, f"{text!r} has no UTC offset", "Write 2020-01-31T09:30:00-05:00 or end it with Z.")
        return nanoseconds(written)

    def price(self, line: int, column: str, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.refusal(line, f"{column} is {text!r}", "Give a number or remove the line.")
        return value

    def bars(self, places: list[int], times: list[int], values: list[tuple[float, ...]], columns: _Columns) -> Bars:
        volume = [0.0] * len(times) if columns.volume is None else list(values.pop())
        prices = values * 4 if len(values) == 1 else values
        try:
            return Bars(*map(np.array, (times, *prices, volume)))
        except BarsRefused as refused:
            before = f" (line {places[refused.row - 1]})" if "row before" in refused.reason else ""
            reason = f"{refused.reason.replace('row before', 'line before')}{before}"
            raise self.refusal(places[refused.row], reason, refused.mend) from None

    def refusal(self, line: int, reason: str, mend: str) -> FileRefused:
        return FileRefused(self.name, line=line, reason=reason, mend=mend)
