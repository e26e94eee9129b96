"""Indicators against slow and obvious ones."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels.indicators import sma


def slow_sma(source: list[float], length: int) -> list[float]:
    windows = [source[max(0, i - length + 1) : i + 1] for i in range(len(source))]
    return [math.fsum(w) / length if len(w) == length and not any(map(math.isnan, w)) else math.nan for w in windows]


@given(st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), max_size=80), st.integers(1, 20))
def test_sma_equals_the_mean_of_its_window(source: list[float], length: int) -> None:
    found = sma(np.array(source, dtype=float), length)
    assert found == pytest.approx(slow_sma(source, length), rel=1e-12, abs=1e-8, nan_ok=True)


def test_the_first_value_is_the_first_full_window() -> None:
    assert np.flatnonzero(~np.isnan(sma(np.arange(60.0), 50)))[0] == 49
    assert np.isnan(sma(np.arange(5.0), 6)).all()


def test_rounding_does_not_gather_over_a_million_bars() -> None:
    rng = np.random.default_rng(1)
    source = 100 + rng.normal(0, 0.01, 1_000_000).cumsum()
    last = sma(source, 50)[-50:]
    assert last == pytest.approx([math.fsum(source[i - 49 : i + 1]) / 50 for i in range(999_950, 1_000_000)], rel=1e-14)


def test_a_huge_value_is_forgotten_when_it_has_left() -> None:
    source = np.ones(100)
    source[10] = 1e18
    assert (sma(source, 5)[20:] == 1).all()


def test_read_only_input_is_the_same_kernel() -> None:
    source = np.arange(10.0)
    source.flags.writeable = False
    assert sma(source, 2)[1] == 0.5
    assert len(sma.signatures) == 1
