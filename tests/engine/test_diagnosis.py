"""All that is wrong with a definition is told at once, each under its own characters, and nothing that is not."""

from typing import Any

import pytest

from engine import strategies
from engine.diagnosis import MOST_ERRORS, diagnose
from engine.rules import check

N = {"type": "int", "default": 20, "min": 2, "max": 200}


def definition(**members: Any) -> dict[str, Any]:
    return {"version": 1, "name": "Mine", "params": {"n": N}, "entryLong": "close > sma(close, n)"} | members


def told(given: object, overrides: dict[str, Any] | None = None) -> dict[str, str]:
    """By path, what is under the error's characters; the message where the whole member is meant."""
    found = {}
    for error in diagnose(given, overrides):
        if error.column is None:
            found[error.path] = error.reason
            continue
        assert isinstance(given, dict)
        assert error.end is not None
        text = given["let"][error.path[4:]] if error.path.startswith("let.") else given[error.path]
        found[error.path] = found.get(error.path, "") + text[error.column - 1 : error.end - 1] + ";"
    return found


@pytest.mark.parametrize("built_in", strategies.builtins(), ids=lambda each: each.short_name)
def test_nothing_is_wrong_with_what_can_run(built_in: strategies.BuiltIn) -> None:
    check(built_in.definition)
    assert diagnose(built_in.definition) == []


def test_every_part_tells_its_own() -> None:
    given = definition(
        params={"n": N, "m": {"type": "int", "default": 1, "min": 2, "max": 3}, "sma": N},
        let={"fast": "ema(clsoe, n)", "slow": "ema(close, m)", "both": "fast + slow"},
        entryLong="close > smaa(close, n) and hihg > 2 and fast > 1",
        exitLong="close < sma(close)",
        exitShort="close >",
        stops={"loss": {"pct": "nn"}, "profit": {"pct": 0.1}, "trail": {"pct": 0.1}},
        sizing={"mode": "risk", "value": 0.01},
        colour="red",
    )

    found = told(given, {"n": 1000, "q": 1})

    assert list(found) == [
        "colour", "params.m", "params.sma", "let.fast", "exitLong", "exitShort", "stops.loss.pct", "stops.trail",
        "strategyParams.n", "strategyParams.q",
    ]  # fmt: skip
    assert (found["let.fast"], found["exitLong"]) == ("clsoe;", "sma(close);")


def test_every_clause_of_a_rule_tells_its_first() -> None:
    rule = "close > smaa(close, n) and (hihg > 2 or sma(clsoe, n) > lwo) and not volum and max(close, opne) > 1"

    found = diagnose(definition(entryLong=rule))

    assert [rule[error.column - 1 : error.end - 1] for error in found if error.column and error.end] == [
        "smaa", "hihg", "clsoe", "lwo", "volum", "opne",
    ]  # fmt: skip
    assert [error.near for error in found] == ["sma", "high", "close", "low", "volume", "open"]


@pytest.mark.parametrize(
    ("rule", "under"),
    [
        ("  close >\n opnn", "opnn"),
        ("close > open && close > 1", "&&"),
        ("close > 5x", "5x"),
        ("close > @", "@"),
        ("close > sma(close, 0)", "0"),
        ("close > sma(close, n * 1000)", "n * 1000"),
        ("close > sma(prev(close, 4999), 5)", "sma(prev(close, 4999), 5)"),
        ("close", "close"),
        ("1 < close(open)", "close"),
        ("close > open > ", ">"),
    ],
)
def test_an_error_is_under_what_is_wrong(rule: str, under: str) -> None:
    assert told(definition(entryLong=rule))["entryLong"] == under + ";"


def test_what_hangs_on_a_broken_part_is_not_told_for_that() -> None:
    given = definition(
        params={"n": N | {"max": "many"}},
        let={"a": "sma(close, n) +", "b": "a and c", "c": "d", "d": "c"},
        entryLong="a > b and c > n",
        stops={"loss": {"atr": "many"}},
        sizing={"mode": "risk", "value": 0.5},
    )

    assert list(told(given)) == ["params.n.max", "let.c", "let.a", "stops.loss.atr"]


def test_lengths_that_parameters_make_impossible_are_told_each_once_the_rest_is_right() -> None:
    given = definition(entryLong="close > sma(close, n - 20) and close > ema(close, 2 * n - 40)")

    assert told(given)["entryLong"] == "n - 20;2 * n - 40;"
    assert told(given, {"n": 30}) == {}


@pytest.mark.parametrize("given", [None, [], "close > 1", 7])
def test_what_is_no_object_has_one_error(given: object) -> None:
    assert list(told(given)) == ["definition"]


def test_there_are_at_most_so_many() -> None:
    given = definition(**{f"a{number}": 1 for number in range(1_000)})

    assert len(diagnose(given)) == MOST_ERRORS
