"""Price files: CSV, plain or gzipped, with a header.

Columns are date (or time) and open, high, low, close, or the close alone; volume may be there; others are not read. A
refusal names the line and how to mend it: nothing is sorted, filled or dropped in silence.
"""

import csv
import gzip
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from engine.bars import Bars
from engine.errors import BarsRefused, FileRefused
from engine.price_columns import Columns, recognise
from engine.price_times import TimeReader, TimeRefused


def read_path(path: Path, timeframe: str, *, date_format: str | None = None, zone: ZoneInfo | None = None) -> Bars:
    """The bars of a file. Raises FileRefused for what is wrong in it, OSError when it cannot be opened."""
    return read(path.read_bytes(), name=path.name, timeframe=timeframe, date_format=date_format, zone=zone)


def read(
    data: bytes, *, name: str, timeframe: str, date_format: str | None = None, zone: ZoneInfo | None = None
) -> Bars:
    """The bars of CSV text, gunzipped where it begins like that.

    name: for refusals. date_format: as of strptime, where dates are not ISO 8601, compact or numbers since 1970. zone:
    of intraday times that name none themselves.
    """
    try:
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise FileRefused(name, line=1, reason=f"cannot be read ({error})", mend="Give UTF-8 CSV or .csv.gz.") from None
    if not text.strip():
        raise FileRefused(name, line=1, reason="the file is empty", mend="Give a header and at least one bar.")
    return _Parser(name, TimeReader(timeframe, date_format, zone)).parse(io.StringIO(text, newline=""))


@dataclass(frozen=True, slots=True)
class _Parser:
    name: str
    times: TimeReader

    def parse(self, lines: Iterable[str]) -> Bars:
        rows = self.rows(lines)
        _, header = next(rows, (1, []))
        columns = self.columns(header)
        places: list[int] = []
        times: list[int] = []
        values: list[list[float]] = []
        for line, row in rows:
            if len(row) != len(header):
                raise self.refusal(line, f"{len(row)} values for {len(header)} columns", "Correct the line.")
            places.append(line)
            clock = "" if columns.clock is None else f" {row[columns.clock].strip()}"
            times.append(self.time(line, f"{row[columns.time].strip()}{clock}"))
            values.append([self.price(line, header[at], row[at]) for at in columns.numbers])
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

    def columns(self, header: Sequence[str]) -> Columns:
        found = recognise(header)
        if isinstance(found, Columns):
            return found
        raise self.refusal(1, *found)

    def time(self, line: int, text: str) -> int:
        try:
            return self.times.read(text)
        except TimeRefused as refused:
            raise self.refusal(line, refused.reason, refused.mend) from None

    def price(self, line: int, column: str, text: str) -> float:
        try:
            # Commas are not read: 1,500 is a thousand and a half or one and a half, by who wrote it.
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.refusal(line, f"{column} is {text!r}", "Give a number or remove the line.")
        return value

    def bars(self, places: list[int], times: list[int], values: list[tuple[float, ...]], columns: Columns) -> Bars:
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
