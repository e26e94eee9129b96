"""Tables as CSV files that a spreadsheet can be trusted with."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula."""


def csv_file(rows: Sequence[Mapping[str, Any]], name: str) -> Response:
    """An attachment of that name; empty where there is no row."""
    text = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(text, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows({key: cell(value) for key, value in row.items()} for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, max-age=60"}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def cell(value: Any) -> Any:
    """Numbers as they are; text that a spreadsheet would run is quoted out of harm's way."""
    return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else value
