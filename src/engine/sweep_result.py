"""What a sweep leaves behind: a summary to show, previews of the best runs to draw, and everything.

detail is: length of the head (4 bytes, little-endian), head (JSON), the table (zlib over its columns, float64, one
after the other), then the best runs' details as engine.result writes them. The head says how long each part is.
"""

import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine import result as results
from engine.result import Encoded

if TYPE_CHECKING:  # it brings numba, and whoever only reads results stays light
    from engine.sweep import SweepResult

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Table:
    """Every combination, the best first: parameters, then metrics. columns: of (k,) float64, NaN where undefined."""

    parameters: tuple[str, ...]
    columns: Mapping[str, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def order(self, column: str | None = None, *, descending: bool = False) -> NDArray[np.int64]:
        """Numbers of all rows by that column, undefined values last either way, equal ones the better first.

        None: as they are ranked; descending then begins with the worst.
        """
        values = np.arange(len(self), dtype=np.float64) if column is None else self.columns[column]
        return np.argsort(-values if descending else values, kind="stable")

    def at(self, numbers: NDArray[np.int64]) -> list[dict[str, float | int | None]]:
        """Those rows, JSON-able. Whole numbers are written as such."""
        cut = {name: column[numbers].tolist() for name, column in self.columns.items()}
        return [
            {name: plain(value) for name, value in zip(cut, row, strict=True)}
            for row in zip(*cut.values(), strict=True)
        ]

    def rows(self, begin: int, end: int) -> list[dict[str, float | int | None]]:
        """The rows of those ranks, end exclusive."""
        return self.at(np.arange(len(self))[begin:end])


@dataclass(frozen=True, slots=True)
class SweepDetail:
    """best: details of the best runs, still as they are stored."""

    table: Table
    best: list[bytes]


def encode(result: "SweepResult") -> Encoded:
    best = [results.encode(run) for run in result.best]
    drawn = [run.preview for run in best]
    return Encoded(
        _summary(result, best), _packed({"previews": [len(part) for part in drawn]}, drawn), _detail(result, best)
    )


def _summary(result: "SweepResult", best: list[Encoded]) -> dict[str, Any]:
    """The first of the best runs is shown like a run of its own."""
    request, first = result.request, best[0].summary
    return {
        **{name: first[name] for name in ("metrics", "metricNotes", "coverage", "warnings", "strategyName")},
        "initialCapital": request.initial_capital,
        "finalEquity": first["finalEquity"],
        "sweep": {
            "combinations": result.grid.count,
            "grid": request.grid,
            "where": request.where,
            "rankBy": request.rank_by,
            "inSampleUntil": None if request.out_of_sample_from is None else request.out_of_sample_from.isoformat(),
            "deflatedSharpe": result.deflated.to_json(),
            "best": [{"params": _parameters(result, rank), **run.summary} for rank, run in enumerate(best)],
        },
    }


def _parameters(result: "SweepResult", rank: int) -> dict[str, float | int | None]:
    return {name: plain(value) for name, value in result.grid.at(int(result.order[rank])).items()}


def _detail(result: "SweepResult", best: list[Encoded]) -> bytes:
    columns = {**result.grid.values, **result.columns}
    table = zlib.compress(b"".join(column[result.order].astype("<f8").tobytes() for column in columns.values()), 1)
    head = {
        "format": FORMAT,
        "rows": result.grid.count,
        "parameters": list(result.grid.values),
        "columns": list(columns),
        "table": len(table),
        "best": [len(run.detail) for run in best],
    }
    return _packed(head, [table, *(run.detail for run in best)])


def _packed(head: Mapping[str, Any], parts: list[bytes]) -> bytes:
    written = json.dumps(head, allow_nan=False).encode()
    return b"".join([len(written).to_bytes(4, "little"), written, *parts])


def _head(stored: bytes) -> tuple[dict[str, Any], int]:
    at = 4 + int.from_bytes(stored[:4], "little")
    head: dict[str, Any] = json.loads(stored[4:at])
    return head, at


def _parts(stored: bytes, at: int, lengths: list[int]) -> list[bytes]:
    parts = []
    for length in lengths:
        parts.append(stored[at : at + length])
        at += length
    return parts


def decode_detail(stored: bytes) -> SweepDetail:
    """What `encode` wrote as detail."""
    head, at = _head(stored)
    if head["format"] != FORMAT:
        msg = f"sweep detail: format {head['format']} is not known here; read it with the release that wrote it."
        raise ValueError(msg)
    table, *best = _parts(stored, at, [head["table"], *head["best"]])
    values = np.frombuffer(zlib.decompress(table), "<f8").reshape(len(head["columns"]), head["rows"])
    columns = dict(zip(head["columns"], values, strict=True))
    return SweepDetail(Table(tuple(head["parameters"]), columns), best)


def decode_previews(stored: bytes) -> list[bytes]:
    """Previews of the best runs, each as engine.result wrote it."""
    head, at = _head(stored)
    return _parts(stored, at, head["previews"])


def plain(value: float) -> float | int | None:
    """The number as JSON has it: null where undefined, whole where it is."""
    if math.isnan(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
