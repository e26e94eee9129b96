"""Laws of the order loop."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.result import TRADE
from engine.simulate import Simulation

prices = st.floats(0.01, 1e6)
rows = st.lists(st.tuples(prices, prices, st.booleans(), st.booleans()), min_size=1, max_size=60)
costs = st.sampled_from([0.0, 0.001, 0.05])


def simulation(
    bars: list[tuple[float, float, bool, bool]], commission: float = 0.0, slippage: float = 0.0
) -> Simulation:
    open_, close, entry, leave = (np.array(column) for column in zip(*bars, strict=True))
    signals = (entry.astype(np.uint8), leave.astype(np.uint8))
    return Simulation(open_.astype(float), close.astype(float), *signals, 10_000.0, commission, slippage)


def everything(done: Simulation) -> tuple[bytes, ...]:
    return tuple(array.tobytes() for array in (done.money, done.counts, done.equity, done.trade_bars, done.trade_money))


@given(rows, costs, costs, st.data())
def test_a_run_split_anywhere_has_the_same_bits(bars: list[Any], commission: float, slippage: float, data: Any) -> None:
    whole = simulation(bars, commission, slippage)
    whole.advance(len(whole))
    parts = simulation(bars, commission, slippage)
    for stop in sorted(data.draw(st.lists(st.integers(0, len(bars)), max_size=5))):
        parts.advance(stop)
    parts.advance(len(parts))
    assert everything(parts) == everything(whole)


@given(rows, costs, costs)
def test_equity_is_cash_and_units_at_the_close(bars: list[Any], commission: float, slippage: float) -> None:
    """By a slow simulation of its own: at every bar all money is either cash or units, and costs only take away."""
    done = simulation(bars, commission, slippage)
    done.advance(len(done))
    cash, units, due = 10_000.0, 0.0, None
    for i, (open_, close, entry, leave) in enumerate(bars):
        if due == "buy":
            units, cash = cash / (open_ * (1 + slippage) * (1 + commission)), 0.0
        elif due == "sell":
            cash, units = units * open_ * (1 - slippage) * (1 - commission), 0.0
        due = None
        assert done.equity[i] == pytest.approx(cash + units * close, rel=1e-9)
        if entry != leave:
            due = "buy" if entry and not units else "sell" if leave and units else None


@given(rows, costs, costs)
def test_what_trades_made_is_what_the_account_gained(bars: list[Any], commission: float, slippage: float) -> None:
    done = simulation(bars, commission, slippage)
    done.advance(len(done))
    assert done.trades()["pnl"].sum() == pytest.approx(done.equity[-1] - 10_000, rel=1e-6, abs=1e-6 * done.equity.max())


@given(rows)
def test_later_bars_change_nothing_earlier(bars: list[Any]) -> None:
    whole, half = simulation(bars), simulation(bars[: max(1, len(bars) // 2)])
    whole.advance(len(whole))
    half.advance(len(half))
    assert whole.equity[: len(half)].tobytes() == half.equity.tobytes()


def test_a_signal_fills_at_the_next_open_and_all_cash_goes_its_commission_included() -> None:
    done = simulation(
        [(9, 10, True, False), (20, 21, False, False), (22, 23, False, True), (25, 26, False, False)], 0.01, 0.1
    )
    done.advance(4)
    units = 10_000 / 1.01 / 22
    gross = units * 22.5
    assert done.equity.tolist() == pytest.approx([10_000, units * 21, units * 23, gross * 0.99])
    (trade,) = done.trades()
    assert trade["entry"] == 1
    assert trade["exit"] == 3
    assert trade["entry_fee"] == pytest.approx(10_000 - 10_000 / 1.01)
    assert trade["exit_fee"] == pytest.approx(gross * 0.01)
    assert trade["pnl"] == pytest.approx(gross * 0.99 - 10_000)
    assert trade["return"] == pytest.approx(trade["pnl"] / (units * 22))
    assert done.bars_held == 2


def test_entry_and_exit_together_are_neither() -> None:
    done = simulation([(10, 10, True, True), (10, 10, False, False)])
    done.advance(2)
    assert done.trades().tolist() == []


def test_an_open_position_is_marked_at_the_last_close() -> None:
    done = simulation([(10, 10, True, False), (10, 15, False, False)])
    done.advance(2)
    (trade,) = done.trades()
    assert done.trades().dtype == TRADE
    assert (trade["exit"], trade["pnl"]) == (-1, 5_000)
    assert np.isnan(trade["exit_price"])


def test_an_order_that_meets_no_next_open_is_counted() -> None:
    done = simulation([(10, 10, True, False)])
    done.advance(1)
    assert done.rejected == {"END_OF_DATA": 1}


def test_an_order_that_would_buy_nothing_is_rejected_and_counted() -> None:
    crash = [(1, 1, True, False), (1e300, 1e-20, False, True), (1e-20, 1, True, False), (1e300, 1, False, False)]
    done = simulation(crash)
    done.advance(len(done))
    assert done.rejected == {"SIZE": 1}
    assert not done.has_position
    assert 0 < done.equity[-1] < 1e-300


def test_ruin_ends_the_run_with_equity_zero() -> None:
    """Prices above zero cannot ruin a long account by themselves; what is left of it can be too small for a number."""
    done = simulation([(1, 1, True, False), (1e300, 1e-320, False, False), (1, 1, False, False)])
    done.advance(3)
    assert done.ruined_at == 1
    assert done.equity.tolist() == [10_000, 0, 0]
