"""The members that requests are made of: each checked once, with one sentence for its caller."""

import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from engine.reasons import because
from engine.timeframes import TIMEFRAMES

MIN_CAPITAL, MAX_CAPITAL = 100, 10_000_000
MAX_COST = 0.1
MAX_FEE = 1_000_000
MAX_LOT = 1_000_000_000
LEAST_RATE, MOST_RATE = -0.5, 1
MAX_OVERRIDES = 64
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 1, 1)

_SYMBOL = re.compile(r"[A-Za-z0-9.^=_-]{1,10}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def refusal(sentence: str) -> PydanticCustomError:
    # Braces are pydantic's template syntax, and a sentence may quote the caller.
    return PydanticCustomError("refused", "{sentence}", {"sentence": sentence})


def is_symbol(text: str) -> bool:
    """Whether it can be a symbol, in either case."""
    return _SYMBOL.fullmatch(text) is not None


def _symbol(value: object) -> str:
    if not isinstance(value, str) or not is_symbol(value):
        raise refusal(because("not_a_symbol", "must be 1 to 10 characters out of A–Z 0–9 . ^ = _ -"))
    return value.upper()


def _day(value: object) -> date:
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        raise refusal(because("not_a_day", "must be a day written YYYY-MM-DD"))
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise refusal(because("not_a_day", f"{value} is not a day of the calendar")) from None
    if not FIRST_DAY <= day < LAST_DAY:
        raise refusal(
            because("out_of_range", f"must be from {FIRST_DAY} to before {LAST_DAY}", least=FIRST_DAY, most=LAST_DAY)
        )
    return day


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refusal(because("not_a_number", "must be a number"))
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise refusal(because("not_a_number", "must be a finite number"))
    return number


def _capital(value: object) -> float:
    number = _number(value)
    if not MIN_CAPITAL <= number <= MAX_CAPITAL:
        raise refusal(
            because("out_of_range", f"must be {MIN_CAPITAL} to {MAX_CAPITAL:,}", least=MIN_CAPITAL, most=MAX_CAPITAL)
        )
    return number


def _cost(value: object) -> float:
    number = _number(value)
    if not 0 <= number <= MAX_COST:
        raise refusal(because("out_of_range", f"must be a fraction from 0 to {MAX_COST}", least=0, most=MAX_COST))
    return number


def _bounded(least: float, most: float, what: str = "must be") -> BeforeValidator:
    def check(value: object) -> float:
        number = _number(value)
        if not least <= number <= most:
            raise refusal(because("out_of_range", f"{what} {least:g} to {most:,}", least=least, most=f"{most:,}"))
        return number

    return BeforeValidator(check)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise refusal("must be true or false")
    return value


def _priority(value: object) -> int:
    if type(value) is not int or not 1 <= value <= 10:
        raise refusal(because("out_of_range", "must be a whole number from 1 to 10", least=1, most=10))
    return value


def _timeframe(value: object) -> str:
    if not isinstance(value, str) or value not in TIMEFRAMES:
        raise refusal(f"must be one of {' '.join(TIMEFRAMES)}")
    return value


def _strategy_id(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 100:
        raise refusal("must be the id or short name of a strategy")
    return value


def _overrides(value: object) -> object:
    if isinstance(value, Mapping) and len(value) > MAX_OVERRIDES:
        raise refusal(f"holds {len(value)} parameters, the limit is {MAX_OVERRIDES}")
    return value


def _range(least: float, most: float) -> WithJsonSchema:
    return WithJsonSchema({"type": "number", "minimum": least, "maximum": most})


# What a caller is told of each beforehand stands beside what checks it.
Symbol = Annotated[str, BeforeValidator(_symbol), WithJsonSchema({"type": "string", "pattern": f"^{_SYMBOL.pattern}$"})]
Timeframe = Annotated[str, BeforeValidator(_timeframe), WithJsonSchema({"type": "string", "enum": list(TIMEFRAMES)})]
StrategyId = Annotated[
    str, BeforeValidator(_strategy_id), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 100})
]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Capital = Annotated[float, BeforeValidator(_capital), _range(MIN_CAPITAL, MAX_CAPITAL)]
Cost = Annotated[float, BeforeValidator(_cost), _range(0, MAX_COST)]
Fee = Annotated[float, _bounded(0, MAX_FEE), _range(0, MAX_FEE)]
Lot = Annotated[float, _bounded(0, MAX_LOT), _range(0, MAX_LOT)]
Rate = Annotated[float, _bounded(LEAST_RATE, MOST_RATE, "must be a fraction from"), _range(LEAST_RATE, MOST_RATE)]
Number = Annotated[float, BeforeValidator(_number)]
Overrides = Annotated[
    dict[str, Number],
    BeforeValidator(_overrides),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "number"}, "maxProperties": MAX_OVERRIDES}),
]
Truth = Annotated[bool, BeforeValidator(_truth)]
Priority = Annotated[int, BeforeValidator(_priority), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 10})]
