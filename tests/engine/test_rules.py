"""The rule language: what it means, what it refuses, and that no text gets past it."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine import rules, sample, strategies
from engine.bars import Bars
from engine.binding import REMEMBERED
from engine.errors import StrategyError
from engine.evaluate import signals
from engine.orders import Sizing, SizingMode, Stop, StopKind
from engine.program import MAX_COLUMNS
from engine.series import Prices
from engine.signals import ENTRY_LONG, ENTRY_SHORT, EXIT_LONG, EXIT_SHORT

DAY = 86_400_000_000_000
CLOSES = [10.0, 11, 12, 11, 11, 9, 13, 13, 14, 10]
BARS = Prices(sample.find("AAPL", "1d").read().series, Bars.of_closes(np.arange(len(CLOSES)) * DAY, CLOSES))


def definition(**members: Any) -> dict[str, Any]:
    return {"version": 1, "name": "Test", "entryLong": "close > 0", **members}


def true_on(rule: str, **members: Any) -> list[int]:
    """The bars on which the rule gives a signal."""
    flags = signals(rules.compile_strategy(definition(entryLong=rule, **members)), BARS).flags
    return np.flatnonzero(flags & ENTRY_LONG).tolist()


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
        ("close > prev(close, 1)", [1, 2, 6, 8]),
        ("close > prev(close)", [1, 2, 6, 8]),
        ("prev(prev(close, 2), 1) == 11", [4, 6, 7]),
        ("prev(close > 12, 2)", [8, 9]),
        ("prev(2, 5) == 2 and close > 13", [8]),
        ("bars_since(close == 11) == 2", [6]),
        ("bars_since(close > 99) >= 0", []),
        ("count(close == 11, 3) == 2", [3, 4, 5]),
        ("count(close > prev(close), 3) >= 0", [3, 4, 5, 6, 7, 8, 9]),
        ("abs(close - 11) > 1.5", [5, 6, 7, 8]),
        ("min(close, 11, 50) == 11 and max(close, 12) == 13", [6, 7]),
        ("hl2 == close and hlc3 >= 14", [8]),
        ("highest(close, 3) == 14 or lowest(close, 3) == 10", [2, 8, 9]),
        ("mean(close, 2) == sma(close, 2) and std(close, 2) == 0", [4, 7]),
        ("close > 12 or\n\tclose < 10", [5, 6, 7, 8]),
    ],
)
def test_a_rule_means(rule: str, bars: list[int]) -> None:
    assert true_on(rule) == bars


def test_let_names_need_no_order_and_parameters_bind() -> None:
    params = {"n": {"type": "int", "default": 2, "min": 1, "max": 9}}
    let = {"above": "close > middle", "middle": "sma(close, n)"}
    assert true_on("above", params=params, let=let) == true_on("close > sma(close, 2)")


def test_equal_expressions_are_computed_once() -> None:
    members = {"entryLong": "sma(close, 3) > 1", "exitLong": "2 > sma(close, 3)", "let": {"unused": "ema(close, 9)"}}
    plan = rules.compile_strategy(definition(**members)).plan
    assert [call.kernel for stage in plan.stages for call in stage.calls] == ["sma"]


def test_one_kernel_computes_all_its_series() -> None:
    members = {"entryLong": "macd(close, 12, 26, 9) > macd_signal(close, 12, 26, 9) + macd_histogram(close, 12, 26, 9)"}
    (stage,) = rules.compile_strategy(definition(**members)).plan.stages
    assert [call.kernel for call in stage.calls] == ["macd"]


def test_look_back_counts_what_a_rule_needs_before_its_bar() -> None:
    sma_cross = rules.compile_strategy(strategies.get("sma-cross").definition)
    assert sma_cross.look_back == 50
    assert look_backs("sma(sma(close, 10), 5) > 1") == (13, 13)
    assert look_backs("crosses_above(prev(close, 7), sma(close, 3))") == (8, 8)


def test_a_recursion_is_warmed_up_longer_than_it_looks_back() -> None:
    assert look_backs("ema(close, 10) > 1") == (9, 49)
    assert look_backs("sma(ema(close, 10), 5) > 1") == (13, 53)
    assert look_backs("bars_since(close > 1) > 3") == (0, REMEMBERED)


def look_backs(rule: str) -> tuple[int, int]:
    strategy = rules.compile_strategy(definition(entryLong=rule))
    return strategy.look_back, strategy.warm_up


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
        ("sma(close, 2.5) > 1", "column 12: sma needs a whole number as length; found 2.5"),
        ("sma(close, close) > 1", "column 12: sma needs a whole number as length"),
        ("sma(5, 5) > 1", "column 5: sma needs a series, this is a constant"),
        ("sma(close) > 1", "sma(series, length) takes 2 values; found 1"),
        ("crosses_above(close) ", "crosses_above takes two values, crosses_above(a, b); found 1"),
        ("sma(sma(close, 4000), 4000) > 1", "looks back 7,998 bars, the limit is 5,000"),
        ("1e999 > close", "the number is too large"),
        ("close ** 2 > 1", "column 1: this is not part of the rule language"),
        ("close.real > 1", "column 6: '.' is not part of the rule language"),
        ("close[1] > 1", "column 6: '[' is not part"),
        ("close > 1 && open > 1", "column 11: '&&' is not part of the rule language; did you mean 'and'?"),
        ("close > 1 || open > 1", "column 11: '||' is not part of the rule language; did you mean 'or'?"),
        ("!(close > 1)", "column 1: '!' is not part of the rule language; did you mean 'not'?"),
        ("close = 1", "column 7: '=' is not part of the rule language; did you mean '=='?"),
        ("close <> 1", "column 7: '<>' is not part of the rule language; did you mean '!='?"),
        ("close > 1 AND open > 1", "column 11: not a complete expression"),
        ("sma(close, length=3) > 1", "column 18: '=' is not part of the rule language"),
        ("True", "column 1: True is not part of the rule language"),
        ("(close)(1) > 1", "column 2: 'close' is not a function"),
        ("sma(1)(2) > 1", "column 1: this is not part of the rule language"),
        ("prev(close, 0) > 1", "column 13: bars of prev must be at least 1; found 0"),
        ("prev(close, 1.5) > 1", "column 13: prev needs a whole number as bars; found 1.5"),
        ("prev(close, close) > 1", "column 13: prev needs a whole number as bars, the same on every bar"),
        ("prev(prev(close, 3000), 3000) > 1", "column 1: looks back 6,000 bars, the limit is 5,000"),
        ("prev(close, 5001) > 1", "column 1: looks back 5,001 bars, the limit is 5,000"),
        ("prev() > 1", "prev takes two values, prev(x, bars); found 0"),
        ("count(close, 3) > 1", "column 7: expected a truth here, this is a number"),
        ("count(close > 1, 1 / 0) > 1", "column 18: count needs a whole number as length; found nan"),
        ("bars_since(close) > 1", "column 12: expected a truth here"),
        ("min(close) > 1", "column 1: min takes two values or more, min(a, b); found 1"),
        ("abs(close, 1) > 1", "column 1: abs takes one value, abs(x); found 2"),
        ("bbands_upper(close, 20, 101) > 1", "column 25: deviations of bbands_upper must be 0 to 100; found 101"),
        ("atr(close, 14) > 1", "column 1: atr(length) takes 1 value; found 2"),
        ("rsi(close, 1) > 1", "column 12: length of rsi must be 2 to 5,000; found 1"),
        ("macd(close, 12, 26) > 1", "macd(series, fast, slow, signal) takes 4 values; found 3"),
        (
            "entry_price > close",
            "column 1: 'entry_price' is known only while a position is open; it can stand in exits",
        ),
        ("lambda: 1", "column 7: ':' is not part"),
        ("1_000 < close", "column 1: '1_000' is not a number"),
        ("close is 1", "column 1: this comparison is not part"),
        ("close ++ * 1 > 1", "not a complete expression"),
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
        ({"entryLong": None}, "entryLong", "is missing; a strategy needs a rule that opens a position, long or short"),
        ({"entryLong": 5}, "entryLong", "a rule is a text"),
        ({"name": " "}, "name", "1 to 100 characters"),
        ({"version": 2}, "version", "must be 1; found 2"),
        ({"version": True}, "version", "must be 1"),
        ({"entyLong": "x"}, "entyLong", "no such member; did you mean 'entryLong'?"),
        ({"exitShort": "close > 1"}, "exitShort", "closes what nothing opens; add entryShort or write null"),
        ({"exitLong": "crosses_above(open_profit, 0)"}, "exitLong", "needs what is known before a position opens"),
        ({"let": {"p": "open_profit"}}, "let.p", "it can stand in exits"),
        ({"stops": []}, "stops", "must be an object with loss, profit, trailing"),
        ({"stops": {"lsos": {"pct": 0.1}}}, "stops.lsos", "no such stop; did you mean 'loss'?"),
        ({"stops": {"loss": 0.1}}, "stops.loss", 'such as {"pct": 0.08}'),
        ({"stops": {"loss": {"pct": 0.1, "price": 5}}}, "stops.loss", "must be an object such as"),
        ({"stops": {"loss": {"pct": 0.1, "length": 5}}}, "stops.loss", "must be an object such as"),
        ({"stops": {"loss": {}}}, "stops.loss", "must be an object such as"),
        ({"stops": {"loss": {"pct": 0}}}, "stops.loss.pct", "must be above 0 and at most 10; found 0"),
        ({"stops": {"profit": {"pct": 10.1}}}, "stops.profit.pct", "must be above 0 and at most 10; found 10.1"),
        ({"stops": {"profit": {"pct": "x"}}}, "stops.profit.pct", "no parameter 'x'"),
        ({"stops": {"profit": {"pct": True}}}, "stops.profit.pct", "must be a number"),
        ({"stops": {"trailing": {"atr": 3, "length": 0}}}, "stops.trailing.length", "length of atr must be 1 to 5,000"),
        ({"stops": {"trailing": {"atr": 101}}}, "stops.trailing.atr", "must be above 0 and at most 100; found 101"),
        ({"sizing": {"mode": "prcent", "value": 1}}, "sizing.mode", "did you mean 'percent'?"),
        ({"sizing": {"mode": ["cash"], "value": 1}}, "sizing.mode", "must be one of percent, cash, units, risk"),
        ({"sizing": {"mode": "percent", "value": 1.5}}, "sizing.value", "must be above 0 and at most 1; found 1.5"),
        ({"sizing": {"mode": "risk", "value": 0.01}}, "sizing", "risk is measured to the loss stop"),
        ({"sizing": {"mode": "cash"}}, "sizing", "must be an object such as"),
        ({"sizing": []}, "sizing", "must be an object such as"),
        (
            {
                "let": {f"n{i}": f"sma(close, {i + 1})" for i in range(40)}
                | {f"m{i}": f"ema(close, {i + 1})" for i in range(24)}
                | {"all": "+".join([*(f"n{i}" for i in range(40)), *(f"m{i}" for i in range(24))])}
            },
            "let",
            "65 names",
        ),
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
        for members in ({"entryLong": text}, {"entryLong": "close > 1", "exitLong": text}, {"let": {"a": text}}):
            try:
                compiled = rules.compile_strategy(definition(**members))
            except StrategyError:
                continue
            signals(compiled, BARS)


definitions = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["close > 1", "n", "percent", "loss", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["loss", "pct", "atr", "length", "mode", "value", "n", "type", "min"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["params", "let", "stops", "sizing", "exitLong", "entryShort", "version"]), definitions
    )
)
def test_no_definition_however_odd_raises_anything_but_our_error(members: dict[str, Any]) -> None:
    try:
        compiled = rules.compile_strategy(definition(**members))
    except StrategyError:
        return
    signals(compiled, BARS)


def test_let_names_that_double_each_other_stay_small() -> None:
    let = {"a0": "close"} | {f"a{i}": f"a{i - 1} + a{i - 1}" for i in range(1, 64)}
    assert len(rules.read(definition(entryLong="a63 > 0", let=let)).graph.nodes) < 70


def test_a_long_sum_is_not_nested() -> None:
    assert true_on("+".join(["close"] * 100) + " > 1399") == [8]


def columns(count: int) -> dict[str, Any]:
    return definition(
        entryLong=f"{' + '.join(f'sma(close, {length})' for length in range(1, 41))} > 0",
        exitLong=" + ".join(f"ema(close, {length})" for length in range(1, count - 39)) + " > 0",
    )


def test_a_strategy_holds_so_many_series_and_no_more() -> None:
    rules.check(columns(MAX_COLUMNS))
    with pytest.raises(StrategyError, match=r"holds 65 series .* the limit is 64"):
        rules.check(columns(MAX_COLUMNS + 1))


def test_a_definition_kept_from_before_is_told_from_one_that_differs_in_a_type() -> None:
    rules.check(definition(version=1))
    with pytest.raises(StrategyError, match="version: must be 1"):
        rules.check(definition(version=True))
    for number in range(2 * rules.KEPT):
        assert float(number) in rules.compile_strategy(definition(entryLong=f"close > {number}")).bound.constants


def test_each_rule_sets_its_own_flag_and_one_text_may_set_two() -> None:
    members = {
        "entryLong": "close > 12",
        "exitLong": "close < 10",
        "entryShort": "close < 10",
        "exitShort": "close > 13",
    }
    flags = signals(rules.compile_strategy(definition(**members)), BARS).flags
    assert np.flatnonzero(flags & ENTRY_LONG).tolist() == [6, 7, 8]
    assert np.flatnonzero(flags & EXIT_LONG).tolist() == np.flatnonzero(flags & ENTRY_SHORT).tolist() == [5]
    assert np.flatnonzero(flags & EXIT_SHORT).tolist() == [8]


def test_short_alone_is_a_strategy() -> None:
    flags = signals(rules.compile_strategy(definition(entryLong=None, entryShort="close < 10")), BARS).flags
    assert np.flatnonzero(flags).tolist() == [5]
    assert flags[5] == ENTRY_SHORT


def test_stops_and_sizing_bind_parameters() -> None:
    params = {
        "far": {"type": "float", "default": 0.1, "min": 0.01, "max": 0.5},
        "n": {"type": "int", "default": 3, "min": 2, "max": 9},
    }
    members = {
        "params": params,
        "stops": {"loss": {"pct": "far"}, "profit": {"price": 5}, "trailing": {"atr": 2, "length": "n"}},
        "sizing": {"mode": "risk", "value": "far"},
    }
    strategy = rules.compile_strategy(definition(**members), {"n": 4})
    assert strategy.stops.loss == Stop(StopKind.PERCENT, 0.1)
    assert strategy.stops.profit == Stop(StopKind.PRICE, 5.0)
    assert strategy.stops.trailing == Stop(StopKind.ATR, 2.0, 4)
    assert strategy.sizing == Sizing(SizingMode.RISK, 0.1)
    assert strategy.look_back == 4
    said = signals(strategy, BARS)
    assert said.loss is None
    assert said.trailing is not None
    # Of closes alone the true range is the move: 1, 1, 1, 0 on bars 1 to 4.
    assert said.trailing[4] == 2 * 0.75


def test_an_exit_that_depends_on_the_position_becomes_a_program() -> None:
    rule = "bars_in_trade >= 5 or open_profit < -0.1 and close < sma(close, 2)"
    said = signals(rules.compile_strategy(definition(exitLong=rule)), BARS)
    assert said.exits is not None
    assert said.exits.columns.shape == (1, len(CLOSES))
    assert said.exits.constants.tolist() == [5.0, -0.1]
    assert (said.exits.long >= 0, said.exits.short) == (True, -1)
    assert not (said.flags & EXIT_LONG).any()


def test_built_ins_are_found_by_id_name_and_alias() -> None:
    by_id = strategies.find("123e4567-e89b-12d3-a456-426614174000")
    assert by_id is not None
    assert {strategies.find(name) for name in ("sma-cross", "test", "test-strategy", by_id.id)} == {by_id}
    assert strategies.find("nothing") is None
    for built_in in strategies.builtins():
        rules.check(built_in.definition)
