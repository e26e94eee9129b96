"""A heat map is the sweep's table over two parameters: beside plain loops over its rows."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import GridTooLarge
from engine.heat_map import MOST_VALUES, heat_map
from engine.sweep_result import Table

VALUES = st.sampled_from([math.nan, -1.5, 0.0, 0.25, 2.0])
ROWS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), VALUES), min_size=1, max_size=40)


def table(rows: list[tuple[int, int, int, float]]) -> Table:
    columns = np.array(rows, dtype=np.float64).T
    return Table(("a", "b", "c"), dict(zip(("a", "b", "c", "metric"), columns, strict=True)))


@given(ROWS, st.booleans())
def test_each_cell_is_the_best_of_its_combinations_or_null(
    rows: list[tuple[int, int, int, float]], smallest: bool
) -> None:
    drawn = heat_map(table(rows), ("b", "a"), "metric", smallest=smallest).to_json()

    assert drawn["x"]["values"] == sorted({row[1] for row in rows})
    assert drawn["y"]["values"] == sorted({row[0] for row in rows})
    for line, a in enumerate(drawn["y"]["values"]):
        for column, b in enumerate(drawn["x"]["values"]):
            there = [(rank, row) for rank, row in enumerate(rows, 1) if row[:2] == (a, b)]
            defined = [(rank, row) for rank, row in there if not math.isnan(row[3])]
            rank, cell = drawn["ranks"][line][column], drawn["cells"][line][column]
            other = drawn["others"]["c"][line][column]
            if not there:
                assert (rank, cell, other) == (None, None, None)
            elif not defined:
                assert (rank, cell) == (there[0][0], None)
            else:
                pick = min if smallest else max
                best = pick(row[3] for _, row in defined)
                first = next((rank, row) for rank, row in defined if row[3] == best)
                assert (rank, cell, other) == (first[0], best, first[1][2])


@given(ROWS, st.booleans())
def test_a_table_in_order_has_every_row_and_undefined_ones_last(
    rows: list[tuple[int, int, int, float]], descending: bool
) -> None:
    whole = table(rows)
    order = whole.order("metric", descending=descending).tolist()
    values = [rows[number][3] for number in order]
    defined = [value for value in values if not math.isnan(value)]

    assert sorted(order) == list(range(len(rows)))
    assert defined == sorted(defined, reverse=descending) == values[: len(defined)]
    assert whole.order(descending=descending).tolist() == sorted(order, reverse=descending)


@pytest.mark.parametrize("count", [MOST_VALUES, MOST_VALUES + 1])
def test_an_axis_holds_so_many_values_and_no_more(count: int) -> None:
    rows = [(number, 1, 1, 0.5) for number in range(count)]
    if count <= MOST_VALUES:
        assert len(heat_map(table(rows), ("a", "b"), "metric").to_json()["x"]["values"]) == count
    else:
        with pytest.raises(GridTooLarge, match="201 values of a on one axis"):
            heat_map(table(rows), ("a", "b"), "metric")
