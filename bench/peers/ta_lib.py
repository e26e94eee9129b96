"""Every indicator of the catalogue as TA-Lib computes it; the two that it lacks, as plain formulas over its parts."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import talib
from numpy.typing import NDArray

Series = NDArray[np.float64]
Prices = Mapping[str, Series]
SIMPLE: Any = 0


def _of_source(function: Callable[..., Any], part: int | None = None) -> Callable[..., Series]:
    def computed(prices: Prices, *parameters: float) -> Series:
        found = function(prices["close"], *parameters)
        return np.asarray(found if part is None else found[part])

    return computed


def _of_prices(function: Callable[..., Any], *names: str, part: int | None = None) -> Callable[..., Series]:
    def computed(prices: Prices, *parameters: float) -> Series:
        found = function(*(prices[name] for name in names), *parameters)
        return np.asarray(found if part is None else found[part])

    return computed


def _bands(part: int) -> Callable[..., Series]:
    def computed(prices: Prices, length: int, deviations: float) -> Series:
        return np.asarray(talib.BBANDS(prices["close"], length, deviations, deviations, SIMPLE)[part])

    return computed


def _stoch(part: int) -> Callable[..., Series]:
    def computed(prices: Prices, length: int, k_smooth: int, d_smooth: int) -> Series:
        high, low, close = prices["high"], prices["low"], prices["close"]
        return np.asarray(talib.STOCH(high, low, close, length, k_smooth, SIMPLE, d_smooth, SIMPLE)[part])

    return computed


def _keltner(sign: float) -> Callable[..., Series]:
    """Not in TA-Lib: its EMA of the close, and so many of its ATRs around it; all three known together."""

    def computed(prices: Prices, length: int, atr_length: int, multiple: float) -> Series:
        reach = talib.ATR(prices["high"], prices["low"], prices["close"], atr_length)
        middle = talib.EMA(prices["close"], length)
        return np.asarray(np.where(np.isnan(reach), np.nan, middle + sign * multiple * reach))

    return computed


def _direction(prices: Prices, length: int, multiple: float) -> Series:
    """TA-Lib's is of whole numbers, 0 where unknown."""
    found = talib.SUPERTREND(prices["high"], prices["low"], prices["close"], length, multiple)[1]
    return np.where(found == 0, np.nan, found.astype(np.float64))


def _vwap(prices: Prices) -> Series:
    """TA-Lib's knows no sessions, so it is asked once for each."""
    starts = np.flatnonzero(np.diff(prices["session"], prepend=-1))
    names = ("high", "low", "close", "volume")
    parts = [[part[name] for name in names] for part in _split(prices, names, starts)]
    return np.concatenate([talib.VWAP(*part) for part in parts]) if len(starts) else np.empty(0)


def _split(prices: Prices, names: tuple[str, ...], starts: NDArray[np.int64]) -> list[dict[str, Series]]:
    ends = [*starts[1:].tolist(), len(prices["close"])]
    return [
        {name: np.ascontiguousarray(prices[name][start:end]) for name in names}
        for start, end in zip(starts.tolist(), ends, strict=True)
    ]


HLC = ("high", "low", "close")
PEERS: dict[str, Callable[..., Series]] = {
    "sma": _of_source(talib.SMA),
    "mean": _of_source(talib.SMA),
    "ema": _of_source(talib.EMA),
    "wma": _of_source(talib.WMA),
    "rsi": _of_source(talib.RSI),
    "stddev": _of_source(talib.STDDEV),
    "std": _of_source(talib.STDDEV),
    "roc": _of_source(talib.ROC),
    "mom": _of_source(talib.MOM),
    "highest": _of_source(talib.MAX),
    "lowest": _of_source(talib.MIN),
    "sum": _of_source(talib.SUM),
    "macd": _of_source(talib.MACD, 0),
    "macd_signal": _of_source(talib.MACD, 1),
    "macd_histogram": _of_source(talib.MACD, 2),
    "bbands_upper": _bands(0),
    "bbands_middle": _bands(1),
    "bbands_lower": _bands(2),
    "tr": _of_prices(talib.TRANGE, *HLC),
    "atr": _of_prices(talib.ATR, *HLC),
    "adx": _of_prices(talib.ADX, *HLC),
    "plus_di": _of_prices(talib.PLUS_DI, *HLC),
    "minus_di": _of_prices(talib.MINUS_DI, *HLC),
    "stoch_k": _stoch(0),
    "stoch_d": _stoch(1),
    "cci": _of_prices(talib.CCI, *HLC),
    "willr": _of_prices(talib.WILLR, *HLC),
    "obv": _of_prices(talib.OBV, "close", "volume"),
    "mfi": _of_prices(talib.MFI, *HLC, "volume"),
    "donchian_upper": _of_prices(talib.DONCHIAN, "high", "low", part=0),
    "donchian_lower": _of_prices(talib.DONCHIAN, "high", "low", part=2),
    "keltner_upper": _keltner(1.0),
    "keltner_middle": _keltner(0.0),
    "keltner_lower": _keltner(-1.0),
    "supertrend": _of_prices(talib.SUPERTREND, *HLC, part=0),
    "supertrend_direction": _direction,
    "vwap": _vwap,
}

#: Parameters that each is asked with: the shortest it takes, the usual, an odd one, a long one.
PARAMETERS: dict[str, list[tuple[float, ...]]] = {
    "macd": [(12, 26, 9), (2, 3, 1), (5, 34, 5), (26, 12, 9), (50, 200, 30)],
    "bbands": [(20, 2.0), (2, 1.0), (5, 0.0), (200, 3.5)],
    "stoch": [(14, 3, 3), (1, 1, 1), (5, 1, 3), (50, 10, 20)],
    "keltner": [(20, 10, 2.0), (2, 1, 1.0), (10, 50, 0.0), (200, 14, 3.0)],
    "supertrend": [(10, 3.0), (2, 1.0), (7, 0.5), (100, 2.0)],
}
LENGTHS: list[tuple[float, ...]] = [(14,), (1,), (2,), (7,), (100,)]
#: Where TA-Lib refuses a length of 1, which is the series itself.
FROM_TWO = frozenset(("highest", "lowest", "sum", "donchian_upper", "donchian_lower", "wma", "sma", "mean", "ema"))
