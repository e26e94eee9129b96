"""A request is described once: both bodies, every refusal, by the path its caller wrote."""

from datetime import date
from typing import Any

import pytest

from engine.errors import RequestError
from engine.request import parse_args, parse_request

UUID = "123e4567-e89b-12d3-a456-426614174000"
PARAMS = {"symbol": "AAPL", "startDate": "2020-01-01", "endDate": "2025-12-22", "initialCapital": 10000}
BODY = {"strategyId": UUID, "params": PARAMS, "priority": 5}
FLAT = {"strategyId": "test", "startDate": "2020-01-01", "endDate": "2025-12-22"}


def body(**params: Any) -> dict[str, Any]:
    return {**BODY, "params": {**PARAMS, **params}}


def problems(given: object) -> dict[str, str]:
    with pytest.raises(RequestError) as caught:
        parse_request(given)
    assert caught.value.permanent
    return {detail["path"]: detail["message"] for detail in caught.value.details}


def test_the_contracts_own_example_is_read() -> None:
    request = parse_request(BODY)
    assert (request.strategy_id, request.symbol, request.timeframe, request.priority) == (UUID, "AAPL", "1d", 5)
    assert (request.start_date, request.end_date) == (date(2020, 1, 1), date(2025, 12, 22))
    assert (request.initial_capital, request.strategy_params, request.benchmark) == (10_000, {}, None)
    assert (request.costs.commission, request.costs.slippage) == (0, 0)


def test_the_older_flat_body_means_the_same() -> None:
    request = parse_request({**FLAT, "symbol": "aapl", "timeframe": "1h"})
    assert (request.symbol, request.timeframe, request.initial_capital, request.priority) == ("AAPL", "1h", 10_000, 5)
    assert parse_request(FLAT).symbol is None
    assert parse_request(FLAT).with_symbol("KO").symbol == "KO"


def test_unknown_members_are_ignored_and_optional_ones_may_be_null() -> None:
    extras = {"userId": "x", "params": {**PARAMS, "mode": 1, "priority": "high", "benchmark": None, "costs": None}}
    assert parse_request({**BODY, **extras}) == parse_request(BODY)


def test_optional_members_reach_the_request() -> None:
    costs = {"commission": 0.001, "slippage": 0.0005}
    request = parse_request(body(strategyParams={"fast": 20}, costs=costs, benchmark="spx", timeframe="1w"))
    assert (request.strategy_params, request.costs.model_dump(exclude_unset=True)) == ({"fast": 20}, costs)
    assert (request.benchmark, request.timeframe) == ("SPX", "1w")


@pytest.mark.parametrize("symbol", ["A", "brk.b", "^GSPC", "EURUSD=X", "BTC-USD", "a_1234567"])
def test_symbols_are_raised(symbol: str) -> None:
    assert parse_request(body(symbol=symbol)).symbol == symbol.upper()


