"""The order loop against docs/simulation.md: as plain Python on random bars, and as the document's own example."""

import doctest
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import execution, opcodes, orders, signals, trades
from engine.kernels import account, exits
from engine.kernels import simulate as loop
from engine.orders import Stop, StopKind, Stops
from engine.signals import ENTRY_LONG, EXIT_LONG, Signals
from engine.simulate import Simulation
from engine.trades import TRADE
from simulation_oracle import Oracle
from simulation_scene import CAPITAL, run, scenes, walk

DOCUMENT = Path(__file__).parents[2] / "docs" / "simulation.md"


@settings(max_examples=400, deadline=None)
@given(scenes())
def test_the_loop_does_what_its_description_in_plain_python_does(scene: dict[str, Any]) -> None:
    done = run(scene)
    capital = scene.pop("initial_capital")
    oracle = Oracle(**scene, cash=capital).run()
    made = done.trades()
    for name in ("entry", "exit", "side", "reason"):
        assert made[name].tolist() == [trade[name] for trade in oracle.trades], name
    scale = max(CAPITAL, *oracle.equity)
    for name in trades.TRADE_MONEY:
        told = [trade.get(name, np.nan) for trade in oracle.trades]
        np.testing.assert_allclose(made[name], told, rtol=1e-11, atol=1e-12 * scale, err_msg=name)
    np.testing.assert_allclose(done.equity, oracle.equity, rtol=0, atol=1e-12 * scale)
    assert done.rejected == dict(oracle.rejected)
    counted = (done.ambiguous_bars, done.reduced, done.bars_held, done.ruined_at)
    assert counted == (oracle.ambiguous_bars, oracle.reduced, oracle.bars_held, oracle.ruined_at)


def test_the_document_s_example_is_what_the_engine_does() -> None:
    assert doctest.testfile(str(DOCUMENT), module_relative=False).failed == 0


def state(done: Simulation) -> tuple[bytes, ...]:
    arrays = (done.money, done.counts, done.equity, done.trades())
    return tuple(array.tobytes() for array in arrays)


def heir(scene: dict[str, Any], dead: Simulation) -> Simulation:
    """A simulation that knows of another only what was written down."""
    born = Simulation(**scene)
    born.money[:] = np.frombuffer(dead.money.tobytes())
    born.counts[:] = np.frombuffer(dead.counts.tobytes(), dtype=np.int64)
    born.equity[: dead.next_bar] = np.frombuffer(dead.equity[: dead.next_bar].tobytes())
    born._make_room(len(dead._rows))
    made = int(dead.counts[account.TRADES])
    born._rows[:made] = np.frombuffer(dead._rows[:made].tobytes(), dtype=TRADE)
    return born


@settings(deadline=None)
@given(scenes(), st.lists(st.integers(0, 70), max_size=6))
def test_a_run_split_anywhere_has_the_same_bits(scene: dict[str, Any], stops: list[int]) -> None:
    """Also where every part is done by another simulation, from bytes."""
    whole, parts = run(scene), Simulation(**scene)
    for stop in sorted(stops):
        parts.advance(stop)
        parts = heir(scene, parts)
    parts.advance(len(parts))
    assert state(parts) == state(whole)


@settings(deadline=None)
@given(scenes())
def test_rows_for_trades_are_found_as_they_are_needed(scene: dict[str, Any]) -> None:
    whole, cramped = run(scene), Simulation(**scene)
    cramped._make_room(loop.ROOM)
    cramped.advance(len(cramped))
    assert state(cramped) == state(whole)


def test_memory_follows_the_trades_that_are_made() -> None:
    bars = walk(np.random.default_rng(1), 50_000, 0.001)
    every = np.tile(np.array([ENTRY_LONG, EXIT_LONG], dtype=np.uint8), 25_000)
    few = np.where(np.arange(50_000) % 5_000 == 0, ENTRY_LONG, 0).astype(np.uint8)
    scene = {"bars": bars, "first": 0, "initial_capital": CAPITAL}
    busy, idle = (run({**scene, "signals": Signals(flags)}) for flags in (every, few))
    assert len(busy.trades()) == 25_000
    assert len(busy._rows) <= 2 * 25_000
    assert len(idle._rows) == 64


@pytest.mark.parametrize(
    ("copies", "originals"),
    [
        ((account.OPEN, account.SIGNAL, account.REVERSAL, account.STOP_LOSS), list(trades.Reason)[:4]),
        ((account.TAKE_PROFIT, account.TRAILING_STOP, account.END_OF_DATA, account.RUIN), list(trades.Reason)[4:]),
        ((account.PERCENT, account.CASH_AMOUNT, account.UNIT_COUNT, account.RISK), list(orders.SizingMode)),
        ((account.NO_STOP, account.OF_PRICE, account.OF_MONEY, account.OF_ATR), list(orders.StopKind)),
        ((account.NEXT_OPEN, account.SAME_CLOSE, account.PREVIOUS_CLOSE), list(execution.Fill)),
        ((account.FILL_PRICE, account.SIGNAL_CLOSE), list(execution.StopBase)),
        ((account.ACCOUNT, account.VECTORBT, account.WHOLE_UNITS), list(execution.SizingRule)),
        (tuple(getattr(exits, op.name) for op in opcodes.Op if op <= opcodes.Op.NOT), list(range(opcodes.Op.LOAD))),
        ((loop.SAYS_LONG, loop.LEAVES_LONG), [signals.ENTRY_LONG, signals.EXIT_LONG]),
        ((loop.SAYS_SHORT, loop.LEAVES_SHORT), [signals.ENTRY_SHORT, signals.EXIT_SHORT]),
    ],
)
def test_kernels_speak_of_the_same_things(copies: tuple[int, ...], originals: list[int]) -> None:
    assert list(copies) == originals


def test_trades_have_the_columns_that_kernels_write() -> None:
    columns = [name for name in vars(account) if name.startswith("T_")]
    assert [f"T_{name.upper()}" for name in (*trades.TRADE_CODES, *trades.TRADE_MONEY)] == columns


def test_a_stop_on_the_atr_needs_its_distances() -> None:
    bars = walk(np.random.default_rng(1), 3, 0.01)
    nothing = Signals(np.zeros(3, dtype=np.uint8))
    with pytest.raises(ValueError, match="the loss stop hangs on the ATR; give its distances in Signals"):
        Simulation(bars, nothing, 0, CAPITAL, stops=Stops(loss=Stop(StopKind.ATR, 1.0, 14)))
    with pytest.raises(ValueError, match="signals over 2 bars for 3 bars of prices"):
        Simulation(bars, Signals(np.zeros(2, dtype=np.uint8)), 0, CAPITAL)
