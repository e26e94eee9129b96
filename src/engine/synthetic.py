"""Made-up bars, and named so: for trying things out, and for load without a licence."""

import numpy as np

from engine.bars import Bars
from engine.store import Listing
from engine.timeframes import TIMEFRAMES, is_intraday

MOST_BARS = 5_000_000
#: Prices beyond these ends mean that the volatility was not meant.
_FARTHEST = 12.0


def walk(
    count: int, *, seed: int, timeframe: str, start: int, volatility: float, drift: float, round_the_clock: bool
) -> Bars:
    """A geometric random walk from 100 whose opens gap from the closes before them; the same seed, the same bars.

    start: nanoseconds UTC of the first bar. volatility, drift: of one bar's log return. Daily bars skip weekends unless
    round_the_clock; intraday ones are round the clock.
    """
    random = np.random.default_rng(seed)
    steps = random.normal(drift, volatility, count)
    gaps = random.normal(0.0, volatility / 4, count)
    reach = np.abs(random.normal(0.0, volatility / 2, (2, count)))
    path = np.clip(np.cumsum(steps), -_FARTHEST, _FARTHEST)
    close = 100 * np.exp(path)
    open_ = np.concatenate(([100.0], close[:-1])) * np.exp(gaps)
    high = np.maximum(open_, close) * np.exp(reach[0])
    low = np.minimum(open_, close) * np.exp(-reach[1])
    volume = np.rint(random.lognormal(10, 0.5, count))
    return Bars(_times(count, timeframe, start, round_the_clock=round_the_clock), open_, high, low, close, volume)


def _times(count: int, timeframe: str, start: int, *, round_the_clock: bool) -> np.ndarray:
    if timeframe == "1d" and not round_the_clock:
        first = np.datetime64(start, "ns").astype("datetime64[D]")
        days = np.busday_offset(first, np.arange(count), roll="forward")
        return np.asarray(days.astype("datetime64[ns]").astype(np.int64))
    return start + np.arange(count, dtype=np.int64) * TIMEFRAMES[timeframe]


def listing(symbol: str, timeframe: str, *, seed: int, round_the_clock: bool) -> Listing:
    """What an import of it says of itself."""
    return Listing(
        symbol=symbol,
        timeframe=timeframe,
        source=f"synthetic: random walk, seed {seed}",
        name=f"Synthetic {symbol}",
        timezone="UTC",
        round_the_clock=round_the_clock or is_intraday(timeframe),
    )
