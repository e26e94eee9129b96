"""The handler a worker calls, on a real store."""

import json
import subprocess
import sys
from typing import Any

import psycopg
import pytest

from engine import sample, store, strategies, sweep_result
from engine.errors import (
    Cancelled,
    DatabaseUnset,
    GridTooLarge,
    RangeNotCovered,
    RequestError,
    StrategyError,
    UnknownStrategy,
)
from engine.jobs import backtest, sweep
from engine.request import parse_request
from engine.result import decode_detail, decode_preview
from pgqueue.handlers import Handler

ARGS = {
    "strategyId": "123e4567-e89b-12d3-a456-426614174000",
    "strategy": "sma-cross",
    "symbol": "AAPL",
    "startDate": "2020-01-01",
    "endDate": "2025-12-22",
    "initialCapital": 10_000,
}


class Told:
    """A context that remembers what it was told."""

    def __init__(self, *, cancel_at: int = 101) -> None:
        self.said: list[tuple[int, str]] = []
        self.cancel_at = cancel_at

    def progress(self, percent: int, step: str, remaining_seconds: float | None = None) -> None:
        assert remaining_seconds is None or remaining_seconds >= 0
        self.said.append((percent, step))

    def cancelled(self) -> bool:
        return bool(self.said) and self.said[-1][0] >= self.cancel_at


@pytest.fixture
def stored_prices(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        bundled = sample.find("AAPL", "1d")
        store.import_bars(connection, bundled.listing, bundled.read().bars)


@pytest.mark.usefixtures("stored_prices")
def test_a_job_runs_from_stored_prices_to_a_result_through_all_its_phases() -> None:
    told = Told()
    done = backtest.run(ARGS, told)
    assert done.summary["metrics"]["totalTrades"] == 10
    assert done.summary["coverage"]["version"] == 1
    assert len(decode_detail(done.detail).trades) == 10
    assert len(decode_preview(done.preview)["equity"]) == 754
    assert json.loads(json.dumps(done.summary, allow_nan=False)) == done.summary
    percents = [percent for percent, _ in told.said]
    assert percents == sorted(percents)
    bounds = {"load": (0, 20), "indicators": (20, 50), "simulate": (50, 90), "save": (90, 100)}
    assert list(dict.fromkeys(step for _, step in told.said)) == list(bounds)
    assert all(bounds[step][0] <= percent <= bounds[step][1] for percent, step in told.said)


@pytest.mark.usefixtures("stored_prices")
@pytest.mark.parametrize("percent", [0, 20, 50])
def test_a_cancel_is_seen_in_every_phase(percent: int) -> None:
    with pytest.raises(Cancelled):
        backtest.run(ARGS, Told(cancel_at=percent))


@pytest.mark.usefixtures("stored_prices")
def test_an_uncovered_range_fails_for_good() -> None:
    with pytest.raises(RangeNotCovered) as caught:
        backtest.run({**ARGS, "startDate": "2024-01-01"}, Told())
    assert caught.value.permanent


def test_a_snapshot_runs_as_its_built_in_whatever_the_order_of_its_members() -> None:
    definition = strategies.get("sma-cross").definition
    shuffled = json.loads(json.dumps(definition, sort_keys=True))
    backtest.check({**ARGS, "strategy": shuffled})
    backtest.check(parse_request(ARGS).args(definition))
    backtest.check({name: value for name, value in ARGS.items() if name not in ("strategy", "symbol")})


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"startDate": "soon"}, RequestError),
        ({"strategy": "sma-crss"}, UnknownStrategy),
        ({"strategy": {"name": "x"}}, StrategyError),
        ({"strategy": 5}, StrategyError),
        ({"strategyParams": {"fast": 5_000}}, StrategyError),
        ({"strategy": strategies.get("buy-and-hold").definition, "symbol": None}, RequestError),
    ],
)
def test_args_that_can_never_succeed_are_refused_early_and_for_good(
    changed: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        backtest.check({**ARGS, **changed})
    assert getattr(caught.value, "permanent", False)


def test_without_a_database_a_job_says_so_and_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(DatabaseUnset) as caught:
        backtest.run(ARGS, Told())
    assert not caught.value.permanent


def test_the_handler_fits_the_queue_by_shape() -> None:
    handler: Handler = backtest
    assert isinstance(handler, Handler)
    assert handler.time_limit == 300


def test_warming_up_loads_every_kernel_once() -> None:
    backtest.warm()


def test_checking_args_and_serving_results_import_no_numba() -> None:
    modules = "engine.jobs, engine.request, engine.rules, engine.strategies, engine.result, engine.store, engine.cli"
    program = f"import sys, {modules}; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


SWEPT = ARGS | {"grid": {"fast": {"from": 2, "to": 40}, "slow": [50, 60]}, "where": "fast < slow", "top": 2}


@pytest.mark.usefixtures("stored_prices")
def test_a_sweep_goes_through_the_same_phases_and_leaves_its_table() -> None:
    told = Told()
    done = sweep.run(SWEPT, told)
    assert len(sweep_result.decode_detail(done.detail).table) == 78
    assert done.summary["sweep"]["combinations"] == 78
    assert done.summary["coverage"]["version"] == 1
    assert json.loads(json.dumps(done.summary, allow_nan=False)) == done.summary
    percents = [percent for percent, _ in told.said]
    assert percents == sorted(percents)
    assert list(dict.fromkeys(step for _, step in told.said)) == ["load", "indicators", "simulate", "save"]


@pytest.mark.usefixtures("stored_prices")
@pytest.mark.parametrize("percent", [0, 20, 50])
def test_a_sweep_sees_a_cancel_in_every_phase(percent: int) -> None:
    with pytest.raises(Cancelled):
        sweep.run(SWEPT, Told(cancel_at=percent))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grid": {"fast": [1]}}, StrategyError),
        ({"grid": {"fast": {"from": 2, "to": 400}, "slow": {"from": 3, "to": 600}}, "where": None}, GridTooLarge),
        ({"strategy": "nonesuch"}, UnknownStrategy),
        ({"grid": 7}, RequestError),
        ({"strategy": strategies.get("sma-cross").definition, "symbol": None}, RequestError),
    ],
)
def test_a_sweep_that_can_never_run_is_refused_before_it_is_queued(changes: dict[str, Any], error: type) -> None:
    sweep.check(SWEPT)
    with pytest.raises(error):
        sweep.check(SWEPT | changes)