@pytest.mark.parametrize("priority", [1, 10])
def test_priorities_are_1_to_10(priority: int) -> None:
    assert parse_request({**BODY, "priority": priority}).priority == priority


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        (body(symbol=""), "params.symbol", "must be 1 to 10 characters"),
        (body(symbol="A" * 11), "params.symbol", "must be 1 to 10 characters"),
        (body(symbol="AA PL"), "params.symbol", "must be 1 to 10 characters"),
        (body(symbol="ßß"), "params.symbol", "must be 1 to 10 characters"),
        (body(symbol="AAPL\n"), "params.symbol", "must be 1 to 10 characters"),
        (body(symbol=5), "params.symbol", "must be 1 to 10 characters"),
        (body(symbol=None), "params.symbol", "is required"),
        (body(startDate="2020-1-1"), "params.startDate", "written YYYY-MM-DD"),
        (body(startDate="2020-02-30"), "params.startDate", "2020-02-30 is not a day of the calendar"),
        (body(startDate="20200101"), "params.startDate", "written YYYY-MM-DD"),
        (body(startDate=20200101), "params.startDate", "written YYYY-MM-DD"),
        (body(startDate="2020-01-01T00:00:00Z"), "params.startDate", "written YYYY-MM-DD"),
        (body(endDate="9999-12-31"), "params.endDate", "must be from 1900-01-01"),
        (body(endDate="2020-01-01"), "params.startDate", "must be before endDate (2020-01-01)"),
        (body(endDate="2019-01-01"), "params.startDate", "must be before endDate (2019-01-01)"),
        (body(initialCapital=99.99), "params.initialCapital", "must be 100 to 10,000,000"),
        (body(initialCapital=10_000_001), "params.initialCapital", "must be 100 to 10,000,000"),
        (body(initialCapital="10000"), "params.initialCapital", "must be a number"),
        (body(initialCapital=True), "params.initialCapital", "must be a number"),
        (body(initialCapital=float("nan")), "params.initialCapital", "must be a finite number"),
        (body(initialCapital=10**400), "params.initialCapital", "must be a finite number"),
        (body(initialCapital=None), "params.initialCapital", "is required"),
        (body(timeframe="2d"), "params.timeframe", "must be one of 1m 5m 15m 30m 1h 4h 1d 1w"),
        (body(timeframe=[]), "params.timeframe", "must be one of"),
        (body(strategyParams=[1]), "params.strategyParams", "must be a JSON object"),
        (body(strategyParams={"fast": "10"}), "params.strategyParams.fast", "must be a number"),
        (body(strategyParams={f"p{i}": 1 for i in range(65)}), "params.strategyParams", "the limit is 64"),
        (body(costs=0.1), "params.costs", "must be a JSON object"),
        (body(costs={"commission": -0.1}), "params.costs.commission", "must be a fraction from 0 to 0.1"),
        (body(costs={"slippage": 10}), "params.costs.slippage", "must be a fraction"),
        (body(costs={"fixed": -1}), "params.costs.fixed", "must be 0 to 1,000,000"),
        (body(costs={"perUnit": 1_000_001}), "params.costs.perUnit", "must be 0 to 1,000,000"),
        (body(costs={"minimum": "5"}), "params.costs.minimum", "must be a number"),
        (body(lot=-1), "params.lot", "must be 0 to 1,000,000,000"),
        (body(closeAtEnd=1), "params.closeAtEnd", "must be true or false"),
        (body(riskFreeRate=1.1), "params.riskFreeRate", "must be a fraction from -0.5 to 1"),
        (
            body(outOfSampleFrom="2020-01-01"),
            "params.outOfSampleFrom",
            "must be after startDate (2020-01-01) and not after",
        ),
        (body(outOfSampleFrom="2025-12-23"), "params.outOfSampleFrom", "not after endDate (2025-12-22)"),
        (body(outOfSampleFrom="soon"), "params.outOfSampleFrom", "must be a day written YYYY-MM-DD"),
        (body(benchmark="a{b}"), "params.benchmark", "must be 1 to 10 characters"),
        ({**BODY, "priority": 0}, "priority", "must be a whole number from 1 to 10"),
        ({**BODY, "priority": 11}, "priority", "must be a whole number"),
        ({**BODY, "priority": True}, "priority", "must be a whole number"),
        ({**BODY, "priority": 5.0}, "priority", "must be a whole number"),
        ({**BODY, "priority": "5"}, "priority", "must be a whole number"),
        ({**BODY, "priority": None}, "priority", "must be a whole number"),
        ({**BODY, "strategyId": 7}, "strategyId", "must be the id or short name of a strategy"),
        ({**BODY, "strategyId": ""}, "strategyId", "must be the id or short name of a strategy"),
        ({"params": PARAMS}, "strategyId", "is required"),
        ({"strategyId": UUID}, "params", "is required"),
        ({**BODY, "params": []}, "params", "must be a JSON object"),
        ([], "", "must be a JSON object"),
        (None, "", "must be a JSON object"),
        ({**FLAT, "startDate": "soon"}, "startDate", "written YYYY-MM-DD"),
        ({**FLAT, "endDate": "2019-01-01"}, "startDate", "must be before endDate"),
        ({**FLAT, "symbol": "$"}, "symbol", "must be 1 to 10 characters"),
        ({**FLAT, "initialCapital": 1}, "initialCapital", "must be 100"),
    ],
)
def test_a_refusal_has_the_path_its_caller_wrote(given: object, path: str, message: str) -> None:
    found = problems(given)
    assert list(found) == [path]
    assert message in found[path]


def test_all_that_is_wrong_is_said_at_once() -> None:
    given = {"priority": 11, "params": {"symbol": "?", "startDate": "x", "endDate": "2020-01-01"}}
    assert set(problems(given)) == {
        "strategyId",
        "priority",
        "params.symbol",
        "params.startDate",
        "params.initialCapital",
    }
    assert set(problems({"priority": 11})) == {"strategyId", "priority", "params"}
    with pytest.raises(RequestError, match=r"params\.symbol is required; params\.initialCapital is required"):
        parse_request({**BODY, "params": {"startDate": "2020-01-01", "endDate": "2020-01-02"}})


def test_what_a_request_writes_as_args_is_read_as_the_same_request() -> None:
    split = {"outOfSampleFrom": "2023-01-01", "riskFreeRate": 0.03}
    request = parse_request(body(costs={"commission": 0.001, "perUnit": 0.01}, strategyParams={"fast": 12}, **split))
    args = request.args("sma-cross")
    assert args == {
        "symbol": "AAPL",
        "timeframe": "1d",
        "startDate": "2020-01-01",
        "endDate": "2025-12-22",
        "initialCapital": 10_000,
        "strategyId": UUID,
        "strategy": "sma-cross",
        "strategyParams": {"fast": 12},
        "costs": {"commission": 0.001, "slippage": 0.0, "fixed": 0.0, "minimum": 0.0, "perUnit": 0.01},
        "benchmark": None,
        "lot": 0.0,
        "closeAtEnd": False,
        **split,
    }
    assert parse_args(args) == request
    assert parse_request(FLAT).args({"name": "x"}, symbol="KO")["symbol"] == "KO"
