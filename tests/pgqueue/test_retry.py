import pytest

from pgqueue.retry import delay_seconds


@pytest.mark.parametrize(("failures", "seconds"), [(0, 2.0), (1, 4.0), (2, 8.0)])
def test_delays_double_from_two_seconds(failures: int, seconds: float) -> None:
    assert delay_seconds(failures, random=lambda: 0.5) == seconds


@pytest.mark.parametrize(("random", "factor"), [(0.0, 0.9), (1.0, 1.1)])
def test_jitter_is_a_tenth_either_way(random: float, factor: float) -> None:
    assert delay_seconds(0, random=lambda: random) == pytest.approx(2.0 * factor)
