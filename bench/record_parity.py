"""Write down what the peers say, so that tests can hold us against them where they are not installed.

python -m bench.record_parity, in the peers' environment. Writes tests/engine/parity.npz and metric_parity.json.
"""

import json
from pathlib import Path

import numpy as np

from bench import metric_parity, parity

TESTS = Path(__file__).parents[1] / "tests" / "engine"
BARS, SEED = 400, 7


def main() -> None:
    arrays = {}
    for name, recipe in parity.RECIPES.items():
        for source, stretch in parity.data(SEED, BARS):
            if source != "GOOG":  # its prices are the peer's own
                flags = parity.flags_of(len(stretch), SEED, reverses=recipe.reverses)
                outcome = parity.PEERS[recipe.peer](recipe, stretch, flags)
                arrays[f"{name}|{source}|equity"] = outcome.equity
                arrays[f"{name}|{source}|trades"] = outcome.trades
    np.savez_compressed(TESTS / "parity.npz", **arrays)  # type: ignore[arg-type]
    metrics = [
        {"seed": seed, "rate": rate, "expected": metric_parity.peers(metric_parity.course(seed, rate))}
        for seed in range(4)
        for rate in metric_parity.RATES
    ]
    (TESTS / "metric_parity.json").write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
