"""Price files as engine.price_file reads them: the same bars come back, bit for bit."""

import csv
from typing import TextIO

from engine.bars import PRICES, Bars
from engine.timeframes import is_intraday, iso_day, iso_time

HEADER = ("time", *PRICES, "volume")


def write(bars: Bars, timeframe: str, out: TextIO) -> None:
    """Times as dates, or where bars are shorter than a day as moments in UTC."""
    written = iso_time if is_intraday(timeframe) else iso_day
    table = csv.writer(out, lineterminator="\n")
    table.writerow(HEADER)
    columns = (getattr(bars, name).tolist() for name in (*PRICES, "volume"))
    table.writerows([written(at), *map(repr, row)] for at, *row in zip(bars.time.tolist(), *columns, strict=True))
