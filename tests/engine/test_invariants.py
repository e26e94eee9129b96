"""What holds for every account, whatever was asked of it: books that balance, and no money from nothing."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bars import Bars
from engine.kernels import account as at
from simulation_scene import CAPITAL, run, scenes

CLOSE = 1e-9 * CAPITAL


@given(scenes())
@settings(max_examples=300, deadline=None)
def test_equity_is_what_the_trades_say_at_every_bar(scene: dict[str, Any]) -> None:
    """Cash is rebuilt from the trades alone: what was paid, what was taken in, the fees; then marked at each close."""
    done = run(scene)
    close = scene["bars"].close[scene["first"] :]
    equity = np.full(len(close), CAPITAL)
    end = len(close) if done.ruined_at is None else done.ruined_at
    for trade in done.trades():
        begin, over = int(trade["entry"]), int(trade["exit"])
        held = slice(begin, len(close) if over < 0 else over)
        equity[held] += trade["side"] * trade["units"] * (close[held] - trade["entry_price"]) - trade["entry_fee"]
        if over >= 0:
            equity[over:] += trade["pnl"]
    equity[end:] = done.equity[end:]
    np.testing.assert_allclose(done.equity, equity, rtol=1e-9, atol=CLOSE)


@given(scenes())
@settings(max_examples=300, deadline=None)
def test_the_profits_of_all_trades_are_what_the_account_gained(scene: dict[str, Any]) -> None:
    done = run(scene)
    gained = float(done.equity[-1]) - CAPITAL
    np.testing.assert_allclose(done.trades()["pnl"].sum(), gained, rtol=1e-9, atol=CLOSE)


@given(scenes())
@settings(max_examples=200, deadline=None)
def test_cash_and_units_are_the_equity_of_the_last_bar(scene: dict[str, Any]) -> None:
    done = run(scene)
    if done.ruined_at is None:
        marked = done.money[at.CASH] + done.money[at.UNITS] * scene["bars"].close[-1]
        np.testing.assert_allclose(done.equity[-1], marked, rtol=1e-12)


@given(scenes(), st.sampled_from([1.0, 37.5, 100.0]))
@settings(max_examples=300, deadline=None)
def test_no_money_comes_from_nothing(scene: dict[str, Any], price: float) -> None:
    """Prices that never move can only cost: no trade ends above what it cost, equity never rises."""
    bars = len(scene["bars"])
    flat = np.full(bars, price)
    still = Bars(np.arange(bars), flat, flat, flat, flat, np.zeros(bars))
    done = run({**scene, "bars": still})
    assert np.all(done.trades()["pnl"] <= CLOSE)
    assert np.all(np.diff(np.concatenate(([CAPITAL], done.equity))) <= CLOSE)


@given(scenes())
@settings(max_examples=200, deadline=None)
def test_an_account_never_owes(scene: dict[str, Any]) -> None:
    done = run(scene)
    assert np.all(done.equity >= 0.0)
    if done.ruined_at is not None:
        assert np.all(done.equity[done.ruined_at :] == 0.0)
        assert not done.has_position
