"""Metrics: definitions on small numbers one can check by hand, and null with a code wherever they end."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.measure import Course, measure
from engine.metrics import HEADLINE, drawdowns
from engine.trades import TRADE


def trades(pnl: list[float], open_trades: int = 0) -> Any:
    """Closed trades of one bar, each of 100 put in; then open ones."""
    rows = np.zeros(len(pnl) + open_trades, TRADE)
    rows["pnl"][: len(pnl)] = pnl
    rows["return"] = rows["pnl"] / 100
    rows["exit"] = 1
    rows["exit"][len(pnl) :] = -1
    return rows


def course(equity: list[float], pnl: list[float], open_trades: int = 0, **changed: Any) -> Course:
    facts: dict[str, Any] = {
        "initial_capital": 100.0,
        "equity": np.array(equity, dtype=float),
        "days": np.arange(len(equity)),
        "years": len(equity) / 365.25,
        "annualization_factor": 252,
        "trades": trades(pnl, open_trades),
        "bars_held": 1,
    }
    return Course(**{**facts, **changed})


def test_metrics_are_what_their_definitions_say() -> None:
    measured = measure(course([110, 99, 108.9], [10, -11, 9.9], years=2.0, bars_held=2))
    found, returns = measured.metrics, np.array([0.1, -0.1, 0.1])
    deviation = returns.std(ddof=1)
    expected = {
        "sharpeRatio": returns.mean() / deviation * math.sqrt(252),
        "sortino": returns.mean() / math.sqrt(0.01 / 3) * math.sqrt(252),
        "volatility": deviation * math.sqrt(252),
        "cagr": math.sqrt(1.089) - 1,
        "maxDrawdown": -0.1,
        "calmar": (math.sqrt(1.089) - 1) / 0.1,
        "winRate": 2 / 3,
        "profitFactor": 19.9 / 11,
        "expectancy": 8.9 / 3,
        "sqn": math.sqrt(3) * (8.9 / 3) / np.std([10, -11, 9.9], ddof=1),
        "averageWin": 19.9 / 2,
        "averageLoss": -11.0,
        "bestTrade": 0.1,
        "worstTrade": -0.11,
        "averageBarsHeld": 1.0,
        "longestDrawdownBars": 2,
        "totalReturn": 0.089,
        "exposure": 2 / 3,
        "totalTrades": 3,
        "openTrades": 0,
        "annualizationFactor": 252,
    }
    assert found == pytest.approx(expected, rel=1e-12)
    assert measured.notes == {}
    assert tuple(found)[:6] == HEADLINE


def test_returns_are_taken_at_the_last_bar_of_each_day() -> None:
    hourly = measure(course([150, 110, 20, 99], [], days=np.array([0, 0, 1, 1]), open_trades=1, years=1.0))
    daily = measure(course([110, 99], [], open_trades=1, years=1.0))
    assert hourly.metrics["sharpeRatio"] == daily.metrics["sharpeRatio"]


def test_a_loss_from_the_start_is_a_drawdown() -> None:
    assert drawdowns(np.array([90.0, 120, 60]), 100.0).tolist() == pytest.approx([-0.1, 0, -0.5])


NONE_TRADED = dict.fromkeys(
    ("winRate", "profitFactor", "expectancy", "sqn", "averageWin", "averageLoss", "bestTrade", "worstTrade"),
    "NO_TRADES",
)
CASES: dict[str, tuple[Course, dict[str, Any], dict[str, Any]]] = {
    "no trade": (
        course([100, 100, 100], [], years=1.0, bars_held=0),
        {"sharpeRatio": None, "cagr": 0.0, "maxDrawdown": 0.0, "winRate": None, "totalTrades": 0, "profitFactor": None},
        {**NONE_TRADED, "sharpeRatio": "NO_TRADES", "sortino": "NO_TRADES", "calmar": "NO_DRAWDOWN"},
    ),
    "only an open trade": (
        course([110, 99, 108], [], years=1.0, open_trades=1),
        {"winRate": None, "profitFactor": None, "totalTrades": 0, "openTrades": 1},
        NONE_TRADED,
    ),
    "flat equity": (
        course([100, 100, 100], [0.0], years=1.0),
        {"sharpeRatio": None, "cagr": 0.0, "maxDrawdown": 0.0, "winRate": 0.0, "profitFactor": None},
        {
            "sharpeRatio": "ZERO_VARIANCE",
            "sortino": "ZERO_VARIANCE",
            "calmar": "NO_DRAWDOWN",
            "profitFactor": "NO_LOSING_TRADES",
            "sqn": "TOO_SHORT",
        },
    ),
    "equity that only rounding moves": (
        course([100, 100 + 1e-13, 100], [1.0, -1], years=1.0),
        {"sharpeRatio": None},
        {"sharpeRatio": "ZERO_VARIANCE", "sortino": "ZERO_VARIANCE"},
    ),
    "one bar of a day": (
        course([90], [-10], years=1 / 365.25),
        {"sharpeRatio": None, "cagr": 0.9**365.25 - 1, "maxDrawdown": -0.1, "volatility": None},
        {"sharpeRatio": "TOO_SHORT", "sortino": "TOO_SHORT", "volatility": "TOO_SHORT", "cagr": "SHORT_SAMPLE",
         "calmar": "SHORT_SAMPLE", "sqn": "TOO_SHORT"},
    ),
    "less than a day": (
        course([90], [-10], years=0.5 / 365.25),
        {"cagr": None, "calmar": None, "sharpeRatio": None},
        {"sharpeRatio": "TOO_SHORT", "sortino": "TOO_SHORT", "volatility": "TOO_SHORT", "cagr": "TOO_SHORT",
         "calmar": "TOO_SHORT", "sqn": "TOO_SHORT"},
    ),
    "less than thirty days": (
        course([110, 99], [10, -11]),
        {"maxDrawdown": -0.1},
        dict.fromkeys(("sharpeRatio", "sortino", "volatility", "cagr", "calmar"), "SHORT_SAMPLE"),
    ),
    "wins only": (
        course([110, 99, 120], [10, 10.5], years=1.0),
        {"winRate": 1.0, "profitFactor": None, "totalTrades": 2},
        {"profitFactor": "NO_LOSING_TRADES"},
    ),
    "losses only": (course([90, 99, 80], [-10, -11], years=1.0), {"winRate": 0.0, "profitFactor": 0.0}, {}),
    "a trade that breaks even is no win": (
        course([110, 99, 108], [5, 0, -5], years=1.0), {"winRate": 1 / 3, "profitFactor": 1.0}, {"sqn": None}
    ),
    "ruin": (
        course([110, 50, 0, 0], [-100, 5], ruined_at=2, years=1.0),
        {"cagr": -1.0, "maxDrawdown": -1.0, "totalReturn": -1.0, "calmar": -1.0},
        {"cagr": "RUINED_AT", "maxDrawdown": "RUINED_AT", "calmar": "RUINED_AT"},
    ),
    "no drawdown": (
        course([110, 121], [21], years=1.0), {"maxDrawdown": 0.0, "calmar": None}, {"calmar": "NO_DRAWDOWN"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_where_a_metric_ends_it_is_null_and_says_why(case: str) -> None:
    given_course, metrics, notes = CASES[case]
    measured = measure(given_course)
    assert {name: measured.metrics[name] for name in metrics} == {
        name: value if value is None else pytest.approx(value, rel=1e-12) for name, value in metrics.items()
    }
    for name, note in notes.items():
        assert measured.notes.get(name) == note, name
    json.dumps(measured.metrics, allow_nan=False)


def test_the_ratios_of_a_ruined_run_end_with_it() -> None:
    ruined = measure(course([110, 50, 0, 0, 0, 0], [], ruined_at=2, years=1.0, open_trades=1)).metrics
    returns = np.array([0.1, 50 / 110 - 1, -1.0])
    assert ruined["sharpeRatio"] == pytest.approx(returns.mean() / returns.std(ddof=1) * math.sqrt(252), rel=1e-12)


equities = st.lists(st.floats(0, 1e300, allow_subnormal=True), min_size=1, max_size=20)


@given(equities, st.lists(st.floats(-1e300, 1e300), max_size=5), st.floats(1e-9, 1e3))
def test_metrics_are_json_whatever_happened(equity: list[float], pnl: list[float], years: float) -> None:
    ruined = next((i for i, value in enumerate(equity) if value == 0), None)
    end = equity if ruined is None else equity[:ruined] + [0.0] * (len(equity) - ruined)
    measured = measure(course(end, pnl, years=years, ruined_at=ruined))
    json.dumps(measured.metrics, allow_nan=False)
    for name, value in measured.metrics.items():
        assert value is not None or name in measured.notes
