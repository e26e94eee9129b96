"""Long answers in pieces: each made in a thread while the one before is sent, so that nobody else has to wait."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from starlette.responses import StreamingResponse

from api.csv_files import lines
from api.paging import CACHED
from engine.result import Detail, curve
from engine.timeframes import iso_time

POINTS = 2_000
"""Of a curve in one piece: some milliseconds, for which the interpreter is held."""
ROWS = 500

CURVE_COLUMNS = ("time", "equity", "drawdown")


def result(body: Mapping[str, Any], detail: Detail) -> StreamingResponse:
    """The body as JSON, with the curves of every bar."""
    return StreamingResponse(_result(body, detail), media_type="application/json", headers=CACHED)


def csv_file(columns: Sequence[str], rows: Iterator[Sequence[Mapping[str, Any]]], name: str) -> StreamingResponse:
    """An attachment of that name. rows: in pieces."""
    headers = {**CACHED, "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_csv(columns, rows), media_type="text/csv; charset=utf-8", headers=headers)


def curve_rows(detail: Detail) -> Iterator[list[dict[str, Any]]]:
    """Every bar's time, equity and drawdown."""
    depth = detail.drawdown()
    for at in range(0, len(detail.time), ROWS):
        part = slice(at, at + ROWS)
        cut = (detail.time[part].tolist(), detail.equity[part].tolist(), depth[part].tolist())
        yield [
            {"time": iso_time(time), "equity": equity, "drawdown": drawdown}
            for time, equity, drawdown in zip(*cut, strict=True)
        ]


def trade_rows(detail: Detail, order: Sequence[int]) -> Iterator[list[dict[str, Any]]]:
    """All trades in that order."""
    for at in range(0, len(order), ROWS):
        yield detail.table.at(order[at : at + ROWS])


def _result(body: Mapping[str, Any], detail: Detail) -> Iterator[bytes]:
    # What is written of the body is left open at its end.
    yield _json(body)[:-1]
    for name, values in (("equity", detail.equity), ("drawdown", detail.drawdown())):
        separator = f',"{name}":{{"points":['.encode()
        for at in range(0, len(values), POINTS):
            points = curve(detail.time[at : at + POINTS], values[at : at + POINTS])
            yield separator + _json(points)[1:-1]
            separator = b","
        yield b"]}"
    yield b"}"


def _csv(columns: Sequence[str], rows: Iterator[Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    yield lines(columns, [], with_header=True)
    for piece in rows:
        yield lines(columns, piece)


def _json(value: object) -> bytes:
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
