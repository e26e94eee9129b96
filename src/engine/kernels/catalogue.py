"""The kernels of indicators by the names that the catalogue gives them."""

from typing import Any

from engine.kernels.oscillators import cci, mfi, mom, obv, roc, stoch, vwap, willr
from engine.kernels.recursive import adx, atr, ema, keltner, macd, rsi, supertrend, tr
from engine.kernels.rolling import bbands, highest, lowest, rolling_sum, sma, stddev, wma

KERNELS: dict[str, Any] = {
    "adx": adx,
    "atr": atr,
    "bbands": bbands,
    "cci": cci,
    "ema": ema,
    "highest": highest,
    "keltner": keltner,
    "lowest": lowest,
    "macd": macd,
    "mfi": mfi,
    "mom": mom,
    "obv": obv,
    "roc": roc,
    "rolling_sum": rolling_sum,
    "rsi": rsi,
    "sma": sma,
    "stddev": stddev,
    "stoch": stoch,
    "supertrend": supertrend,
    "tr": tr,
    "vwap": vwap,
    "willr": willr,
    "wma": wma,
}
