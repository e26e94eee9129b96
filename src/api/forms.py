"""Bodies and queries held against a model: every wrong member named at once."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from api.problems import Problem, invalid

Model = TypeVar("Model", bound=BaseModel)


def checked(model: type[Model], members: Mapping[str, Any]) -> Model:
    """The members as that model. Problem 400 with the place of each wrong one."""
    try:
        return model.model_validate(members)
    except ValidationError as error:
        raise _refused(error) from None


def _refused(error: ValidationError) -> Problem:
    details = []
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        said = problem["msg"].removeprefix("Value error, ")
        details.append({"path": ".".join(map(str, problem["loc"])), "message": said[:1].lower() + said[1:]})
    return invalid(details)
