"""Every indicator of the catalogue: equal to TA-Lib, blind to what comes later, and honest about gaps."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.indicator_accuracy import RELATIVE, compare, ours, parameters_of, scenes, walk
from engine.indicators import INDICATORS, LONGEST, Indicator
from engine.kernels.catalogue import KERNELS

SCENES = dict(scenes())
EVERY = pytest.mark.parametrize("name", INDICATORS)


def ask(indicator: Indicator, source: list[float], *parameters: float) -> Any:
    prices = walk(len(source), 1) | {"close": np.array(source, dtype=float)}
    return ours(indicator, prices, parameters)


@EVERY
@pytest.mark.parametrize("scene", SCENES)
def test_equal_to_ta_lib_and_known_from_the_same_bar(name: str, scene: str) -> None:
    indicator = INDICATORS[name]
    for parameters in parameters_of(indicator):
        assert compare(indicator, SCENES[scene], parameters) < RELATIVE, parameters


@EVERY
def test_its_look_back_is_the_first_bar_it_knows(name: str) -> None:
    indicator = INDICATORS[name]
    for parameters in parameters_of(indicator):
        known = np.flatnonzero(~np.isnan(ours(indicator, SCENES["SPX"], parameters)))
        assert known[0] == indicator.look_back(*(int(value) for value in parameters))
        assert len(known) == len(SCENES["SPX"]["close"]) - known[0]


@EVERY
@given(seed=st.integers(0, 2**32 - 1), bars=st.integers(0, 60), later=st.integers(0, 40))
def test_later_bars_change_no_earlier_value(name: str, seed: int, bars: int, later: int) -> None:
    indicator = INDICATORS[name]
    whole = walk(bars + later, seed)
    prefix = {key: values[:bars] for key, values in whole.items()}
    for parameters in parameters_of(indicator)[:3]:
        found = ours(indicator, whole, parameters)[:bars]
        assert found.tobytes() == ours(indicator, prefix, parameters).tobytes()


WINDOWED = [name for name, found in INDICATORS.items() if found.takes_source and name not in ("roc", "mom")]


@pytest.mark.parametrize("name", WINDOWED)
@given(
    before=st.integers(0, 5),
    stretches=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 3)), max_size=4),
    seed=st.integers(0, 2**32 - 1),
)
def test_after_a_gap_a_series_begins_anew(name: str, before: int, stretches: list[tuple[int, int]], seed: int) -> None:
    """What is known between two gaps is what would be known of that stretch alone."""
    indicator = INDICATORS[name]
    random = np.random.default_rng(seed)
    for parameters in parameters_of(indicator)[:3]:
        source, alone = [math.nan] * before, [math.nan] * before
        for length, gap in stretches:
            stretch = (100 + random.normal(0, 1, length).cumsum()).tolist()
            source += [*stretch, *[math.nan] * gap]
            alone += [*ask(indicator, stretch, *parameters).tolist(), *[math.nan] * gap]
        np.testing.assert_array_equal(ask(indicator, source, *parameters), alone)


@pytest.mark.parametrize(("name", "expected"), [("mom", 2.0), ("roc", 50.0)])
def test_a_change_needs_its_two_values_alone(name: str, expected: float) -> None:
    assert ask(INDICATORS[name], [4.0, math.nan, 6.0, math.nan], 2)[2] == expected
    assert np.isnan(ask(INDICATORS[name], [4.0, math.nan, 6.0, math.nan], 2)[3])


@pytest.mark.parametrize("name", ["sma", "ema", "wma", "highest", "lowest", "sum"])
@given(st.lists(st.floats(-1e6, 1e6), max_size=10))
def test_over_one_bar_it_is_the_series_itself(name: str, source: list[float]) -> None:
    assert ask(INDICATORS[name], source, 1).tolist() == pytest.approx(source, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_every_kernel_is_compiled_for_read_only_input_once(name: str) -> None:
    indicator = next(found for found in INDICATORS.values() if found.kernel == name)
    prices = walk(30, 1)
    for values in prices.values():
        values.flags.writeable = False
    ours(indicator, prices, parameters_of(indicator)[0])
    assert len(KERNELS[name].signatures) == 1


@EVERY
def test_the_longest_length_is_taken(name: str) -> None:
    indicator = INDICATORS[name]
    most = tuple(parameter.maximum for parameter in indicator.parameters)
    prices = walk(2 * LONGEST + 10, 5)
    assert len(ours(indicator, prices, most)) == 2 * LONGEST + 10


def test_a_mean_does_not_drift_over_a_million_bars() -> None:
    source = 100 + np.random.default_rng(1).normal(0, 0.01, 1_000_000).cumsum()
    last = ask(INDICATORS["sma"], source.tolist(), 50)[-50:]
    assert last == pytest.approx([math.fsum(source[i - 49 : i + 1]) / 50 for i in range(999_950, 1_000_000)], rel=1e-14)


@pytest.mark.parametrize("name", ["sma", "wma", "sum", "stddev", "bbands_upper"])
def test_a_huge_value_is_forgotten_when_it_has_left(name: str) -> None:
    source = [1.0] * 100
    source[10] = 1e18
    parameters = (5, 2.0) if name == "bbands_upper" else (5,)
    expected = ask(INDICATORS[name], [1.0] * 100, *parameters)
    assert ask(INDICATORS[name], source, *parameters)[20:].tolist() == expected[20:].tolist()


def test_deviations_of_a_quiet_series_far_from_zero_keep_their_digits() -> None:
    """√(mean(x²) − mean²) has none of them left here."""
    source = 1e8 + np.random.default_rng(2).normal(0, 1e-3, 500)
    found = ask(INDICATORS["stddev"], source.tolist(), 20)
    exact = [np.std((source[i - 19 : i + 1] - source[i]), ddof=0) for i in range(19, 500)]
    assert found[19:] == pytest.approx(exact, rel=1e-6)


def test_volume_weighted_prices_start_anew_with_each_session() -> None:
    prices = walk(120, 4)
    found = ours(INDICATORS["vwap"], prices, ())
    typical = (prices["high"] + prices["low"] + prices["close"]) / 3
    assert found[60] == pytest.approx(typical[60], rel=1e-15)
    weights = prices["volume"][60:90]
    assert found[89] == pytest.approx((typical[60:90] * weights).sum() / weights.sum(), rel=1e-13)


def test_a_session_without_volume_has_no_weighted_price() -> None:
    prices = walk(10, 4)
    prices["volume"][:3] = 0.0
    assert np.isnan(ours(INDICATORS["vwap"], prices, ())).tolist() == [True] * 3 + [False] * 7
