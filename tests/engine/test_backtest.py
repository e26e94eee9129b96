"""A whole run, held against an independent calculation."""

import json
from datetime import date
from typing import Any

import numpy as np
import pytest

from engine import sample, strategies
from engine.backtest import run
from engine.errors import Cancelled, RangeNotCovered
from engine.request import BacktestRequest, parse_args
from engine.result import BacktestResult, decode_detail, encode, result_hash, summarize
from engine.rules import compile_strategy
from engine.series import Prices

AAPL = {"strategyId": "sma-cross", "symbol": "AAPL", "startDate": "2020-01-01", "endDate": "2025-12-22"}


def ask(**members: object) -> BacktestRequest:
    return parse_args({**AAPL, **members})


def run_on(prices: Prices, request: BacktestRequest, **hooks: object) -> BacktestResult:
    definition = strategies.get(request.strategy_id).definition
    return run(request, compile_strategy(definition, request.strategy_params), prices, **hooks)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def aapl() -> Prices:
    return sample.find("AAPL", "1d").read()


def sma_cross_in_plain_python(days: list[str], closes: list[float], first: str, capital: float) -> dict[str, Any]:
    """Buy at the next open (here: the next close) after fast > slow and fast ≤ slow the day before; sell mirrored."""

    def mean(end: int, length: int) -> float:
        return sum(closes[end - length + 1 : end + 1]) / length

    cash, units, due, bought = capital, 0.0, "", (0.0, "")
    equity: list[float] = []
    trades: list[tuple[str, str, float]] = []
    begin = next(i for i, day in enumerate(days) if day >= first)
    for i in range(begin, len(days)):
        if due == "buy":
            units, cash, bought = cash / closes[i], 0.0, (closes[i], days[i])
        elif due == "sell":
            trades.append((bought[1], days[i], units * (closes[i] - bought[0])))
            units, cash = 0.0, units * closes[i]
        due = ""
        equity.append(cash + units * closes[i])
        now, before = mean(i, 10) - mean(i, 50), mean(i - 1, 10) - mean(i - 1, 50)
        if now > 0 >= before and not units:
            due = "buy"
        elif now < 0 <= before and units:
            due = "sell"
    marks = np.array([capital, *equity])
    returns = marks[1:] / marks[:-1] - 1
    years = ((date.fromisoformat(days[-1]) - date.fromisoformat(days[begin])).days + 1) / 365.25
    won, lost = sum(p for *_, p in trades if p > 0), -sum(p for *_, p in trades if p < 0)
    metrics = {
        "sharpeRatio": returns.mean() / returns.std(ddof=1) * 252**0.5,
        "cagr": (equity[-1] / capital) ** (1 / years) - 1,
        "maxDrawdown": min(marks / np.maximum.accumulate(marks)) - 1,
        "winRate": sum(p > 0 for *_, p in trades) / len(trades),
        "totalTrades": len(trades),
        "profitFactor": won / lost,
    }
    return {"equity": equity, "trades": trades, "metrics": metrics}


def test_aapl_sma_10_50_equals_thirty_lines_of_plain_python(aapl: Prices) -> None:
    days = [str(day) for day in aapl.bars.time.astype("datetime64[ns]").astype("datetime64[D]")]
    plain = sma_cross_in_plain_python(days, aapl.bars.close.tolist(), "2020-01-01", 10_000)
    result = run_on(aapl, ask())
    trades = decode_detail(encode(result).detail).trades

    assert [(t["entryTime"][:10], t["exitTime"][:10]) for t in trades] == [t[:2] for t in plain["trades"]]
    assert [t["pnl"] for t in trades] == pytest.approx([t[2] for t in plain["trades"]], rel=1e-9)
    assert result.equity == pytest.approx(np.array(plain["equity"]), rel=1e-12)
    for name, value in plain["metrics"].items():
        assert result.metrics[name] == pytest.approx(value, rel=1e-9), name
    assert (len(trades), trades[0]["entryTime"], trades[-1]["exitTime"]) == (
        10,
        "2020-04-23T00:00:00Z",
        "2022-12-12T00:00:00Z",
    )


def test_a_partly_covered_range_runs_and_says_so(aapl: Prices) -> None:
    summary = summarize(run_on(aapl, ask()))
    coverage = summary["coverage"]
    assert (coverage["dataStart"], coverage["dataEnd"], coverage["bars"]) == ("2020-01-02", "2022-12-28", 754)
    assert (coverage["complete"], coverage["closeOnly"], coverage["adjusted"]) == (False, True, True)
    assert [warning["code"] for warning in summary["warnings"]][:2] == ["PARTLY_COVERED", "CLOSE_ONLY"]
    json.dumps(summary, allow_nan=False)


def test_the_end_date_is_inclusive_and_later_bars_change_nothing(aapl: Prices) -> None:
    request = ask(startDate="2001-01-01", endDate="2004-12-31")
    result = run_on(aapl, request)
    assert result.coverage.complete
    assert result.coverage.data_end == "2004-12-31"
    row = int(np.searchsorted(aapl.bars.time, result.time[-1]))
    shorter = Prices(aapl.series, aapl.bars.between(0, row + 1))
    assert result_hash(run_on(shorter, request)) == result_hash(result)


def test_the_first_signal_is_decided_on_the_first_bar_of_the_range_with_a_full_warm_up(aapl: Prices) -> None:
    result = run_on(aapl, ask(strategyId="buy-and-hold"))
    first = decode_detail(encode(result).detail).trades[0]
    assert (result.coverage.data_start, first["entryTime"]) == ("2020-01-02", "2020-01-03T00:00:00Z")
    warmed = {warning["code"] for warning in run_on(aapl, ask()).warnings}
    cold = {warning["code"] for warning in run_on(aapl, ask(startDate="1990-01-01")).warnings}
    assert "SHORT_WARM_UP" in cold - warmed


def test_an_uncovered_range_is_a_permanent_error_that_says_from_when_to_when_there_is_data(aapl: Prices) -> None:
    with pytest.raises(RangeNotCovered, match="from 1990-01-02 to 2022-12-28") as caught:
        run_on(aapl, ask(startDate="2023-06-01", endDate="2024-06-01"))
    assert caught.value.permanent


def test_parameters_and_costs_reach_the_run(aapl: Prices) -> None:
    plain, other = run_on(aapl, ask()), run_on(aapl, ask(strategyParams={"fast": 20}))
    assert result_hash(plain) != result_hash(other)
    assert run_on(aapl, ask(costs={"commission": 0.01})).final_equity < plain.final_equity


def test_progress_never_goes_back_and_stays_in_its_phases(aapl: Prices) -> None:
    said: list[tuple[int, str, float | None]] = []
    run_on(aapl, ask(), on_progress=lambda *report: said.append(report))
    percents = [percent for percent, *_ in said]
    assert percents == sorted(percents)
    assert {step for _, step, _ in said} == {"indicators", "simulate"}
    assert all(percent >= {"indicators": 20, "simulate": 50}[step] for percent, step, _ in said)
    assert said[-1] == (90, "simulate", 0.0)


def test_a_cancelled_run_stops_with_an_error(aapl: Prices) -> None:
    with pytest.raises(Cancelled, match="indicators"):
        run_on(aapl, ask(), cancelled=lambda: True)


def test_the_same_run_has_the_same_bits(aapl: Prices) -> None:
    assert result_hash(run_on(aapl, ask())) == result_hash(run_on(aapl, ask()))
