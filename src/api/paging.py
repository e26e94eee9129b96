"""Lists by pages: what a query may ask for, and where the next page is."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from api.problems import invalid


def whole_number(text: str | None, name: str, *, default: int, least: int, most: int) -> int:
    """The query parameter's value. Problem 400 for anything but digits in that range."""
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 10 or not least <= int(text) <= most:
        raise invalid([{"path": name, "message": f"must be a whole number from {least} to {most}"}])
    return int(text)


def page(request: Request, body: Mapping[str, Any], *, cursor: str | None) -> JSONResponse:
    """A page of a list. cursor: where the next one begins, None after the last; also said as `Link: rel="next"`."""
    headers = {"Cache-Control": "no-store"}
    following = None
    if cursor is not None:
        url = request.url.include_query_params(cursor=cursor)
        following = f"{url.path}?{url.query}"
        headers["Link"] = f'<{following}>; rel="next"'
    return JSONResponse({**body, "next": following}, headers=headers)
