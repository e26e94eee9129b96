"""Lists by pages: what a query may ask for, and where the next page is."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from api.problems import invalid

WINDOW_LIMIT = 1000
CACHED = {"Cache-Control": "private, max-age=60", "Vary": "Authorization, Cookie"}
"""Headers of what does not change any more and is one user's alone."""


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


def window(request: Request) -> tuple[int, int]:
    """The ?offset= and ?limit= of a table that does not grow."""
    query = request.query_params
    offset = whole_number(query.get("offset"), "offset", default=0, least=0, most=10**9)
    return offset, whole_number(query.get("limit"), "limit", default=100, least=1, most=WINDOW_LIMIT)


def windowed(request: Request, items: Sequence[Any], offset: int, total: int) -> dict[str, Any]:
    """Those items of a table, and where the ones after them are."""
    following = None
    if offset + len(items) < total and items:
        url = request.url.include_query_params(offset=offset + len(items))
        following = f"{url.path}?{url.query}"
    return {"items": items, "total": total, "offset": offset, "next": following}
