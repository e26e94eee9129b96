"""Prices that benches and parity runs are made on: real ones, and seeded walks with gaps."""

import numpy as np

from engine import sample
from engine.bars import Bars
from engine.series import Prices, Series
from engine.timeframes import TIMEFRAMES

START = 1_577_836_800_000_000_000  # 2020-01-01


def walk(bars: int, *, seed: int, timeframe: str = "1m", volatility: float = 0.001) -> Prices:
    """A geometric walk whose opens gap from the closes before them. Round the clock."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, volatility, bars)))
    open_ = np.concatenate(([100.0], close[:-1])) * np.exp(random.normal(0, volatility / 2, bars))
    high = np.maximum(open_, close) * np.exp(np.abs(random.normal(0, volatility / 2, bars)))
    low = np.minimum(open_, close) * np.exp(-np.abs(random.normal(0, volatility / 2, bars)))
    time = START + np.arange(bars) * TIMEFRAMES[timeframe]
    volume = random.integers(1, 1_000, bars).astype(np.float64)
    return of_bars(Bars(time, open_, high, low, close, volume), timeframe=timeframe, source=f"walk, seed {seed}")


def of_bars(bars: Bars, *, timeframe: str, source: str, symbol: str = "WALK") -> Prices:
    """Bars as a series of their own, round the clock."""
    series = Series(
        symbol=symbol,
        name=source,
        timezone="UTC",
        round_the_clock=True,
        timeframe=timeframe,
        first_time=int(bars.time[0]),
        last_time=int(bars.time[-1]),
        bars=len(bars),
        version=1,
        adjusted=False,
        close_only=bars.close_only,
        source=source,
    )
    return Prices(series, bars)


def spx(bars: int) -> Prices:
    """The last so many days of the bundled S&P 500."""
    whole = sample.find("SPX", "1d").read()
    return of_bars(
        whole.bars.between(len(whole.bars) - bars, len(whole.bars)), timeframe="1d", source="SPX", symbol="SPX"
    )
