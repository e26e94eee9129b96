"""Bodies of administrators' requests, checked by their models: every wrong member named at once."""

from typing import TypeVar

from pydantic import BaseModel
from starlette.requests import Request

from api.bodies import read_json
from api.forms import checked
from api.settings import ApiSettings

Model = TypeVar("Model", bound=BaseModel)


async def read_as(model: type[Model], request: Request) -> Model:
    """The body as that model. Problem as in read_json, 400 with the place of each wrong member."""
    settings: ApiSettings = request.app.state.settings
    body = await read_json(request, limit=settings.body_bytes, seconds=settings.body_seconds)
    return checked(model, body)
