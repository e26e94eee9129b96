"""Bars are true or refused."""

import numpy as np
import pytest

from engine.bars import Bars
from engine.errors import BarsRefused

DAY = 86_400_000_000_000
GOOD = {
    "time": [0, DAY, 2 * DAY],
    "open": [10.0, 11, 12],
    "high": [12.0, 13, 14],
    "low": [9.0, 10, 11],
    "close": [11.0, 12, 13],
    "volume": [0.0, 5, 5],
}


def bars(**changed: object) -> Bars:
    return Bars(**{name: np.array(values) for name, values in {**GOOD, **changed}.items()})


def test_good_bars_are_contiguous_read_only_and_not_close_only() -> None:
    good = bars()
    assert (len(good), good.close_only, str(good.time.dtype), str(good.close.dtype)) == (3, False, "int64", "float64")
    with pytest.raises(ValueError, match="read-only"):
        good.close[0] = 1


def test_a_callers_own_array_stays_writable() -> None:
    closes = np.array([1.0, 2])
    Bars.of_closes(np.array([0, DAY]), closes)
    closes[0] = 5


def test_close_only_series_are_flagged() -> None:
    assert Bars.of_closes([0, DAY], [1.0, 2]).close_only


@pytest.mark.parametrize(
    ("changed", "row", "sentence"),
    [
        ({"time": [0, DAY, DAY]}, 2, "same time as the row before. Remove one"),
        ({"time": [0, 2 * DAY, DAY]}, 2, "earlier than the row before. Sort"),
        ({"close": [11.0, np.nan, 13]}, 1, "close is not a number"),
        ({"high": [12.0, np.inf, 14]}, 1, "high is not a number"),
        ({"open": [10.0, 11, -1], "low": [9.0, 10, -2]}, 2, "open is not above zero"),
        ({"low": [0.0, 10, 11]}, 0, "low is not above zero"),
        ({"volume": [0.0, -1, 0]}, 1, "volume is below zero"),
        ({"volume": [0.0, np.nan, 0]}, 1, "volume is not a number"),
        ({"high": [12.0, 13, 10.5]}, 2, "high is below low"),
        ({"open": [10.0, 13.5, 12]}, 1, "open is outside low … high"),
        ({"close": [8.0, 12, 13]}, 0, "close is outside low … high"),
        ({"close": [11.0, 12, np.nan], "time": [0, 0, DAY]}, 1, "same time"),
        ({"volume": [0.0, 5]}, 2, "2 values of volume for 3 times"),
    ],
)
def test_a_refusal_names_the_first_bad_row_and_the_mend(changed: dict[str, object], row: int, sentence: str) -> None:
    with pytest.raises(BarsRefused, match=sentence) as caught:
        bars(**changed)
    assert caught.value.row == row
    assert caught.value.permanent
