"""Grids of parameters: what they span, and what is refused with the place and the mend."""

from typing import Any

import pytest

from engine.errors import GridTooLarge, StrategyError
from engine.grid import MAX_AXES, MAX_COMBINATIONS, MAX_SPAN, Grid, span
from engine.parameters import read_parameters

PARAMETERS = read_parameters(
    {
        "fast": {"type": "int", "default": 10, "min": 2, "max": 2_000},
        "slow": {"type": "int", "default": 50, "min": 2, "max": 2_000},
        "share": {"type": "float", "default": 0.1, "min": 0, "max": 1},
        **{f"more{k}": {"type": "float", "default": 0, "min": 0, "max": 1} for k in range(MAX_AXES)},
    }
)


def spanned(axes: dict[str, Any], where: str | None = None) -> Grid:
    return span(axes, where, PARAMETERS)


def test_combinations_come_in_the_order_written_the_last_parameter_running_fastest() -> None:
    grid = spanned({"slow": [50, 20], "fast": {"from": 5, "to": 7}})

    assert [grid.at(number) for number in range(grid.count)] == [
        {"slow": 50, "fast": 5},
        {"slow": 50, "fast": 6},
        {"slow": 50, "fast": 7},
        {"slow": 20, "fast": 5},
        {"slow": 20, "fast": 6},
        {"slow": 20, "fast": 7},
    ]


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        ({"from": 0.1, "to": 0.3, "step": 0.1}, [0.1, 0.2, 0.3]),
        ({"from": 0, "to": 0.25, "step": 0.1}, [0, 0.1, 0.2]),
        ({"from": 0.5, "to": 0.5, "step": 0.1}, [0.5]),
        ({"from": 0, "to": 1}, [0, 1]),
    ],
)
def test_a_step_short_of_the_end_by_rounding_alone_is_a_whole_one(axis: dict[str, float], values: list[float]) -> None:
    assert spanned({"share": axis}).values["share"].tolist() == values


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("fast < slow", [(5, 10), (5, 20), (10, 20)]),
        ("slow / fast >= 2 and not fast == 10", [(5, 10), (5, 20)]),
        ("5 < fast < slow", [(10, 20)]),
        ("abs(slow - fast) == 0", [(10, 10)]),
        ("max(fast, slow) == 10", [(5, 10), (10, 10)]),
    ],
)
def test_a_condition_picks_combinations(where: str, kept: list[tuple[int, int]]) -> None:
    grid = spanned({"fast": [5, 10], "slow": [10, 20]}, where)

    assert list(zip(grid.values["fast"].tolist(), grid.values["slow"].tolist(), strict=True)) == kept


@pytest.mark.parametrize(
    ("axes", "where", "path", "said"),
    [
        ({}, None, "grid", "names no parameter"),
        ({"fsat": [1]}, None, "grid.fsat", "no such parameter; did you mean 'fast'?"),
        ({"fast": []}, None, "grid.fast", "names no value"),
        ({"fast": 7}, None, "grid.fast", "must be a list of numbers"),
        ({"fast": {"from": 5}}, None, "grid.fast", "must be a list of numbers"),
        ({"fast": {"from": 5, "to": 9, "by": 1}}, None, "grid.fast", "must be a list of numbers"),
        ({"fast": {"from": 9, "to": 5}}, None, "grid.fast", "is no range"),
        ({"fast": {"from": 5, "to": 9, "step": 0}}, None, "grid.fast", "is no range"),
        ({"fast": {"from": 5, "to": 9, "step": -1}}, None, "grid.fast", "is no range"),
        ({"fast": {"from": 5, "to": "x"}}, None, "grid.fast.to", "number"),
        ({"fast": [5, "ten"]}, None, "grid.fast", "number"),
        ({"fast": [5, True]}, None, "grid.fast", "number"),
        ({"fast": [5, 5]}, None, "grid.fast", "names a value twice"),
        ({"fast": [5, 5.5]}, None, "grid.fast", "whole"),
        ({"fast": {"from": 5, "to": 6, "step": 0.5}}, None, "grid.fast", "whole"),
        ({"fast": [1]}, None, "grid.fast", "2"),
        ({"fast": [2_001]}, None, "grid.fast", "2,?000"),
        ({"fast": [5]}, "fast > 5", "where", "holds for no combination"),
        ({"fast": [5]}, "fast >", "where", "."),
        ({"fast": [5]}, "fast", "where", "."),
        ({"fast": [5]}, "slow > fast", "where", "slow"),
        ({"fast": [5]}, "sma(close, 5) > fast", "where", "."),
        ({"fast": [5]}, "__import__('os')", "where", "."),
        ({f"more{k}": [0] for k in range(MAX_AXES)} | {"fast": [5]}, None, "grid", f"the limit is {MAX_AXES}"),
    ],
)
def test_what_is_no_grid_is_refused_at_its_place(axes: dict[str, Any], where: str | None, path: str, said: str) -> None:
    with pytest.raises(StrategyError, match=said) as refused:
        spanned(axes, where)

    assert refused.value.path == path


def test_as_many_combinations_as_the_limit_and_not_one_more() -> None:
    sides = {"fast": {"from": 2, "to": 1_001}, "slow": {"from": 2, "to": 101}}
    assert spanned(sides).count == MAX_COMBINATIONS

    sides["slow"]["to"] = 102
    with pytest.raises(GridTooLarge, match="101,000 combinations, the limit is 100,000") as refused:
        spanned(sides)

    assert (refused.value.count, refused.value.limit) == (101_000, MAX_COMBINATIONS)


def test_a_condition_may_pick_from_more_but_not_from_any_number() -> None:
    sides = {"fast": {"from": 2, "to": 1_001}, "slow": {"from": 2, "to": 1_001}}
    assert spanned(sides, "fast == slow").count == 1_000
    with pytest.raises(GridTooLarge, match="499,500 combinations, the limit is 100,000"):
        spanned(sides, "fast < slow")

    sides["slow"]["to"] = 1_002
    with pytest.raises(GridTooLarge, match=f"1,001,000 combinations, the limit is {MAX_SPAN:,}"):
        spanned(sides, "fast == slow")


@pytest.mark.parametrize("step", [1e-12, 5e-324])
def test_a_hundred_million_combinations_are_counted_and_never_made(step: float) -> None:
    with pytest.raises(GridTooLarge):
        spanned({"share": {"from": 0, "to": 1, "step": step}})
    with pytest.raises(GridTooLarge, match="100,000,000 combinations, the limit is 100,000"):
        spanned({name: {"from": 0, "to": 0.99, "step": 0.01} for name in ("share", "more0", "more1", "more2")})
