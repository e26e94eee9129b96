"""Bodies and queries held against a model: every wrong member named at once."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from api.problems import Problem, invalid

Model = TypeVar("Model", bound=BaseModel)

_TIME = "must be a time with its zone, such as 2022-12-28T09:30:00Z"
_NUMBER = "must be a whole number"
_SENTENCES = {
    "bool_type": "must be true or false",
    "datetime_from_date_parsing": _TIME,
    "datetime_parsing": _TIME,
    "datetime_type": _TIME,
    "extra_forbidden": "is not known here",
    "greater_than_equal": "must be {ge:,} or more",
    "int_from_float": _NUMBER,
    "int_parsing": _NUMBER,
    "int_type": _NUMBER,
    "less_than_equal": "must be {le:,} or less",
    "literal_error": "must be one of {expected}",
    "missing": "is required",
    "string_pattern_mismatch": "must not be blank, nor hold NUL",
    "string_too_long": "must be at most {max_length:,} characters",
    "string_too_short": "must not be empty",
    "string_type": "must be a text",
    "timezone_aware": _TIME,
    "uuid_parsing": "must be a UUID",
    "uuid_type": "must be a UUID",
}
"""By pydantic's name of what is wrong: what may be said instead. Its own sentences tell of its parser."""


def checked(model: type[Model], members: Mapping[str, Any]) -> Model:
    """The members as that model. Problem 400 with the place of each wrong one."""
    try:
        return model.model_validate(members)
    except ValidationError as error:
        raise _refused(error) from None


def _refused(error: ValidationError) -> Problem:
    problems = error.errors(include_url=False, include_input=False)
    return invalid([{"path": ".".join(map(str, one["loc"])), "message": _sentence(one)} for one in problems])


def _sentence(problem: Mapping[str, Any]) -> str:
    facts = problem.get("ctx", {})
    if "expected" in facts:
        facts["expected"] = facts["expected"].replace("'", "")
    if problem["type"] in _SENTENCES:
        return _SENTENCES[problem["type"]].format(**facts)
    said: str = problem["msg"].removeprefix("Value error, ")
    return said[:1].lower() + said[1:]
