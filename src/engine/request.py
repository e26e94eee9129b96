"""A backtest request, described once: the API parses it at its door, a job's `check` for everyone else.

Two bodies mean the same: the present one, with `params`, and an older flat one. Every wrong member is named at once,
by the path its caller wrote.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from engine.errors import REQUIRED, Detail, RequestError, detailed
from engine.members import (
    Capital,
    Cost,
    Day,
    Fee,
    Lot,
    Overrides,
    Priority,
    Rate,
    StrategyId,
    Symbol,
    Timeframe,
    Truth,
    refusal,
)
from engine.reasons import because

_FLAT_MEMBERS = ("symbol", "timeframe", "startDate", "endDate", "initialCapital")
_REQUIRED_IN_PARAMS = ("symbol", "initialCapital")
"""Which the flat form may leave out."""

_MODEL = ConfigDict(frozen=True, alias_generator=to_camel, extra="ignore")


class Costs(BaseModel):
    """What a fill costs.

    Fractions: commission of the money that moves, slippage of the price. Money: fixed for each fill, per_unit for each
    unit, minimum of the three together.
    """

    model_config = _MODEL

    commission: Cost = 0.0
    slippage: Cost = 0.0
    fixed: Fee = 0.0
    minimum: Fee = 0.0
    per_unit: Fee = 0.0


class BacktestRequest(BaseModel):
    """One run that someone asks for. symbol is None where the strategy's default is meant.

    lot: units are multiples of it, 0 for any fraction. risk_free_rate: a year's, as a fraction. out_of_sample_from: the
    first day that is measured apart from those before it. benchmark: a symbol to compare with.
    """

    model_config = _MODEL
    #: Members that stand beside `params`, not within it; and those that may be null.
    BESIDE_PARAMS: ClassVar[tuple[str, ...]] = ("strategyId", "priority")
    OPTIONAL: ClassVar[tuple[str, ...]] = (
        *("timeframe", "strategyParams", "costs", "symbol", "benchmark"),
        *("lot", "closeAtEnd", "riskFreeRate", "outOfSampleFrom"),
    )

    strategy_id: StrategyId
    symbol: Symbol | None = None
    timeframe: Timeframe = "1d"
    # The end is read first, so that the start can be held against it.
    end_date: Day
    start_date: Day
    initial_capital: Capital = 10_000.0
    strategy_params: Overrides = Field(default_factory=dict)
    costs: Costs = Field(default_factory=Costs)
    benchmark: Symbol | None = None
    lot: Lot = 0.0
    close_at_end: Truth = False
    risk_free_rate: Rate = 0.0
    out_of_sample_from: Day | None = None
    priority: Priority = 5

    @field_validator("start_date")
    @classmethod
    def _starts_before_it_ends(cls, start: date, info: ValidationInfo) -> date:
        end = info.data.get("end_date")
        if end is not None and start >= end:
            raise refusal(because("not_before", f"must be before endDate ({end})", end=end))
        return start

    @field_validator("out_of_sample_from")
    @classmethod
    def _splits_the_range(cls, day: date | None, info: ValidationInfo) -> date | None:
        start, end = info.data.get("start_date"), info.data.get("end_date")
        if day is not None and start is not None and end is not None and not start < day <= end:
            sentence = f"must be after startDate ({start}) and not after endDate ({end})"
            raise refusal(because("not_between", sentence, start=start, end=end))
        return day

    def with_symbol(self, default: str) -> Self:
        """The same request, for the strategy's default symbol where it names none."""
        return self if self.symbol else self.model_copy(update={"symbol": default})

    def args(self, strategy: Mapping[str, Any] | str, *, symbol: str | None = None) -> dict[str, Any]:
        """The args of a job of kind `backtest`.

        strategy: a snapshot of the definition, or a built-in's short name. symbol: the strategy's default, used where
        the request names none. Dates are written as in a request.
        """
        return {
            "symbol": self.symbol or symbol,
            "timeframe": self.timeframe,
            "startDate": self.start_date.isoformat(),
            "endDate": self.end_date.isoformat(),
            "initialCapital": self.initial_capital,
            "strategyId": self.strategy_id,
            "strategy": strategy if isinstance(strategy, str) else dict(strategy),
            "strategyParams": self.strategy_params,
            "costs": self.costs.model_dump(by_alias=True),
            "benchmark": self.benchmark,
            "lot": self.lot,
            "closeAtEnd": self.close_at_end,
            "riskFreeRate": self.risk_free_rate,
            "outOfSampleFrom": None if self.out_of_sample_from is None else self.out_of_sample_from.isoformat(),
        }


Request = TypeVar("Request", bound=BacktestRequest)


