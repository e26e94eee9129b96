"""A sweep is what its combinations are one by one, in constant memory; and it says how much of the best is luck."""

import math
from typing import Any

import numpy as np
import pytest

from bench.prices import walk
from engine import backtest, sample, strategies, sweep, trials
from engine.errors import Cancelled, GridTooLarge, RangeNotCovered, StrategyError
from engine.metrics import SWEPT
from engine.result import decode_detail as decode_run
from engine.result import encode as encode_run
from engine.rules import read
from engine.series import Prices
from engine.sweep_plan import Plan, plan
from engine.sweep_request import SweepRequest, parse_sweep_args
from engine.sweep_result import decode_detail, decode_previews, encode
from engine.trial_table import deflated_sharpe, ranked

DAYS = {"startDate": "2020-03-02", "endDate": "2020-11-30", "symbol": "WALK", "strategyId": "sma-cross"}

BREAKOUT: dict[str, Any] = {
    "version": 1,
    "name": "Everything that can vary",
    "params": {
        "n": {"type": "int", "default": 20, "min": 2, "max": 200},
        "m": {"type": "int", "default": 5, "min": 1, "max": 50},
        "loss": {"type": "float", "default": 0.05, "min": 0.001, "max": 0.5},
        "wide": {"type": "float", "default": 2, "min": 0.1, "max": 10},
        "risk": {"type": "float", "default": 0.02, "min": 0.001, "max": 0.5},
    },
    "entryLong": "close > prev(highest(high, n), m) and close * 1.5 > open + loss",
    "exitLong": "bars_in_trade >= m * 3 or close < sma(close, m) and open_profit > loss / 2",
    "entryShort": "crosses_below(close, prev(lowest(low, n), m))",
    "exitShort": "crosses_above(close, ema(close, n))",
    "stops": {"loss": {"pct": "loss"}, "profit": {"atr": "wide", "length": "n"}, "trailing": {"atr": 3, "length": 14}},
    "sizing": {"mode": "risk", "value": "risk"},
}
OF_INDICATORS: dict[str, Any] = {
    "version": 1,
    "name": "Indicators of indicators",
    "params": {
        "n": {"type": "int", "default": 5, "min": 2, "max": 50},
        "m": {"type": "int", "default": 9, "min": 2, "max": 50},
    },
    "let": {"smooth": "ema(rsi(close, n), m)"},
    "entryLong": "crosses_above(smooth, 45)",
    "exitLong": "smooth > 55",
}


@pytest.fixture(scope="module")
def prices() -> Prices:
    return walk(330, seed=5, timeframe="1d", volatility=0.02)


def asked(**members: Any) -> SweepRequest:
    return parse_sweep_args({**DAYS, "costs": {"commission": 0.001, "slippage": 0.0005}, **members})


def planned(definition: Any, request: SweepRequest) -> Plan:
    return plan(request, read(definition))


def agree(result: sweep.SweepResult, made: Plan, prices: Prices, numbers: Any = None) -> None:
    """Every metric of every combination has the bits that a run of its own has."""
    for number in range(made.grid.count) if numbers is None else numbers:
        one = backtest.run(result.request, made.strategy(number), prices, warm_up=made.warm_up)
        for name in SWEPT:
            alone, swept = one.metrics[name], float(result.columns[name][number])
            assert (alone is None and math.isnan(swept)) or alone == swept, (made.grid.at(number), name)


@pytest.mark.parametrize("built_in", [one.short_name for one in strategies.builtins() if one.definition.get("params")])
def test_a_built_in_swept_equals_its_runs_one_by_one(built_in: str, prices: Prices) -> None:
    definition = strategies.get(built_in).definition
    parameters = read(definition).parameters
    grid = {p.name: [p.default, *({p.minimum} - {p.default})] for p in parameters[:3]}
    request = asked(grid=grid, top=1)
    made = planned(definition, request)

    agree(sweep.run(request, made, prices), made, prices)


@pytest.mark.parametrize("members", [{}, {"closeAtEnd": True, "lot": 1}, {"riskFreeRate": 0.03, "initialCapital": 100}])
def test_stops_sizes_lags_and_exits_may_all_vary(members: dict[str, Any], prices: Prices) -> None:
    grid = {"n": [3, 20], "m": [1, 5], "loss": [0.01, 0.2], "wide": [0.5, 4], "risk": [0.01, 0.4]}
    request = asked(grid=grid, top=2, **members)
    made = planned(BREAKOUT, request)
    result = sweep.run(request, made, prices)

    agree(result, made, prices)
    assert len({float(value) for value in result.columns["totalReturn"]}) > 20


