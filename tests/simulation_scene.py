"""Anything a simulation can be asked to do, for hypothesis to draw from."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from engine.bars import Bars
from engine.opcodes import ExitProgram, Op
from engine.orders import Costs, Sizing, SizingMode, Stop, StopKind, Stops
from engine.signals import Signals
from engine.simulate import Simulation

CAPITAL = 10_000.0
COMPARISONS = (Op.GT, Op.GE, Op.LT, Op.LE, Op.EQ, Op.NE)

costs = st.builds(
    Costs,
    commission=st.sampled_from([0.0, 0.001, 0.05]),
    slippage=st.sampled_from([0.0, 0.0005, 0.03]),
    fixed=st.sampled_from([0.0, 0.0, 1.0, 300.0]),
    minimum=st.sampled_from([0.0, 0.0, 5.0, 900.0]),
    per_unit=st.sampled_from([0.0, 0.0, 0.01, 2.0]),
)
sizings = st.one_of(
    st.builds(Sizing, st.just(SizingMode.PERCENT), st.sampled_from([1.0, 1.0, 0.5, 0.013, 1.5])),
    st.builds(Sizing, st.just(SizingMode.CASH), st.sampled_from([100.0, 9_000.0, 50_000.0])),
    st.builds(Sizing, st.just(SizingMode.UNITS), st.sampled_from([0.5, 10.0, 90.0, 1e5])),
    st.builds(Sizing, st.just(SizingMode.RISK), st.sampled_from([0.01, 0.1, 0.9])),
)


def stop(*fractions: float) -> st.SearchStrategy[Stop]:
    return st.one_of(
        st.just(Stop()),
        st.builds(Stop, st.just(StopKind.PERCENT), st.sampled_from(fractions)),
        st.builds(Stop, st.just(StopKind.PRICE), st.sampled_from([100 * fraction for fraction in fractions])),
        st.builds(Stop, st.just(StopKind.ATR), st.sampled_from([1.0, 3.0]), st.just(14)),
    )


any_stops = st.builds(Stops, stop(0.01, 0.05), stop(0.02, 0.1), stop(0.015, 0.04))


@st.composite
def programs(draw: Any, bars: int, random: np.random.Generator) -> ExitProgram | None:
    """Anything a typed expression can become, unknown truth and numbers included."""
    if draw(st.booleans()):
        return None
    columns = np.array([random.choice([0.0, 1.0, np.nan], bars), random.choice([np.nan, 3.0, 99.0, 0.01], bars)])
    constants = np.array([0.02, 4.0])
    truths, numbers = [0], [1, 2, 3, 4, 5, 6]
    code = []
    for k in range(draw(st.integers(1, 8))):
        op = draw(st.sampled_from([op for op in Op if op <= Op.NOT]))
        operands = st.sampled_from(truths if op in (Op.AND, Op.OR, Op.NOT) else numbers)
        code.append((op, draw(operands), draw(operands)))
        (truths if op in (*COMPARISONS, Op.AND, Op.OR, Op.NOT) else numbers).append(7 + k)
    ends = st.sampled_from([-1, truths[-1]])
    return ExitProgram(columns, constants, np.array(code, dtype=np.int32), draw(ends), draw(ends))


@st.composite
def scenes(draw: Any, *, most_bars: int = 70) -> dict[str, Any]:
    """Arguments of a Simulation: a walk with gaps and wide bars, signals at random, and every option."""
    bars, seed = draw(st.integers(1, most_bars)), draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    wild = draw(st.sampled_from([0.001, 0.02, 0.02, 0.3]))
    busy = draw(st.sampled_from([0.02, 0.2, 0.5]))
    bits = [random.random(bars) < busy * share for share in (1.0, 0.7, draw(st.sampled_from([0.0, 1.0])), 0.7)]
    flags = sum(bit.astype(np.uint8) << np.uint8(shift) for shift, bit in enumerate(bits))
    loss, profit, trailing = (random.choice([np.nan, 0.0, 1.0, 3.0], bars, p=[0.02, 0.02, 0.5, 0.46]) for _ in range(3))
    return {
        "bars": walk(random, bars, wild),
        "signals": Signals(np.asarray(flags, dtype=np.uint8), loss, profit, trailing, draw(programs(bars, random))),
        "first": draw(st.integers(0, bars - 1)),
        "initial_capital": CAPITAL,
        "costs": draw(costs),
        "stops": draw(any_stops),
        "sizing": draw(sizings),
        "lot": draw(st.sampled_from([0.0, 0.0, 1.0, 0.001, 50.0])),
        "close_at_end": draw(st.booleans()),
    }


def walk(random: np.random.Generator, bars: int, wild: float) -> Bars:
    close = 100 * np.exp(np.cumsum(random.normal(0, wild, bars)))
    open_ = np.concatenate(([100.0], close[:-1])) * np.exp(random.normal(0, wild / 2, bars))
    high = np.maximum(open_, close) * np.exp(np.abs(random.normal(0, wild, bars)))
    low = np.minimum(open_, close) * np.exp(-np.abs(random.normal(0, wild, bars)))
    return Bars(np.arange(bars), open_, high, low, close, np.zeros(bars))


def run(scene: dict[str, Any]) -> Simulation:
    done = Simulation(**scene)
    done.advance(len(done))
    return done
