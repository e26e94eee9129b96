"""Bodies and queries held against a model: every wrong member named at once."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from api.problems import Problem, invalid

Model = TypeVar("Model", bound=BaseModel)

A_TIME = "must be a time with its offset, such as 2024-01-31T09:30:00Z"
SENTENCES = {
    "missing": "is required",
    "extra_forbidden": "is not known here; leave it out",
    "greater_than_equal": "must be at least {ge:,.12g}",
    "greater_than": "must be more than {gt:,.12g}",
    "less_than_equal": "must be at most {le:,.13g}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length:,} characters",
    "string_type": "must be a text",
    "string_pattern_mismatch": "must not be blank or hold a NUL character",
    "too_long": "must have at most {max_length:,} entries",
    "literal_error": "must be {expected}",
    "value_error": "{error}",
}
"""By pydantic's own word for what is wrong. Its sentences speak of inputs, types and parsing."""
FAMILIES = {
    "int_": "must be a whole number",
    "float_": "must be a number",
    "finite_number": "must be a number",
    "bool_": "must be true or false",
    "uuid_": "must be an id, such as 123e4567-e89b-12d3-a456-426614174000",
    "datetime_": A_TIME,
    "timezone_": A_TIME,
    "list_": "must be a list",
    "model_": "must be a JSON object",
}
"""By how that word begins."""


def checked(model: type[Model], members: Mapping[str, Any]) -> Model:
    """The members as that model. Problem 400 with the place of each wrong one."""
    try:
        return model.model_validate(members)
    except ValidationError as error:
        raise _refused(error) from None


def _refused(error: ValidationError) -> Problem:
    details = []
    for problem in error.errors(include_url=False, include_input=False):
        said = _sentence(problem)
        details.append({"path": ".".join(map(str, problem["loc"])), "message": said[:1].lower() + said[1:]})
    return invalid(details)


def _sentence(problem: Mapping[str, Any]) -> str:
    kind: str = problem["type"]
    if kind in SENTENCES:
        return SENTENCES[kind].format(**problem.get("ctx", {}))
    said: str = problem["msg"]
    return next((sentence for begins, sentence in FAMILIES.items() if kind.startswith(begins)), said)
