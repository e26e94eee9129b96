"""Reading request bodies: bounded in size, time and depth, and only what JSON allows."""

import asyncio
import json
import math
from collections import Counter
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request

from api.problems import Problem, invalid

MAX_DEPTH = 32


async def read_json(request: Request, *, limit: int, seconds: float) -> dict[str, Any]:
    """The object in the body. 413 too large, 415 not JSON by its type, 408 too slow, 400 not a JSON object."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        detail = "The body must be JSON. Send it with Content-Type: application/json."
        raise Problem(415, "Unsupported media type", detail, code="unsupported_media_type")
    try:
        async with asyncio.timeout(seconds):
            body = await _read(request, limit)
    except TimeoutError:
        detail = f"The body did not arrive within {seconds:g} s."
        raise Problem(408, "Request timeout", detail, code="body_too_slow") from None
    return parse_object(body)


async def _read(request: Request, limit: int) -> bytes:
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > limit:
                detail = f"The body is larger than {limit:,} bytes."
                raise Problem(413, "Content too large", detail, code="body_too_large")
    except ClientDisconnect:
        raise _refused("ended before it was whole") from None
    return bytes(body)


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in the bytes: whole UTF-8, no member twice, no NaN, at most 32 deep. Raises Problem 400."""
    try:
        text = body.decode("utf-8")
        parsed = json.loads(
            text, object_pairs_hook=_members, parse_constant=_no_constant, parse_float=_number_with_a_point
        )
    except UnicodeDecodeError:
        raise _refused("is not UTF-8") from None
    except RecursionError:
        raise _refused(f"is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise _refused(f"is not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise _refused("must be a JSON object")
    if _depth(parsed) > MAX_DEPTH:
        raise _refused(f"is nested deeper than {MAX_DEPTH} levels")
    if not _is_text(parsed):
        raise _refused("has half a surrogate pair in a text")
    return parsed


def _refused(what: str) -> Problem:
    return invalid([{"path": "", "message": what}])


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the member {twice[:100]!r} stands in it twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _number_with_a_point(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        # Python would go on with infinity, which no JSON may be written with.
        raise ValueError(f"{text[:30]} is beyond what a number can hold")
    return number


def _is_text(parsed: object) -> bool:
    """Whether every text in it can be written again: JSON may escape what UTF-8 has no bytes for."""
    try:
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _depth(value: Any) -> int:
    """Levels of nesting; json itself has bounded the recursion already."""
    deepest, level = 0, [value]
    while level:
        deepest += 1
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        level = [item for item in inner if isinstance(item, dict | list)]
    return deepest