def test_indicators_of_indicators_with_a_parameter_that_the_grid_leaves_alone(prices: Prices) -> None:
    request = asked(grid={"n": {"from": 2, "to": 12}}, strategyParams={"m": 3}, top=1)
    made = planned(OF_INDICATORS, request)
    result = sweep.run(request, made, prices)

    agree(result, made, prices)
    other = sweep.run(request, planned(OF_INDICATORS, asked(grid={"n": {"from": 2, "to": 12}})), prices)
    assert not np.array_equal(result.columns["totalReturn"], other.columns["totalReturn"], equal_nan=True)


def test_ruin_is_a_row_like_any_other(prices: Prices) -> None:
    short = {"version": 1, "name": "Short", "params": BREAKOUT["params"], "entryShort": "close > 0"}
    short["sizing"] = {"mode": "units", "value": "n"}
    crash = walk(330, seed=5, timeframe="1d", volatility=0.2)
    request = asked(grid={"n": [2, 100, 200]}, initialCapital=500)
    made = planned(short, request)
    result = sweep.run(request, made, crash)

    agree(result, made, crash)
    assert -1.0 in result.columns["cagr"]


def test_columns_that_do_not_fit_into_memory_together_are_made_again(
    prices: Prices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "SHARED_BYTES", 5 * 8 * len(prices.bars))
    request = asked(grid={"fast": {"from": 2, "to": 20}, "slow": {"from": 5, "to": 40, "step": 3}}, where="fast < slow")
    definition = strategies.get("sma-cross").definition
    made = planned(definition, request)
    result = sweep.run(request, made, prices)

    agree(result, made, prices, range(0, made.grid.count, 7))


def test_the_best_are_runs_in_full_in_their_order(prices: Prices) -> None:
    request = asked(grid={"fast": [3, 5, 9], "slow": [15, 30]}, rankBy="totalReturn", top=3)
    made = planned(strategies.get("sma-cross").definition, request)
    result = sweep.run(request, made, prices)
    left = encode(result)

    returns = result.columns["totalReturn"][result.order]
    assert np.array_equal(returns, np.sort(returns)[::-1])
    assert [run.metrics["totalReturn"] for run in result.best] == returns[:3].tolist()
    detail = decode_detail(left.detail)
    assert [decode_run(stored).trades for stored in detail.best] == [
        decode_run(encode_run(run).detail).trades for run in result.best
    ]
    assert decode_previews(left.preview) == [encode_run(run).preview for run in result.best]
    rows = detail.table.rows(0, 100)
    assert [row["totalReturn"] for row in rows] == returns.tolist()
    assert {(row["fast"], row["slow"]) for row in rows} == {(f, s) for f in (3, 5, 9) for s in (15, 30)}
    assert left.summary["metrics"]["totalReturn"] == returns[0]
    assert [best["params"] for best in left.summary["sweep"]["best"]] == [
        {"fast": row["fast"], "slow": row["slow"]} for row in rows[:3]
    ]


def test_undefined_ranks_last_and_equals_keep_their_order() -> None:
    assert ranked(np.array([1.0, np.nan, 3.0, 1.0])).tolist() == [2, 0, 3, 1]


def test_out_of_sample_days_do_not_help_to_choose(prices: Prices) -> None:
    grid = {"fast": [3, 5, 9], "slow": [15, 30]}
    definition = strategies.get("sma-cross").definition
    request = asked(grid=grid, outOfSampleFrom="2020-09-01", top=1)
    result = sweep.run(request, planned(definition, request), prices)
    before = asked(grid=grid, endDate="2020-08-31", top=1)
    alone = sweep.run(before, planned(definition, before), prices)

    assert np.array_equal(result.order, alone.order)
    for name in SWEPT:
        assert np.array_equal(result.columns[name], alone.columns[name], equal_nan=True), name
    split = result.best[0].split
    assert split is not None
    assert split.before.metrics["sharpeRatio"] == alone.best[0].metrics["sharpeRatio"]


def test_a_split_before_the_first_bar_leaves_nothing_to_choose_by(prices: Prices) -> None:
    early = walk(20, seed=1, timeframe="1d")
    request = asked(grid={"fast": [3]}, startDate="2019-01-01", outOfSampleFrom="2019-12-01")
    with pytest.raises(RangeNotCovered):
        sweep.run(request, planned(strategies.get("sma-cross").definition, request), early)