def parse_request(body: object) -> BacktestRequest:
    """The request in a body of either form. Raises RequestError naming every wrong member."""
    return parse_request_as(BacktestRequest, body)


def parse_args(args: object) -> BacktestRequest:
    """The request in the args of a job, as `BacktestRequest.args` writes them."""
    return parse_args_as(BacktestRequest, args)


def parse_request_as(form: type[Request], body: object) -> Request:
    """A body as another request that is made of this one."""
    if not isinstance(body, Mapping):
        raise RequestError([{"path": "", "message": "must be a JSON object"}])
    if "params" in body or not any(member in body for member in _FLAT_MEMBERS):
        return _parse_with_params(form, body)
    return _validate(form, body, prefixed=frozenset())


def parse_args_as(form: type[Request], args: object) -> Request:
    """A job's args as another request that is made of this one."""
    if not isinstance(args, Mapping):
        raise RequestError([{"path": "", "message": "must be a JSON object"}])
    return _validate(form, args, prefixed=frozenset())


def body_schema(form: type[BacktestRequest]) -> dict[str, Any]:
    """JSON Schema (2020-12) of the bodies that `parse_request_as` takes, in either form."""
    whole = form.model_json_schema(ref_template="#/components/schemas/{model}")
    members = {
        name: {"anyOf": [schema, {"type": "null"}]} if name in form.OPTIONAL else schema
        for name, schema in whole["properties"].items()
    }
    beside = {name: schema for name, schema in members.items() if name in form.BESIDE_PARAMS}
    within = {name: schema for name, schema in members.items() if name not in form.BESIDE_PARAMS}
    within |= {name: whole["properties"][name] for name in _REQUIRED_IN_PARAMS}
    required = [name for name in whole["required"] if name in beside]
    params = {
        "type": "object",
        "properties": within,
        "required": [*_REQUIRED_IN_PARAMS, *(name for name in whole["required"] if name in within)],
    }
    present = {
        "type": "object",
        "title": "With params",
        "properties": beside | {"params": params},
        "required": [*required, "params"],
    }
    flat = {
        "type": "object",
        "title": "Flat",
        "description": "An older form that means the same.",
        "properties": members,
        "required": whole["required"],
        "not": {"required": ["params"]},
    }
    return {"anyOf": [present, flat], "$defs": whole.get("$defs", {})}


def _parse_with_params(form: type[Request], body: Mapping[str, Any]) -> Request:
    outer = {name: body[name] for name in form.BESIDE_PARAMS if name in body}
    params = body.get("params")
    if not isinstance(params, Mapping):
        message = "must be a JSON object" if "params" in body else "is required"
        raise RequestError([*_problems_of(form, outer), {"path": "params", "message": message}])
    inner = {name: value for name, value in params.items() if name not in form.BESIDE_PARAMS}
    missing: list[Detail] = [
        detailed(f"params.{name}", REQUIRED) for name in _REQUIRED_IN_PARAMS if inner.get(name) is None
    ]
    prefixed = {str(field.alias) for field in form.model_fields.values()}.difference(form.BESIDE_PARAMS)
    return _validate(form, {**inner, **outer}, prefixed=frozenset(prefixed), missing=missing)


def _problems_of(form: type[BacktestRequest], outer: Mapping[str, Any]) -> list[Detail]:
    """What is wrong beside a missing `params`."""
    try:
        _validate(form, {**outer, "startDate": "2000-01-01", "endDate": "2000-01-02"}, prefixed=frozenset())
    except RequestError as error:
        return error.details
    return []


def _validate(
    form: type[Request], members: Mapping[str, Any], *, prefixed: frozenset[str], missing: list[Detail] | None = None
) -> Request:
    """prefixed: members that the caller wrote under `params`. An optional member that is null counts as absent."""
    given = {name: value for name, value in members.items() if not (value is None and name in form.OPTIONAL)}
    details = list(missing or [])
    known = {detail["path"] for detail in details}
    try:
        request = form.model_validate(given)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            detail = _detail(problem, prefixed)
            if detail["path"] not in known:
                details.append(detail)
        raise RequestError(details) from None
    if details:
        raise RequestError(details)
    return request


def _detail(problem: ErrorDetails, prefixed: frozenset[str]) -> Detail:
    path = ".".join(str(part) for part in problem["loc"])
    if problem["loc"][0] in prefixed:
        path = f"params.{path}"
    match problem["type"]:
        case "refused":
            message = problem["ctx"]["sentence"]
        case "missing":
            message = REQUIRED
        case _:
            message = because("not_an_object", "must be a JSON object")
    return detailed(path, message)
