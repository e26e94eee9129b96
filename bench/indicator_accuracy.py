"""How far is each indicator from TA-Lib's?

Every indicator of the catalogue, with several parameters each, on random walks, the bundled index, prices that do not
move or move in whole steps, prices of a fraction of a cent and of millions, and series shorter than the look-back. The
first value must be known on the very bar where TA-Lib's is.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.harness import Options, main, say
from bench.peers.ta_lib import FROM_TWO, LENGTHS, PARAMETERS, PEERS
from engine import sample
from engine.indicators import INDICATORS, Indicator
from engine.kernels.catalogue import KERNELS

RELATIVE = 1e-10


def scenes() -> Iterator[tuple[str, dict[str, NDArray[Any]]]]:
    """Prices to compare on, by name."""
    for seed in range(3):
        yield f"walk {seed}", walk(3_000, seed)
    bars = sample.find("SPX", "1d").read().bars
    named = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    yield "SPX", {**named, "session": bars.time // 86_400_000_000_000 // 5}
    yield (
        "flat",
        {name: np.full(600, 37.3) for name in ("open", "high", "low", "close")}
        | {
            "volume": np.full(600, 1_000.0),
            "session": np.arange(600) // 60,
        },
    )
    coarse = walk(1_000, 3)
    yield "coarse", {**coarse, **{name: np.round(coarse[name]) for name in ("open", "high", "low", "close")}}
    yield "cheap", {**coarse, **{name: coarse[name] * 1e-6 for name in ("open", "high", "low", "close")}}
    yield "dear", {**coarse, **{name: coarse[name] * 1e6 for name in ("open", "high", "low", "close")}}
    for bars_left in (0, 1, 2, 3, 13, 14, 15, 27, 28):
        yield f"{bars_left} bars", walk(bars_left, 7)


def walk(bars: int, seed: int) -> dict[str, NDArray[Any]]:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, bars)))
    open_ = close * np.exp(random.normal(0, 0.01, bars))
    high = np.maximum(open_, close) * np.exp(np.abs(random.normal(0, 0.01, bars)))
    low = np.minimum(open_, close) * np.exp(-np.abs(random.normal(0, 0.01, bars)))
    volume = random.integers(1, 10_000, bars).astype(np.float64)
    return {
        "open": open_,
        "high": high,
        "low": low,
        "close": close,
        "volume": volume,
        "session": np.arange(bars) // 60,
    }


def parameters_of(indicator: Indicator) -> list[tuple[float, ...]]:
    """What to ask with, within the indicator's own limits."""
    family = PARAMETERS.get(indicator.kernel)
    if family is not None:
        return family
    if not indicator.parameters:
        return [()]
    least = max(indicator.parameters[0].minimum, 2 if indicator.name in FROM_TWO else 1)
    return [length for length in LENGTHS if length[0] >= least]


def ours(indicator: Indicator, prices: Mapping[str, NDArray[Any]], parameters: tuple[float, ...]) -> NDArray[Any]:
    """The kernel as a strategy calls it."""
    outputs = [np.full(len(prices["close"]), 12345.0) for _ in range(indicator.outputs)]
    inputs = [prices["close"]] if indicator.takes_source else []
    inputs += [prices[name] for name in indicator.inputs]
    typed = [
        int(value) if parameter.whole else float(value)
        for parameter, value in zip(indicator.parameters, parameters, strict=True)
    ]
    KERNELS[indicator.kernel](*inputs, *typed, *outputs)
    return outputs[indicator.output]


def deviation(found: NDArray[Any], expected: NDArray[Any], scale: float) -> float:
    """The largest |difference| / (|expected| + scale); infinite where one is known and the other is not.

    Oscillators run to 100 whatever the prices are, so the scale is at least the largest value expected.
    """
    if not np.array_equal(np.isnan(found), np.isnan(expected)):
        return np.inf
    known = ~np.isnan(expected)
    scale = max(scale, float(np.abs(expected[known]).max(initial=0.0)))
    apart = np.abs(found[known] - expected[known])
    return float((apart / (np.abs(expected[known]) + scale)).max(initial=0.0))


def compare(indicator: Indicator, prices: Mapping[str, NDArray[Any]], parameters: tuple[float, ...]) -> float:
    """How far ours is from TA-Lib's, relative to the value and the prices' scale."""
    scale = float(np.abs(prices["close"]).max(initial=0.0))
    # TA-Lib refuses arrays of nothing; there is nothing to be known of them.
    peer = PEERS[indicator.name](prices, *parameters) if len(prices["close"]) else np.empty(0)
    return deviation(ours(indicator, prices, parameters), np.asarray(peer, dtype=np.float64), scale)


def run(options: Options) -> Mapping[str, Any]:
    worst: dict[str, float] = {}
    for name, indicator in INDICATORS.items():
        worst[name] = max(
            compare(indicator, prices, parameters) for _, prices in scenes() for parameters in parameters_of(indicator)
        )
        say(options, f"{name:22} {worst[name]:.1e}")
    return {"indicators": len(worst), "max_deviation": max(worst.values()), "bar": RELATIVE}


if __name__ == "__main__":
    main(__doc__.split("\n", 1)[0], run)