def test_progress_counts_combinations_and_a_cancel_is_seen_between_batches(prices: Prices) -> None:
    request = asked(grid={"fast": {"from": 2, "to": 101}, "slow": {"from": 102, "to": 201}})
    made = planned(strategies.get("sma-cross").definition, request)
    told: list[tuple[int, str]] = []
    sweep.run(request, made, prices, on_progress=lambda percent, step, _: told.append((percent, step)))
    within = [percent for percent, step in told if step == "simulate"]
    assert within == sorted(within)
    assert len(within) > 3

    seen = iter([False, False, False])
    with pytest.raises(Cancelled):
        sweep.run(request, made, prices, cancelled=lambda: next(seen, True))


def test_more_bars_in_all_than_a_sweep_may_take_are_refused_with_the_count(
    prices: Prices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "MAX_WORK", 1_000)
    request = asked(grid={"fast": [3, 5, 9], "slow": [15, 30]})
    with pytest.raises(GridTooLarge, match=r"bars in 6 combinations of \d+, the limit is 1,000"):
        sweep.run(request, planned(strategies.get("sma-cross").definition, request), prices)


@pytest.mark.parametrize(
    ("definition", "members", "said"),
    [
        (BREAKOUT, {"grid": {"n": [5, 201]}}, "grid.n"),
        (BREAKOUT, {"grid": {"n": [5]}, "strategyParams": {"x": 1}}, "strategyParams.x"),
        (
            {**BREAKOUT, "let": {"far": "prev(sma(close, n * 24), m * 10)"}, "entryLong": "close > far"},
            {"grid": {"n": [5, 200], "m": [1, 50]}},
            "looks back",
        ),
        ({**BREAKOUT, "stops": {"loss": {"pct": "loss - 0.1"}}}, {"grid": {"loss": [0.2, 0.1]}}, "stops.loss"),
    ],
)
def test_a_combination_that_cannot_run_refuses_the_sweep_before_it_is_queued(
    definition: Any, members: dict[str, Any], said: str
) -> None:
    with pytest.raises(StrategyError, match=said):
        planned(definition, asked(**members))


def test_the_deflated_sharpe_ratio_against_the_paper_by_hand() -> None:
    """Bailey and López de Prado's own example: 100 tries of variance ½ a year, five years of days, annual 2.5."""
    days, annual = 1_250, 250
    random = np.random.default_rng(1)
    spread = random.normal(size=100)
    spread = (spread - spread.mean()) / spread.std(ddof=1) * math.sqrt(0.5)
    # 105 low days of 1,250 make a skew of −3 and a kurtosis of 10.
    shape = np.repeat([-1.0, 1.0], [105, days - 105])
    returns = (shape - shape.mean()) / shape.std(ddof=1) + 2.5 / math.sqrt(annual)
    found = deflated_sharpe(spread, returns, annual, 0.0)

    assert found.trials == 100
    assert found.expected is not None
    assert found.expected / math.sqrt(annual) == pytest.approx(0.1132, abs=5e-5)
    assert found.value == pytest.approx(0.9004, abs=2e-3)


@pytest.mark.parametrize(
    ("sharpes", "returns", "note"),
    [
        (np.array([1.0, np.nan]), np.array([0.1, 0.2, 0.3]), "FEW_COMBINATIONS"),
        (np.array([1.0, 1.0]), np.array([0.1, 0.2, 0.3]), "ZERO_VARIANCE"),
        (np.array([1.0, 2.0]), np.array([0.1, 0.1, 0.1]), "ZERO_VARIANCE"),
        (np.array([1.0, 2.0]), np.array([0.1, 0.2]), "ZERO_VARIANCE"),
    ],
)
def test_luck_that_cannot_be_told_says_why(sharpes: Any, returns: Any, note: str) -> None:
    found = deflated_sharpe(sharpes, returns, 252, 0.0)

    assert (found.value, found.note) == (None, note)


def test_a_sweep_of_real_prices_has_the_same_bits_each_time() -> None:
    request = parse_sweep_args(
        {
            **DAYS,
            "symbol": "SPX",
            "startDate": "2013-01-01",
            "endDate": "2018-12-31",
            "grid": {"fast": {"from": 2, "to": 40}, "slow": {"from": 20, "to": 60, "step": 4}},
            "where": "fast < slow",
        }
    )
    made = planned(strategies.get("sma-cross").definition, request)
    spx = sample.find("SPX", "1d").read()
    first, second = (encode(sweep.run(request, made, spx)) for _ in range(2))

    assert (first.summary, first.preview, first.detail) == (second.summary, second.preview, second.detail)
