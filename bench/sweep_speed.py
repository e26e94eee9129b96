"""How many combinations a second does a sweep run, beside vectorbt, and in how much memory?

4,950 pairs of moving averages over 1,500 bars of SPX, 0.1 % fee, all headline metrics for each pair. What vectorbt says
of every pair is compared with ours before time. Ours is timed from the request to the ranked table and the best five
runs in full; what encoding them for the database takes is told apart, as vectorbt does nothing like it. Memory is of a
process that does nothing else, the result encoded, once with these pairs and once with sixteen times as many.
"""

import json
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench import prices as made
from bench.engine_speed import CAPITAL, FEE, in_turns
from bench.harness import Options, main, say
from engine import strategies, sweep
from engine.rules import read
from engine.series import Prices
from engine.sweep_plan import plan
from engine.sweep_request import SweepRequest, parse_sweep_args
from engine.sweep_result import encode
from engine.timeframes import iso_day

BARS, FEWEST, MOST = 1_500, 2, 101
PEAK = "VmHWM:"


def request_for(prices: Prices, most: int) -> SweepRequest:
    times = prices.bars.time
    side = {"from": FEWEST, "to": most}
    return parse_sweep_args(
        {
            "strategyId": "sma-cross",
            "symbol": prices.series.symbol,
            "timeframe": prices.series.timeframe,
            "startDate": iso_day(int(times[0])),
            "endDate": iso_day(int(times[-1])),
            "initialCapital": CAPITAL,
            "costs": {"commission": FEE},
            "grid": {"fast": side, "slow": {"from": FEWEST + 1, "to": most}},
            "where": "fast < slow",
        }
    )


def ours(prices: Prices, most: int = MOST) -> sweep.SweepResult:
    request = request_for(prices, most)
    planned = plan(request, read(strategies.get("sma-cross").definition))
    return sweep.run(request, planned, prices)


def vectorbt(prices: Prices) -> Mapping[str, Any]:
    import pandas as pd  # noqa: PLC0415 only in the peers' environment
    import vectorbt as vbt  # noqa: PLC0415

    index = pd.to_datetime(prices.bars.time)
    open_, close = pd.Series(prices.bars.open, index=index), pd.Series(prices.bars.close, index=index)
    fast, slow = vbt.MA.run_combs(close, window=np.arange(FEWEST, MOST + 1), r=2, short_names=["fast", "slow"])
    portfolio = vbt.Portfolio.from_signals(
        close,
        fast.ma_crossed_above(slow).vbt.fshift(1),
        fast.ma_crossed_below(slow).vbt.fshift(1),
        price=open_,
        size=np.inf,
        fees=FEE,
        init_cash=CAPITAL,
        accumulate=False,
        freq="1D",
    )
    return {
        "totalReturn": portfolio.total_return(),
        "maxDrawdown": portfolio.max_drawdown(),
        "winRate": portfolio.trades.win_rate(),
        "profitFactor": portfolio.trades.profit_factor(),
        "totalTrades": portfolio.trades.closed.count(),
        "sharpeRatio": portfolio.sharpe_ratio(),
        "cagr": portfolio.annualized_return(),
    }


def same(result: sweep.SweepResult, theirs: Mapping[str, Any]) -> None:
    """Return and drawdown of every pair; trades and Sharpe ratio need no translation of calendars either."""
    count = result.grid.count
    assert len(theirs["totalReturn"]) == count
    for name in ("totalReturn", "maxDrawdown", "totalTrades"):
        found = theirs[name].to_numpy().astype(np.float64)
        np.testing.assert_allclose(result.columns[name], found, rtol=1e-9, atol=1e-9, err_msg=name)


def peak_mb(most: int) -> float:
    """Of a fresh process that runs the sweep over pairs up to `most`."""
    program = [sys.executable, "-m", "bench.sweep_speed", "--measure-memory", str(most)]
    done = subprocess.run(program, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout))


def measure_memory(most: int) -> None:
    encode(ours(made.spx(BARS), most))
    with Path("/proc/self/status").open(encoding="ascii") as status:
        (line,) = (line for line in status if line.startswith(PEAK))
    print(json.dumps(int(line.split()[1]) / 1024))


def run(options: Options) -> dict[str, Any]:
    warnings.simplefilter("ignore")
    prices = made.spx(BARS)
    result = ours(prices)
    began = time.perf_counter()
    theirs = vectorbt(prices)
    say(options, f"vectorbt's first run, compiling: {time.perf_counter() - began:.1f} s")
    same(result, theirs)
    say(options, f"{result.grid.count:,} pairs over {BARS:,} bars: returns, drawdowns, trades equal for every pair")
    del theirs
    our, their = in_turns(3 if options.quick else 7, lambda: ours(prices), lambda: vectorbt(prices))
    count = result.grid.count
    say(options, f"  ours      median {our.median:7.3f} s  best {our.best:7.3f} s   {count / our.median:9,.0f} pairs/s")
    say(
        options,
        f"  vectorbt  median {their.median:7.3f} s  best {their.best:7.3f} s   {count / their.median:9,.0f} pairs/s",
    )
    (encoded,) = in_turns(3, lambda: encode(result))
    say(options, f"  encoding the result: {encoded.median * 1e3:.0f} ms")
    few, many = peak_mb(MOST), peak_mb(400)
    say(options, f"peak memory: {few:.0f} MB with 4,950 pairs, {many:.0f} MB with 79,401")
    return {
        "vs_vectorbt": round(their.median / our.median, 1),
        "combos_per_s": round(count / our.median),
        "peak_rss_mb": round(few),
        "peak_rss_mb_79401": round(many),
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure-memory"]:
        measure_memory(int(sys.argv[2]))
    else:
        main("How many combinations a second does a sweep run, beside vectorbt, and in how much memory?", run)
