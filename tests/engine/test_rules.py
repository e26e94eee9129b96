"""The rule language: what it means, what it refuses, and that no text gets past it."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine import rules, strategies
from engine.bars import Bars
from engine.errors import StrategyError
from engine.evaluate import signals

DAY = 86_400_000_000_000
CLOSES = [10.0, 11, 12, 11, 11, 9, 13, 13, 14, 10]
BARS = Bars.of_closes(np.arange(len(CLOSES)) * DAY, CLOSES)


def definition(**members: Any) -> dict[str, Any]:
    return {"version": 1, "name": "Test", "entryLong": "close > 0", **members}


def true_on(rule: str, **members: Any) -> list[int]:
    """The bars on which the rule gives a signal."""
    entry, _ = signals(rules.compile_strategy(definition(entryLong=rule, **members)), BARS)
    return np.flatnonzero(entry).tolist()


@pytest.mark.parametrize(
    ("rule", "bars"),
    [
        ("close > 12", [6, 7, 8]),
        ("close >= 12 and close < 14", [2, 6, 7]),
        ("10 < close <= 12", [1, 2, 3, 4]),
        ("not close > 10", [0, 5, 9]),
        ("close == 11 or close != close", [1, 3, 4]),
        ("-close + 2 * 10 >= close / 1", [0, 5, 9]),
        ("crosses_above(close, 11)", [2, 6]),
        ("crosses_below(close, 11)", [5, 9]),
        ("crosses_above(close, sma(close, 3))", [6]),
        ("sma(close, 2) == 11", [4, 6]),
        # unknown before the window is full, and unknown is not true, nor is its opposite
        ("sma(close, 9) > 0", [8, 9]),
        ("not sma(close, 9) > 0", []),
        ("sma(close, 9) > 0 or close > 13", [8, 9]),
        # a quotient by zero is unknown
        ("1 / (close - 11) > 0", [2, 6, 7, 8]),
        ("1 / 0 > 0 or not 1 / 0 > 0", []),
        ("1 < 2", list(range(10))),
        ("crosses_above(sma(sma(close, 2), 2), 12.9)", [8]),
    ],
)
def test_a_rule_means(rule: str, bars: list[int]) -> None:
    assert true_on(rule) == bars


def test_let_names_need_no_order_and_parameters_bind() -> None:
    params = {"n": {"type": "int", "default": 2, "min": 1, "max": 9}}
    let = {"above": "close > mean", "mean": "sma(close, n)"}
    assert true_on("above", params=params, let=let) == true_on("close > sma(close, 2)")


def test_equal_expressions_are_computed_once() -> None:
    compiled = rules.compile_strategy(definition(entryLong="sma(close, 3) > 1", exitLong="2 > sma(close, 3)"))
    assert [node.op for node in compiled.nodes].count("sma") == 1


def test_look_back_counts_what_a_rule_needs_before_its_bar() -> None:
    sma_cross = rules.compile_strategy(strategies.get("sma-cross").definition)
    assert sma_cross.look_back == 50
    assert rules.compile_strategy(definition(entryLong="sma(sma(close, 10), 5) > 1")).look_back == 13


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("clsoe > 1", "entryLong, column 1: unknown name 'clsoe'; did you mean 'close'?"),
        ("close > smma(close, 5)", "column 9: unknown function 'smma'; did you mean 'sma'?"),
        ("close > close(5)", "column 9: 'close' is not a function"),
        ("  sma > 1", "column 3: 'sma' is a function; write sma(…)"),
        ("close", "column 1: expected a truth here, this is a number"),
        ("close and 1 > 0", "column 1: expected a truth here"),
        ("(close > 1) + 1 > 0", "column 2: expected a number here, this is a truth"),
        ("close > ", "column 7: not a complete expression"),
        ("close > (1", "not a complete expression"),
        ("sma(close, 0) > 1", "column 12: length of sma must be 1 to 5,000; found 0"),
        ("sma(close, 2.5) > 1", "column 12: sma needs a whole number as length"),
        ("sma(close, close) > 1", "column 12: sma needs a whole number as length"),
        ("sma(5, 5) > 1", "column 5: sma needs a series, this is a constant"),
        ("sma(close) > 1", "sma(series, length) takes 2 values; found 1"),
        ("crosses_above(close) ", "crosses_above takes two values, crosses_above(a, b); found 1"),
        ("sma(sma(close, 4000), 4000) > 1", "looks back 7,998 bars, the limit is 5,000"),
        ("1e999 > close", "the number is too large"),
        ("close ** 2 > 1", "column 1: this is not part of the rule language"),
        ("close.real > 1", "column 6: '.' is not part of the rule language"),
        ("close[1] > 1", "column 6: '[' is not part"),
        ("lambda: 1", "column 7: ':' is not part"),
        ("1_000 < close", "column 1: '1_000' is not a number"),
        ("close is 1", "column 1: this comparison is not part"),
        ("crosses_above(close, *open)", "column 22: this is not part"),
        ("", "the rule is empty"),
        ("close > 1" + " " * 2000, "2,009 characters, the limit is 2,000"),
        ("+".join(["close"] * 200) + "> 1", "terms, the limit is 256"),
        ("-" * 100 + "close > 1", "nested deeper than 32 levels"),
    ],
)
def test_a_refusal_names_column_and_nearest_word(rule: str, sentence: str) -> None:
    with pytest.raises(StrategyError) as caught:
        rules.check(definition(entryLong=rule))
    assert sentence in str(caught.value)
    assert caught.value.path == "entryLong"


@pytest.mark.parametrize(
    ("members", "path", "sentence"),
    [
        ({"entryLong": None}, "entryLong", "is missing"),
        ({"entryLong": 5}, "entryLong", "a rule is a text"),
        ({"name": " "}, "name", "1 to 100 characters"),
        ({"version": 2}, "version", "must be 1; found 2"),
        ({"version": True}, "version", "must be 1"),
        ({"entyLong": "x"}, "entyLong", "no such member; did you mean 'entryLong'?"),
        ({"entryShort": "close > 1"}, "entryShort", "short positions are not supported yet"),
        ({"stops": {"loss": {"pct": 0.1}, "profit": None}}, "stops.loss", "stops are not supported yet"),
        ({"sizing": {"mode": "cash", "value": 5}}, "sizing", "supported yet"),
        ({"sizing": {"mode": "percent", "value": 0.5}}, "sizing", "supported yet"),
        ({"sizing": []}, "sizing", "must be a JSON object"),
        ({"let": {"a": "a + 1"}}, "let.a", "is defined by itself"),
        ({"let": {"close": "open"}}, "let.close", "already means something"),
        ({"let": {"2x": "open"}}, "let.2x", "a name is a letter"),
        ({"let": {"a": "oepn"}}, "let.a", "did you mean 'open'?"),
        ({"let": {f"n{i}": "close" for i in range(65)}}, "let", "65 names, the limit is 64"),
        ({"params": {"n": 5}}, "params.n", "must be an object such as"),
        ({"params": {"n": {"type": "text"}}}, "params.n.type", "must be 'int' or 'float'"),
        ({"params": {"n": {"type": "int", "default": 1, "min": 2, "max": 3}}}, "params.n", "min ≤ default ≤ max"),
        ({"params": {"n": {"type": "int", "default": 2.5, "min": 2, "max": 3}}}, "params.n", "whole numbers"),
        ({"params": {"n": {"type": "float", "default": True, "min": 0, "max": 3}}}, "params.n.default", "a number"),
        ({"params": {"and": {"type": "int", "default": 1, "min": 0, "max": 3}}}, "params.and", "already means"),
    ],
)
def test_a_definition_is_refused_at_its_member(members: dict[str, Any], path: str, sentence: str) -> None:
    with pytest.raises(StrategyError) as caught:
        rules.check(definition(**members))
    assert caught.value.path == path
    assert sentence in str(caught.value)
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"fats": 5}, "strategyParams.fats: the strategy has no such parameter; did you mean 'fast'?"),
        ({"fast": 401}, "strategyParams.fast: must be 2 to 400; found 401"),
        ({"fast": 2.5}, "strategyParams.fast: must be a whole number; found 2.5"),
        ({"fast": True}, "strategyParams.fast: must be a number; found True"),
        ({"fast": "10"}, "must be a number"),
        ({"fast": 10**400}, "must be a finite number"),
    ],
)
def test_an_override_beyond_its_parameter_is_refused(overrides: dict[str, Any], sentence: str) -> None:
    with pytest.raises(StrategyError) as caught:
        rules.check(strategies.get("sma-cross").definition, overrides)
    assert sentence in str(caught.value)


WORDS = ["close", "open", "sma", "crosses_above", "(", ")", ",", " ", "+", "-", "/", "<", "==", "and", "or", "not"]
FOREIGN = ["1", "0", "1e308", "[", "lambda", ":=", "__import__", '"', "\\", "#", "\x00", "\n"]
hostile = st.text(max_size=200) | st.lists(st.sampled_from([*WORDS, *FOREIGN])).map(" ".join)


@settings(max_examples=400, deadline=None)
@given(hostile)
@example("(" * 1000 + ")" * 1000)
@example("-" * 1999 + "1")
@example("not " * 400 + "close")
@example("9" * 1999)
@example("\ud800")
@example("1if close else 2")
@example("close > 1\x0c")
def test_no_text_however_hostile_raises_anything_but_our_error(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            compiled = rules.compile_strategy(definition(entryLong=text))
        except StrategyError:
            return
    signals(compiled, BARS)


def test_let_names_that_double_each_other_stay_small() -> None:
    let = {"a0": "close"} | {f"a{i}": f"a{i - 1} + a{i - 1}" for i in range(1, 64)}
    assert len(rules.compile_strategy(definition(entryLong="a63 > 0", let=let)).nodes) < 70


def test_built_ins_are_found_by_id_name_and_alias() -> None:
    by_id = strategies.find("123e4567-e89b-12d3-a456-426614174000")
    assert by_id is not None
    assert {strategies.find(name) for name in ("sma-cross", "test", "test-strategy", by_id.id)} == {by_id}
    assert strategies.find("nothing") is None
    assert [built_in.short_name for built_in in strategies.builtins()] == ["buy-and-hold", "sma-cross"]
    for built_in in strategies.builtins():
        rules.check(built_in.definition)


@pytest.mark.parametrize("rule", ["crosses_above(sma(close, 2), sma(close, 4))", "not close > sma(close, 3)"])
def test_later_bars_change_no_earlier_signal(rule: str) -> None:
    compiled = rules.compile_strategy(definition(entryLong=rule))
    whole, _ = signals(compiled, BARS)
    for end in range(1, len(BARS)):
        assert signals(compiled, BARS.between(0, end))[0].tolist() == whole[:end].tolist()
