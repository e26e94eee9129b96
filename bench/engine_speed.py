"""How long does one backtest take, beside vectorbt, backtesting.py, and one hand-fused loop that can do nothing else?

SMA 10/50, 0.1 % fee, the full result: the strategy's text compiled, signals, simulation, trades with their excursions,
equity, all metrics and the hash, which only the comparison with the fused loop leaves out. Every peer's trades and
equity are compared with ours before time. Peers and we take turns, so that all meet the same machine.
"""

import gc
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench import prices as made
from bench.fused_loop import TRADE_COLUMNS, sma_cross
from bench.harness import Options, main, say
from engine import strategies
from engine.backtest import run as run_backtest
from engine.request import BacktestRequest, parse_args
from engine.result import BacktestResult, result_hash
from engine.rules import compile_strategy
from engine.series import Prices
from engine.timeframes import iso_day, session_days

FEE, CAPITAL = 0.001, 10_000_000.0
SHORT, LONG = 1_500, 1_000_000

RICH = {
    "version": 1,
    "name": "Ten conditions over nine indicators",
    "let": {"middle": "bbands_middle(close, 20, 2)"},
    "entryLong": (
        "sma(close, 10) > sma(close, 50) and rsi(close, 14) > 40"
        " and macd(close, 12, 26, 9) > macd_signal(close, 12, 26, 9) and close > middle and adx(14) > 15"
    ),
    "exitLong": (
        "crosses_below(ema(close, 12), ema(close, 26)) or rsi(close, 14) > 85 or close < bbands_lower(close, 20, 2)"
        " or roc(close, 12) < -10 or close < prev(donchian_lower(20), 1)"
    ),
    "stops": {"loss": {"atr": 3, "length": 14}, "profit": {"pct": 0.2}, "trailing": {"pct": 0.08}},
    "sizing": {"mode": "percent", "value": 1.0},
}


@dataclass
class Timed:
    """Seconds of each round."""

    rounds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def best(self) -> float:
        return min(self.rounds)


def in_turns(rounds: int, *runs: Callable[[], object], repeat: int = 1) -> list[Timed]:
    """Each run once, to be warm; then in turns, `repeat` calls a round."""
    for once in runs:
        once()
    taken: list[list[float]] = [[] for _ in runs]
    gc.collect()
    for _ in range(rounds):
        for seconds, once in zip(taken, runs, strict=True):
            began = time.perf_counter()
            for _ in range(repeat):
                once()
            seconds.append((time.perf_counter() - began) / repeat)
    return [Timed(seconds) for seconds in taken]


def request_for(prices: Prices) -> BacktestRequest:
    times = prices.bars.time
    return parse_args(
        {
            "strategyId": "sma-cross",
            "symbol": prices.series.symbol,
            "timeframe": prices.series.timeframe,
            "startDate": iso_day(int(times[0])),
            "endDate": iso_day(int(times[-1])),
            "initialCapital": CAPITAL,
            "costs": {"commission": FEE},
        }
    )


def ours(definition: Any, prices: Prices, *, hashed: bool = True) -> Callable[[], BacktestResult]:
    request = request_for(prices)

    def once() -> BacktestResult:
        result = run_backtest(request, compile_strategy(definition), prices)
        if hashed:
            result_hash(result)
        return result

    return once


