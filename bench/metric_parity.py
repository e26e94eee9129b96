"""Are our metrics those of empyrical-reloaded and quantstats?

Random daily courses beside a random benchmark, some with a riskless return. Only where the definitions coincide: both
peers count 252 returns a year for growth, too, so the years are given as n / 252; quantstats' Sharpe and Sortino are
asked without a riskless return, as it deducts it otherwise.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from bench.harness import Options, main, say
from engine.measure import Course, measure
from engine.trades import TRADE

RELATIVE = 1e-12
CAPITAL, A = 10_000.0, 252
RATES = (0.0, 0.03)


def course(seed: int, rate: float) -> Course:
    """Some years of a random course beside a benchmark it leans on; one trade, open, as the ratios want one."""
    random = np.random.default_rng(seed)
    n = int(random.integers(40, 2_000))
    market = random.normal(0.0003, 0.011, n)
    returns = 0.6 * market + random.normal(0.0002, 0.008, n)
    trades = np.zeros(1, TRADE)
    trades["exit"] = -1
    return Course(
        initial_capital=CAPITAL,
        equity=np.asarray(CAPITAL * np.cumprod(1 + returns), dtype=np.float64),
        days=np.arange(n),
        years=n / A,
        annualization_factor=A,
        trades=trades,
        bars_held=n,
        risk_free_rate=rate,
        benchmark=np.asarray(50.0 * np.cumprod(1 + market), dtype=np.float64),
        benchmark_base=50.0,
    )


def peers(given: Course) -> dict[str, dict[str, float]]:
    """Metric by metric, what each peer says of the same course."""
    import empyrical  # noqa: PLC0415 only in the peers' environment
    import pandas as pd  # noqa: PLC0415
    import quantstats.stats as quantstats  # noqa: PLC0415

    assert given.benchmark is not None
    marks = np.concatenate(([given.initial_capital], given.equity))
    theirs = np.concatenate(([given.benchmark_base], given.benchmark))
    index = pd.date_range("2001-01-01", periods=len(given.equity), freq="D")
    returns = pd.Series(marks[1:] / marks[:-1] - 1, index)
    market = pd.Series(theirs[1:] / theirs[:-1] - 1, index)
    riskless = (1 + given.risk_free_rate) ** (1 / A) - 1
    found = {
        "sharpeRatio": {"empyrical": empyrical.sharpe_ratio(returns, risk_free=riskless)},
        "sortino": {"empyrical": empyrical.sortino_ratio(returns, required_return=riskless)},
        "volatility": {"empyrical": empyrical.annual_volatility(returns), "quantstats": quantstats.volatility(returns)},
        "maxDrawdown": {
            "empyrical": empyrical.max_drawdown(returns),
            "quantstats": quantstats.max_drawdown(pd.Series(given.equity, index)),
        },
        "cagr": {"empyrical": empyrical.annual_return(returns), "quantstats": quantstats.cagr(returns, periods=A)},
        "calmar": {"empyrical": empyrical.calmar_ratio(returns)},
        "totalReturn": {"empyrical": empyrical.cum_returns_final(returns), "quantstats": quantstats.comp(returns)},
        "alpha": {"empyrical": empyrical.alpha(returns, market, risk_free=riskless)},
        "beta": {"empyrical": empyrical.beta(returns, market, risk_free=riskless)},
    }
    if given.risk_free_rate == 0:
        found["sharpeRatio"]["quantstats"] = quantstats.sharpe(returns, periods=A)
        found["sortino"]["quantstats"] = quantstats.sortino(returns, periods=A)
    return {name: {peer: float(value) for peer, value in by.items()} for name, by in found.items()}


def deviations(given: Course, expected: Mapping[str, Mapping[str, float]]) -> dict[tuple[str, str], float]:
    """|ours − theirs| / max(1, |theirs|), by metric and peer."""
    found = measure(given).metrics
    apart = {}
    for name, by in expected.items():
        ours = found[name]
        assert ours is not None
        for peer, theirs in by.items():
            assert math.isfinite(theirs), (name, peer)
            apart[name, peer] = abs(ours - theirs) / max(1.0, abs(theirs))
    return apart


def run(options: Options) -> dict[str, Any]:
    worst: dict[tuple[str, str], float] = {}
    for seed in range(10 if options.quick else 100):
        for rate in RATES:
            given = course(seed, rate)
            for key, apart in deviations(given, peers(given)).items():
                worst[key] = max(worst.get(key, 0.0), apart)
    for (name, peer), apart in sorted(worst.items()):
        say(options, f"| {name} | {peer} | {apart:.1e} |")
    return {"metrics": len({name for name, _ in worst}), "max_deviation": max(worst.values()), "bar": RELATIVE}


if __name__ == "__main__":
    main(__doc__.split("\n", 1)[0], run)
