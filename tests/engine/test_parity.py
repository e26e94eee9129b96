"""Our simulation and metrics against what other software said of the same runs, written down by bench.record_parity.

`make parity` runs the whole matrix against the software itself; docs/parity.md shows it.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import metric_parity, parity
from bench.record_parity import BARS, SEED
from engine.bars import Bars
from engine.orders import Sizing, SizingMode
from engine.signals import ENTRY_SHORT, Signals
from engine.simulate import Simulation

HERE = Path(__file__).parent
SPOKEN = np.load(HERE / "parity.npz")
METRICS = json.loads((HERE / "metric_parity.json").read_text(encoding="utf-8"))
PRICES = dict(parity.data(SEED, BARS))


@pytest.mark.parametrize("source", ["SPX", "walk"])
@pytest.mark.parametrize("name", parity.RECIPES)
def test_trades_fees_and_equity_are_those_of_the_other_engine(name: str, source: str) -> None:
    recipe, bars = parity.RECIPES[name], PRICES[source]
    flags = parity.flags_of(len(bars), SEED, reverses=recipe.reverses)
    found = parity.ours(recipe, bars, flags)
    expected = parity.Outcome(SPOKEN[f"{name}|{source}|equity"], SPOKEN[f"{name}|{source}|trades"])
    assert len(found.trades) >= 3
    assert parity.compare(found, expected) < parity.EQUITY


@pytest.mark.parametrize("written", METRICS, ids=lambda w: f"{w['seed']}-{w['rate']}")
def test_metrics_are_those_of_empyrical_and_quantstats(written: dict[str, Any]) -> None:
    given = metric_parity.course(written["seed"], written["rate"])
    apart = metric_parity.deviations(given, written["expected"])
    assert len(apart) >= 9
    assert max(apart.values()) < metric_parity.RELATIVE


def test_a_short_of_fixed_size_is_bounded_by_the_account() -> None:
    """vectorbt sells short any number of units, and runs on with negative equity where the price then rises.

    A short of more than the account is worth would be sold on money that nobody lent: we fill what the account can
    carry, count the order as reduced, and end a run where nothing is left.
    """
    flags = np.array([ENTRY_SHORT, 0, 0, 0], dtype=np.uint8)
    closes = np.array([10.0, 10.0, 15.0, 40.0])
    bars = Bars(np.arange(4), closes, closes, closes, closes, np.ones(4))
    run = Simulation(bars, Signals(flags), 0, 1_000.0, sizing=Sizing(SizingMode.UNITS, 500.0))
    run.advance(4)
    assert run.reduced == 1
    assert run.trades()["units"].tolist() == [100.0]
    assert run.equity.tolist() == [1_000.0, 1_000.0, 500.0, 0.0]
    assert run.ruined_at == 3
