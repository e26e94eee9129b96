"""A run beside a benchmark, and its first years beside its last."""

import itertools
import json
from datetime import date
from typing import Any

import numpy as np
import pytest

from engine import sample, strategies
from engine.backtest import run
from engine.request import parse_args
from engine.result import BacktestResult, decode_preview, encode, preview, summarize
from engine.rules import compile_strategy
from engine.series import Prices

SPX = sample.find("SPX", "1d").read()
IXIC = sample.find("IXIC", "1d").read()
ASKED = {"strategyId": "sma-cross", "symbol": "IXIC", "startDate": "2003-01-01", "endDate": "2017-12-31"}


def result(beside: Prices | None = None, **members: object) -> BacktestResult:
    strategy = compile_strategy(strategies.get("sma-cross").definition)
    asked = {**ASKED, **members, "benchmark": None if beside is None else "SPX"}
    return run(parse_args(asked), strategy, IXIC, benchmark=beside)


def returns_of(marks: np.ndarray[Any, Any]) -> Any:
    return marks[1:] / marks[:-1] - 1


def test_alpha_and_beta_are_empyricals() -> None:
    """beta = cov/var; alpha = (1 + mean(r − rf − beta (b − rf)))^252 − 1; rf of a day by compounding."""
    found = result(SPX, riskFreeRate=0.02)
    first = int(np.searchsorted(SPX.bars.time, found.time[0]))
    closes = SPX.bars.close[first - 1 : first + len(found.time)]
    ours, theirs = returns_of(np.concatenate(([10_000.0], found.equity))), returns_of(closes)
    riskless = 1.02 ** (1 / 252) - 1
    beta = np.cov(ours, theirs)[0, 1] / theirs.var(ddof=1)
    alpha = (1 + np.mean(ours - riskless - beta * (theirs - riskless))) ** 252 - 1
    assert found.metrics["beta"] == pytest.approx(beta, rel=1e-12)
    assert found.metrics["alpha"] == pytest.approx(alpha, rel=1e-10)
    assert found.metrics["sharpeRatio"] == pytest.approx(
        (ours - riskless).mean() / ours.std(ddof=1) * 252**0.5, rel=1e-12
    )
    assert summarize(found)["benchmark"] == {
        "symbol": "SPX",
        "totalReturn": pytest.approx(closes[-1] / closes[0] - 1, rel=1e-12),
    }
    drawn = decode_preview(preview(found))
    assert drawn["benchmark"] is not None
    assert len(drawn["benchmark"]) == len(drawn["equity"])
    assert drawn["benchmark"][-1][1] == pytest.approx(10_000 * closes[-1] / closes[0], rel=1e-12)


def test_a_benchmark_that_begins_later_is_left_out_and_said_to_be() -> None:
    late = Prices(SPX.series, SPX.bars.between(2_000, len(SPX.bars)))
    found = result(late)
    assert "alpha" not in found.metrics
    assert "BENCHMARK_NOT_COVERED" in [warning["code"] for warning in found.warnings]


def test_a_benchmark_that_never_moves_has_no_beta() -> None:
    bars = SPX.bars
    still = np.full(len(bars), 100.0)
    flat = Prices(SPX.series, type(bars)(bars.time, still, still, still, still, bars.volume))
    found = result(flat)
    assert (found.metrics["beta"], found.metric_notes["beta"]) == (None, "FLAT_BENCHMARK")


def test_the_parts_of_a_split_are_measured_as_runs_of_their_own() -> None:
    whole = result(outOfSampleFrom="2012-01-01")
    assert whole.split is not None
    day = int(np.datetime64("2012-01-01", "ns").astype(np.int64))
    row = int(np.searchsorted(whole.time, day))
    early = result(endDate="2011-12-31")
    before, after = whole.split.before.metrics, whole.split.after.metrics
    # Nothing of what comes later is known to the first part: it is the run that ended there.
    assert before == pytest.approx(early.metrics, rel=1e-12)
    late = returns_of(whole.equity[row - 1 :])
    assert after["sharpeRatio"] == pytest.approx(late.mean() / late.std(ddof=1) * 252**0.5, rel=1e-12)
    assert after["totalReturn"] == pytest.approx(whole.equity[-1] / whole.equity[row - 1] - 1, rel=1e-12)
    closed = whole.trades["exit"] >= 0
    assert before["totalTrades"] == np.count_nonzero(closed & (whole.trades["exit"] < row))
    assert after["totalTrades"] == np.count_nonzero(closed & (whole.trades["exit"] >= row))
    held = [part["exposure"] or 0.0 for part in (before, after)]
    bars = len(whole.time)
    assert whole.metrics["exposure"] == pytest.approx((held[0] * row + held[1] * (bars - row)) / bars, rel=1e-12)
    written = summarize(whole)["outOfSample"]
    assert written["from"] == "2012-01-01"
    json.dumps(written, allow_nan=False)


def test_a_split_without_prices_on_one_side_is_said_not_to_be() -> None:
    found = result(endDate="2025-01-01", outOfSampleFrom="2024-01-01")
    assert found.split is None
    assert summarize(found)["outOfSample"] is None
    assert "NOT_SPLIT" in [warning["code"] for warning in found.warnings]


def test_months_are_the_ratio_of_their_last_equities() -> None:
    found = result()
    months = decode_preview(encode(found).preview)["monthly"]
    last: dict[tuple[int, int], float] = {}
    for time, equity in zip(found.time.tolist(), found.equity.tolist(), strict=True):
        day = date(1970, 1, 1).toordinal() + time // 86_400_000_000_000
        last[date.fromordinal(day).year, date.fromordinal(day).month] = equity
    marks = [10_000.0, *last.values()]
    assert [(row["year"], row["month"]) for row in months] == list(last)
    assert [row["value"] for row in months] == [b / a - 1 for a, b in itertools.pairwise(marks)]
    assert np.prod([1 + row["value"] for row in months]) == pytest.approx(found.final_equity / 10_000, rel=1e-12)
