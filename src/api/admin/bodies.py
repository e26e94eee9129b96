"""Bodies of administrators' requests, checked by their models: every wrong member named at once."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from api.bodies import read_json
from api.problems import Problem, invalid
from api.settings import ApiSettings

Model = TypeVar("Model", bound=BaseModel)


async def read_as(model: type[Model], request: Request) -> Model:
    """The body as that model. Problem as in read_json, 400 with the place of each wrong member."""
    settings: ApiSettings = request.app.state.settings
    body = await read_json(request, limit=settings.body_bytes, seconds=settings.body_seconds)
    return checked(model, body)


def checked(model: type[Model], members: dict[str, Any]) -> Model:
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
