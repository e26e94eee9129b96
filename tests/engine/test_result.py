"""What is stored of a run comes back as it was."""

import json
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import sample, strategies
from engine.backtest import run
from engine.request import parse_args
from engine.result import BacktestResult, decode_detail, decode_preview, encode, result_hash
from engine.rules import compile_strategy
from engine.sampling import largest_triangle_three_buckets


@pytest.fixture(scope="module")
def result() -> BacktestResult:
    request = parse_args({"strategyId": "test", "symbol": "AAPL", "startDate": "1991-01-01", "endDate": "2022-12-20"})
    strategy = compile_strategy(strategies.get("test").definition)
    return run(request, strategy, sample.find("AAPL", "1d").read())


def test_a_detail_holds_every_bar_and_trade(result: BacktestResult) -> None:
    detail = decode_detail(encode(result).detail)
    assert detail.time.tolist() == result.time.tolist()
    assert detail.equity.tobytes() == result.equity.tobytes()
    assert len(detail.trades) == len(result.trades)
    json.dumps(detail.trades, allow_nan=False)
    (is_open,) = {trade["isOpen"] for trade in detail.trades[-1:]}
    assert is_open == (detail.trades[-1]["exitTime"] is None) == bool(result.metrics["openTrades"])
    assert sum(trade["barsHeld"] for trade in detail.trades) == round(
        (result.metrics["exposure"] or 0) * len(result.time)
    )
    assert len(detail.curves()["equity"]) == len(detail.curves()["drawdown"]) == len(result.time)


def test_a_preview_is_at_most_2000_points_with_the_first_and_the_last(result: BacktestResult) -> None:
    drawn = decode_preview(encode(result).preview)
    assert len(drawn["equity"]) == 2_000
    assert [time for time, _ in drawn["equity"]] == [time for time, _ in drawn["drawdown"]]
    assert tuple(drawn["equity"][0]) == (result.time[0] // 1_000_000, result.equity[0])
    assert tuple(drawn["equity"][-1]) == (result.time[-1] // 1_000_000, result.equity[-1])
    assert all(-1 <= depth <= 0 for _, depth in drawn["drawdown"])


def test_the_hash_is_of_trades_and_equity(result: BacktestResult) -> None:
    changed = result.equity.copy()
    changed[17] = np.nextafter(changed[17], 0)
    other = BacktestResult(
        **{name: getattr(result, name) for name in BacktestResult.__slots__ if name != "equity"}, equity=changed
    )
    assert len(result_hash(result)) == 64
    assert result_hash(other) != result_hash(result)


def test_a_detail_of_another_format_is_not_guessed_at() -> None:
    head = json.dumps({"format": 9}).encode()
    with pytest.raises(ValueError, match="format 9 is not known"):
        decode_detail(zlib.compress(len(head).to_bytes(4, "little") + head))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300), st.integers(3, 50))
def test_fewer_points_keep_first_last_and_order(values: list[float], points: int) -> None:
    kept = largest_triangle_three_buckets(np.array(values), points)
    assert len(kept) == min(len(values), points)
    assert (kept[0], kept[-1]) == (0, len(values) - 1)
    assert (np.diff(kept) > 0).all()


def test_a_spike_is_kept() -> None:
    values = np.zeros(10_000)
    values[5_432] = 1
    assert 5_432 in largest_triangle_three_buckets(values, 100)
