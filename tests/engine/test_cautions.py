"""What a result warns of: each caution where it is due, and not where it is not."""

from typing import Any

import numpy as np
import pytest

from engine import sample
from engine.backtest import run
from engine.bars import Bars
from engine.request import parse_args
from engine.result import BacktestResult
from engine.rules import compile_strategy
from engine.series import Prices

DAY = 86_400_000_000_000
SPX = sample.find("SPX", "1d").read()
AAPL = sample.find("AAPL", "1d").read()


def result(prices: Prices, definition: dict[str, Any], **members: object) -> BacktestResult:
    request = parse_args(
        {"strategyId": "x", "symbol": "X", "startDate": "1990-01-01", "endDate": "2030-01-01", **members}
    )
    return run(request, compile_strategy({"version": 1, "name": "T", **definition}), prices)


def codes(found: BacktestResult) -> list[str]:
    return [warning["code"] for warning in found.warnings]


def days(closes: list[float], **changed: list[float]) -> Prices:
    arrays = {"open": closes, "high": closes, "low": closes, "close": closes, **changed}
    time = np.arange(len(closes)) * DAY + 20_000 * DAY
    volume = np.array(changed.get("volume", [1.0] * len(closes)))
    open_, high, low, close = (np.array(arrays[name], dtype=float) for name in ("open", "high", "low", "close"))
    bars = Bars(time, open_, high, low, close, volume)
    return Prices(SPX.series, bars)


def test_few_trades() -> None:
    found = result(SPX, {"entryLong": "close > sma(close, 200)", "exitLong": "bars_in_trade > 500"})
    assert found.metrics["totalTrades"] in range(1, 30)
    warning = next(one for one in found.warnings if one["code"] == "FEW_TRADES")
    assert warning["figures"] == {"trades": found.metrics["totalTrades"], "least": 30}
    often = result(SPX, {"entryLong": "close > open", "exitLong": "close < open"})
    assert "FEW_TRADES" not in codes(often)


def test_one_trade_made_all_the_profit() -> None:
    rules = {"entryLong": "volume < 2", "exitLong": "volume > 1"}
    turns = [1.0, 1, 2, 1, 2, 1, 2, 1, 2, 2]
    # Bought on days 1, 4, 6, 8 and sold on days 3, 5, 7, 9.
    spike = days([10, 10, 9, 9, 9, 20, 30, 30, 29, 29], volume=turns)
    found = result(spike, rules)
    pnl = found.trades["pnl"][found.trades["exit"] >= 0]
    assert pnl.sum() > 0 > pnl.sum() - pnl.max()
    assert "ONE_TRADE_MADE_ALL_PROFIT" in codes(found)
    assert "ONE_TRADE_MADE_ALL_PROFIT" not in codes(result(days([10.0 + i for i in range(10)], volume=turns), rules))


def test_worse_than_holding_but_not_for_holding_itself() -> None:
    rising = days([10.0 + i for i in range(60)])
    assert "WORSE_THAN_BUY_AND_HOLD" not in codes(result(rising, {"entryLong": "close > 0"}))
    late = result(rising, {"entryLong": "close > 50"})
    assert "WORSE_THAN_BUY_AND_HOLD" in codes(late)


def test_stops_on_closes_alone() -> None:
    rules = {"entryLong": "close > 0", "stops": {"loss": {"pct": 0.05}}}
    assert "CLOSE_ONLY_STOPS" in codes(result(AAPL, rules))
    assert "CLOSE_ONLY_STOPS" not in codes(result(SPX, rules))
    assert "CLOSE_ONLY_STOPS" not in codes(result(AAPL, {"entryLong": "close > 0"}))


def test_ambiguous_bars_are_counted() -> None:
    closes = [100.0, 100, 100, 100]
    wide = days(closes, high=[100, 100, 120, 100], low=[100, 100, 80, 100])
    stops = {"loss": {"pct": 0.1}, "profit": {"pct": 0.1}}
    found = result(wide, {"entryLong": "close > 0", "stops": stops})
    assert "AMBIGUOUS_BARS" in codes(found)
    (message,) = [w["message"] for w in found.warnings if w["code"] == "AMBIGUOUS_BARS"]
    assert message == "On 1 bar both the loss stop and the profit target were within reach; the loss was taken."


def test_a_rule_that_is_never_true() -> None:
    assert "NEVER_ENTERED" in codes(result(SPX, {"entryLong": "close < 0"}))


def test_a_look_back_beyond_the_data_says_so() -> None:
    short = Prices(SPX.series, SPX.bars.between(0, 100))
    found = result(short, {"entryLong": "close > sma(close, 600)"})
    (message,) = [w["message"] for w in found.warnings if w["code"] == "LOOK_BACK_EXCEEDS_DATA"]
    assert message == (
        "Rules look back 599 bars and there are only 100, so no rule was ever decided. "
        "Choose a longer range or shorter lengths."
    )
    assert "NEVER_ENTERED" not in codes(found)


@pytest.mark.parametrize(("lot", "expected"), [(1_000_000.0, True), (0.0, False)])
def test_orders_below_one_lot_are_counted_by_reason(lot: float, *, expected: bool) -> None:
    found = result(SPX, {"entryLong": "close > 0"}, lot=lot)
    assert ("REJECTED_SIZE" in codes(found)) == expected
    assert len(found.trades) == (not expected)


def test_ruin_is_the_first_thing_said() -> None:
    prices = days([10, 10, 10, 25, 60])
    found = result(prices, {"entryLong": None, "entryShort": "close > 0"})
    assert codes(found)[:2] == ["PARTLY_COVERED", "RUINED"]
    assert found.final_equity == 0.0
