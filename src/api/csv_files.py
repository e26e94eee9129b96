"""Tables as lines of CSV that a spreadsheet can be trusted with."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula."""


def lines(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], *, with_header: bool = False) -> str:
    """The rows; with_header: the columns' names before them."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=columns)
    if with_header:
        writer.writeheader()
    writer.writerows({key: cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def cell(value: Any) -> Any:
    """Numbers as they are; text that a spreadsheet would run is quoted out of harm's way."""
    return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else value