def fused(prices: Prices) -> Callable[[], Any]:
    bars = prices.bars
    days = session_days(bars.time, prices.series.timeframe, prices.series.session_timezone)

    def once() -> Any:
        equity = np.empty(len(bars))
        trades = np.empty((len(bars) // 2 + 1, TRADE_COLUMNS))
        found = sma_cross(bars.open, bars.high, bars.low, bars.close, days, 10, 50, FEE, CAPITAL, equity, trades)
        return equity, trades[: found[0]], found

    return once


def vectorbt(prices: Prices) -> Callable[[], Any]:
    import pandas as pd  # noqa: PLC0415 only in the peers' environment
    import vectorbt as vbt  # noqa: PLC0415

    bars = prices.bars
    index = pd.to_datetime(bars.time)
    open_, close = pd.Series(bars.open, index=index), pd.Series(bars.close, index=index)
    frequency = {"1d": "1D", "1m": "1min"}[prices.series.timeframe]

    def once() -> Any:
        fast, slow = vbt.MA.run(close, 10), vbt.MA.run(close, 50)
        portfolio = vbt.Portfolio.from_signals(
            close,
            fast.ma_crossed_above(slow).vbt.fshift(1),
            fast.ma_crossed_below(slow).vbt.fshift(1),
            price=open_,
            size=np.inf,
            fees=FEE,
            init_cash=CAPITAL,
            accumulate=False,
            freq=frequency,
        )
        metrics = (
            portfolio.sharpe_ratio(),
            portfolio.sortino_ratio(),
            portfolio.annualized_return(),
            portfolio.max_drawdown(),
            portfolio.total_return(),
            portfolio.trades.win_rate(),
            portfolio.trades.profit_factor(),
            portfolio.trades.expectancy(),
        )
        return portfolio.value(), portfolio.trades.records, metrics

    return once


def backtesting_py(prices: Prices) -> Callable[[], Any]:
    import pandas as pd  # noqa: PLC0415
    from backtesting import Backtest, Strategy  # noqa: PLC0415
    from backtesting import backtesting as module  # noqa: PLC0415
    from backtesting.lib import crossover  # noqa: PLC0415

    # Its progress bar would be timed, too.
    module._tqdm = lambda sequence, **_options: sequence  # noqa: SLF001

    class Crossover(Strategy):  # type: ignore[misc]
        def init(self) -> None:
            self.fast = self.I(lambda x: pd.Series(x).rolling(10).mean(), self.data.Close)
            self.slow = self.I(lambda x: pd.Series(x).rolling(50).mean(), self.data.Close)

        def next(self) -> None:
            if crossover(self.fast, self.slow):
                self.buy()
            elif crossover(self.slow, self.fast):
                self.position.close()

    bars = prices.bars
    columns = {"Open": bars.open, "High": bars.high, "Low": bars.low, "Close": bars.close, "Volume": bars.volume}
    frame = pd.DataFrame(columns, index=pd.to_datetime(bars.time))
    test = Backtest(frame, Crossover, cash=CAPITAL, commission=FEE, finalize_trades=False)
    return lambda: test.run()  # noqa: PLW0108 typed


def same_as_fused(result: BacktestResult, found: Any) -> None:
    equity, trades, sums = found
    closed = result.trades[result.trades["exit"] >= 0]
    assert len(closed) == len(trades)
    assert np.array_equal(closed["entry"], trades[:, 0])
    assert np.array_equal(closed["exit"], trades[:, 1])
    np.testing.assert_allclose(closed["pnl"], trades[:, 6], rtol=1e-6, atol=1e-6 * CAPITAL)
    np.testing.assert_allclose(closed["mae"], trades[:, 7], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(closed["mfe"], trades[:, 8], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(result.equity, equity, rtol=1e-9)
    assert abs(float(result.metrics["maxDrawdown"] or 0.0) - sums[1]) < 1e-9


def same_as_vectorbt(result: BacktestResult, found: Any) -> None:
    value, trades, _ = found
    closed = result.trades[result.trades["exit"] >= 0]
    theirs = trades[trades["status"] == 1]
    assert np.array_equal(closed["entry"], theirs["entry_idx"])
    assert np.array_equal(closed["exit"], theirs["exit_idx"])
    assert np.abs(result.equity - value.to_numpy()).max() / CAPITAL < 1e-9


def same_as_backtesting_py(result: BacktestResult, stats: Any) -> None:
    closed, theirs = result.trades[result.trades["exit"] >= 0], stats["_trades"]
    assert np.array_equal(closed["entry"], theirs["EntryBar"])
    assert np.array_equal(closed["exit"], theirs["ExitBar"])
    np.testing.assert_allclose(closed["entry_price"], theirs["EntryPrice"], rtol=1e-12)
    # Whole units there, fractions here: the curves are apart by the price of one unit and no more.
    apart = np.abs(result.equity - stats["_equity_curve"]["Equity"].to_numpy()).max()
    assert apart < 5 * len(closed) * result.trades["entry_price"].max()


def run(options: Options) -> dict[str, Any]:
    warnings.simplefilter("ignore")
    definition = strategies.get("sma-cross").definition
    short, long = made.spx(SHORT), made.walk(LONG, seed=1)
    say(options, f"{SHORT:,} daily bars of SPX, {LONG:,} minute bars of a seeded walk; peers compile first")

    our_short, vbt_short, bpy_short = ours(definition, short), vectorbt(short), backtesting_py(short)
    same_as_vectorbt(our_short(), vbt_short())
    same_as_backtesting_py(our_short(), bpy_short())
    same_as_fused(our_short(), fused(short)())
    our_long, vbt_long, fused_long = ours(definition, long), vectorbt(long), fused(long)
    same_as_vectorbt(our_long(), vbt_long())
    same_as_fused(our_long(), fused_long())
    say(options, "trades, prices, equity equal everywhere")

    few = options.quick
    one, vbt_one, bpy_one = in_turns(10 if few else 40, our_short, vbt_short, bpy_short)
    many, fused_many = in_turns(10 if few else 40, our_short, fused(short), repeat=100)
    unhashed = ours(definition, long, hashed=False)
    big, big_unhashed, vbt_big, fused_big = in_turns(7 if few else 25, our_long, unhashed, vbt_long, fused_long)
    simple, rich = in_turns(10 if few else 30, our_short, ours(RICH, short), repeat=50)
    simple_big, rich_big = in_turns(5 if few else 15, our_long, ours(RICH, long))
    result = our_long()
    (hashed,) = in_turns(5, lambda: result_hash(result))

    def line(name: str, timed: Timed) -> None:
        say(options, f"  {name:<32} median {timed.median * 1e3:9.3f} ms   best {timed.best * 1e3:9.3f} ms")

    line("ours, 1,500 (hot)", many)
    line("ours, 1,500 (among peers)", one)
    line("vectorbt, 1,500", vbt_one)
    line("backtesting.py, 1,500", bpy_one)
    line("fused loop, 1,500", fused_many)
    line("ours, rich rule, 1,500", rich)
    line("ours, 1,000,000", big)
    line("ours, 1,000,000, no hash", big_unhashed)
    line("vectorbt, 1,000,000", vbt_big)
    line("fused loop, 1,000,000", fused_big)
    line("ours, rich rule, 1,000,000", rich_big)
    return {
        "vs_vectorbt_1500": round(vbt_one.median / many.median, 1),
        "vs_backtesting_py_1500": round(bpy_one.median / many.median, 1),
        "vs_vectorbt_1m": round(vbt_big.median / big.median, 2),
        "vs_vectorbt_1m_best": round(vbt_big.best / big.best, 2),
        "vs_fused_loop_1m": round(fused_big.median / big_unhashed.median, 3),
        "mbars_per_s": round(LONG / big.median / 1e6, 1),
        "hash_ms_1m": round(hashed.median * 1e3, 2),
        "rich_rule_cost_1500": round(rich.median / simple.median, 2),
        "rich_rule_cost_1m": round(rich_big.median / simple_big.median, 2),
    }


if __name__ == "__main__":
    main("How long does one backtest take, beside vectorbt, backtesting.py and one hand-fused loop?", run)
