"""A sweep's table laid out over one or two of its parameters."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import GridTooLarge
from engine.sweep_result import Table, plain

MOST_VALUES = 200
"""Of an axis: more cells than anybody tells apart."""


@dataclass(frozen=True, slots=True)
class HeatMap:
    """x, y: values of the axes, ascending; y has one value, NaN, where there is no such axis.

    rows: (len(y), len(x)) int64, the table's row that each cell stands for, −1 where no combination is.
    """

    table: Table
    metric: str
    names: tuple[str, ...]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    rows: NDArray[np.int64]

    def to_json(self) -> dict[str, Any]:
        """Cells, ranks from 1, and the remaining parameters; null where no combination is."""
        others = [name for name in self.table.parameters if name not in self.names]
        has_y = len(self.names) > 1
        return {
            "x": {"name": self.names[0], "values": _plain_all(self.x)},
            "y": {"name": self.names[1], "values": _plain_all(self.y)} if has_y else None,
            "cells": self._of(self.table.columns[self.metric]),
            "ranks": [[None if row < 0 else row + 1 for row in line] for line in self.rows.tolist()],
            "others": {name: self._of(self.table.columns[name]) for name in others},
        }

    def _of(self, column: NDArray[np.float64]) -> list[list[float | int | None]]:
        shown = np.where(self.rows >= 0, column[self.rows], np.nan)
        return [_plain_all(line) for line in shown]


def heat_map(table: Table, names: tuple[str, ...], metric: str, *, smallest: bool = False) -> HeatMap:
    """The metric over one or two parameters, of all combinations in a cell the largest, or the smallest.

    Of equal ones the better ranked; a defined one before one that is not. Raises GridTooLarge beyond MOST_VALUES of an
    axis, and KeyError for what is no column.
    """
    axes = [np.unique(table.columns[name], return_inverse=True) for name in names]
    for name, (values, _) in zip(names, axes, strict=True):
        if len(values) > MOST_VALUES:
            raise GridTooLarge(len(values), MOST_VALUES, of=f"values of {name} on one axis")
    x, at_x = axes[0]
    y, at_y = axes[1] if len(axes) > 1 else (np.array([np.nan]), np.zeros(len(table), dtype=np.int64))
    cell = at_y * len(x) + at_x
    # A cell's best comes first; undefined ones sort last by themselves, and the sort keeps ranks in order.
    values = table.columns[metric]
    order = np.lexsort((values if smallest else -values, cell))
    filled, first = np.unique(cell[order], return_index=True)
    rows = np.full(len(x) * len(y), -1, dtype=np.int64)
    rows[filled] = order[first]
    return HeatMap(table, metric, names, x, y, rows.reshape(len(y), len(x)))


def _plain_all(values: NDArray[np.float64]) -> list[float | int | None]:
    return [plain(value) for value in values.tolist()]
