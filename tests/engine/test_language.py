"""Compiled rules against a slow interpreter, on rules nobody thought of."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import sample
from engine.bars import Bars
from engine.evaluate import signals
from engine.kernels import evaluate as kernels
from engine.kernels.evaluate import BLOCK
from engine.opcodes import Op
from engine.program import PRICES, Plan, Program
from engine.rules import compile_strategy
from engine.series import Prices
from engine.signals import ENTRY_LONG
from rule_oracle import interpret

SPX = sample.find("SPX", "1d").read()
N = 90


def prices(first: int, count: int = N) -> Prices:
    return Prices(SPX.series, SPX.bars.between(first, first + count))


lengths = st.integers(1, 12)
longer = st.integers(2, 12)
constants = st.sampled_from(["0", "1", "2", "0.5", "1300", "1e6", "30", "70"])
series = st.sampled_from(["open", "high", "low", "close", "volume", "hl2", "hlc3", "named"])


def _numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    # A source is never a constant, which an indicator refuses.
    source = st.one_of(
        series, st.tuples(series, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
    )
    truth = _truths_of(inner)
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda x: f"-({x})"),
        inner.map(lambda x: f"abs({x})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.tuples(st.sampled_from(["sma", "highest", "lowest", "sum", "ema", "wma", "mom"]), source, lengths).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        ),
        st.tuples(st.sampled_from(["rsi", "stddev"]), source, longer).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.tuples(st.sampled_from(["atr", "donchian_upper", "plus_di", "adx", "mfi"]), longer).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
        st.tuples(inner, lengths).map(lambda t: f"prev({t[0]}, {t[1]})"),
        st.tuples(truth, lengths).map(lambda t: f"count({t[0]}, {t[1]})"),
        truth.map(lambda t: f"bars_since({t})"),
        st.tuples(st.sampled_from(["macd", "macd_signal"]), source).map(lambda t: f"{t[0]}({t[1]}, 3, 6, 4)"),
    )


def _truths_of(number: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    compared = st.tuples(number, st.sampled_from([">", ">=", "<", "<=", "==", "!="]), number)
    return st.one_of(
        compared.map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(number, number, number).map(lambda t: f"({t[0]} < {t[1]} <= {t[2]})"),
        st.tuples(st.sampled_from(["crosses_above", "crosses_below"]), number, number).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        ),
    )


numbers = st.recursive(st.one_of(series, constants), _numbers, max_leaves=6)
truths = st.recursive(
    _truths_of(numbers),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda t: f"(not {t})"),
        st.tuples(inner, lengths).map(lambda t: f"prev({t[0]}, {t[1]})"),
    ),
    max_leaves=4,
)
LET = {"named": "(close - open) / 2 + close"}


def definition(rule: str) -> dict[str, object]:
    return {"version": 1, "name": "Random", "let": LET, "entryLong": rule}


@settings(max_examples=500, deadline=None)
@given(truths, st.integers(0, 4_900))
def test_compiled_rules_mean_what_they_say(rule: str, first: int) -> None:
    at = prices(first)
    strategy = compile_strategy(definition(rule))
    verify(strategy.plan)
    found = signals(strategy, at).flags & ENTRY_LONG
    expected = [value is True for value in interpret(rule, at.bars, LET)]
    assert found.astype(bool).tolist() == expected, rule


@settings(max_examples=150, deadline=None)
@given(truths, st.integers(0, 4_900), st.integers(1, N - 1))
def test_later_bars_change_no_earlier_signal(rule: str, first: int, end: int) -> None:
    strategy = compile_strategy(definition(rule))
    whole = signals(strategy, prices(first)).flags
    assert signals(strategy, prices(first, end)).flags.tolist() == whole[:end].tolist(), rule


@pytest.mark.parametrize(
    "rule",
    [
        "crosses_above(close, sma(close, 5))",
        "prev(close > open, 3) and count(close > prev(close, 1), 7) >= 4",
        "bars_since(crosses_below(close * 1.01, highest(high, 5))) <= 2",
    ],
)
@pytest.mark.parametrize("count", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3])
def test_the_edge_of_a_block_does_not_show(rule: str, count: int) -> None:
    at = prices(0, count)
    found = signals(compile_strategy(definition(rule)), at).flags.astype(bool).tolist()
    assert found == [value is True for value in interpret(rule, at.bars)]


def test_a_bar_of_minutes_and_one_of_days_are_evaluated_by_the_same_machine_code() -> None:
    """One signature serves memory-mapped, read-only input, too."""
    frozen = [np.array(getattr(SPX.bars, name)[:N]) for name in ("time", *PRICES)]
    for array in frozen:
        array.flags.writeable = False
    strategy = compile_strategy(definition("close > sma(named, 3)"))
    read_only = signals(strategy, Prices(SPX.series, Bars(*frozen))).flags
    assert read_only.tolist() == signals(strategy, prices(0)).flags.tolist()


def test_the_machine_and_the_compiler_agree_on_operations() -> None:
    assert {op.name: int(op) for op in Op} == {op.name: getattr(kernels, op.name) for op in Op}


def verify(plan: Plan) -> None:
    """No program reads or writes beyond its registers, columns, constants or lags."""
    columns = len(PRICES) + plan.columns
    for stage in plan.stages:
        for call in stage.calls:
            assert all(-1 <= column < columns for column in call.inputs)
            assert all(len(PRICES) <= column < columns for column in call.outputs)
        if stage.program is not None:
            _verify_program(stage.program, columns)


def _verify_program(program: Program, columns: int) -> None:
    number, truth = range(program.numbers), range(program.truths)
    assert len(program.constants) <= program.numbers
    for op, out, a, b in program.code.tolist():
        if op <= Op.ABS:
            assert out in number[len(program.constants) :]
            assert {a, b} <= set(number)
        elif op <= Op.NE:
            assert out in truth
            assert {a, b} <= set(number)
        elif op <= Op.NOT:
            assert {out, a, b} <= set(truth)
        elif op in (Op.LOAD, Op.LOAD_TRUTH):
            assert out in (number[len(program.constants) :] if op == Op.LOAD else truth)
            assert a in range(columns)
            assert b in range(len(program.lags))
        elif op in (Op.STORE, Op.STORE_TRUTH):
            assert out in range(len(PRICES), columns)
            assert a in (number if op == Op.STORE else truth)
        else:
            assert op == Op.FLAG
            assert a in truth
