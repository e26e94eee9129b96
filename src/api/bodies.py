"""Reading request bodies: bounded in size, time and depth, and only what JSON allows."""

import asyncio
import json
import math
from collections import Counter
from email.message import Message
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request

from api.problems import Problem, invalid

MAX_DEPTH = 32
MAX_DIGITS = 400
"""More than the largest number has that any JSON reader can hold."""
CHARSETS = ("", "utf-8", "utf8", "us-ascii")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


async def read_json(request: Request, *, limit: int, seconds: float) -> dict[str, Any]:
    """The object in the body. 413 too large, 415 not JSON by its type, 408 too slow, 400 not a JSON object."""
    _require_json(request.headers.get("content-type", ""))
    try:
        async with asyncio.timeout(seconds):
            body = await _read(request, limit)
    except TimeoutError:
        detail = f"The body did not arrive within {seconds:g} s."
        raise Problem(408, "Request timeout", detail, code="body_too_slow") from None
    return parse_object(body)


def _require_json(content_type: str) -> None:
    message = Message()
    message["content-type"] = content_type
    media_type, charset = message.get_content_type(), str(message.get_param("charset", "")).lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        detail = "The body must be JSON. Send it with Content-Type: application/json."
        raise Problem(415, "Unsupported media type", detail, code="unsupported_media_type")
    if charset not in CHARSETS:
        detail = "JSON is always UTF-8. Send it as that, and leave the charset out."
        raise Problem(415, "Unsupported media type", detail, code="unsupported_charset")


async def _read(request: Request, limit: int) -> bytes:
    too_large = Problem(413, "Content too large", f"The body is larger than {limit:,} bytes.", code="body_too_large")
    said = request.headers.get("content-length", "0")
    if said.isascii() and said.isdecimal() and (len(said) > 18 or int(said) > limit):
        raise too_large
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > limit:
                raise too_large
    except ClientDisconnect:
        raise _refused("ended before it was whole") from None
    return bytes(body)


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in the bytes: whole UTF-8, no member twice, no NaN, at most 32 deep. Raises Problem 400."""
    if body.startswith(BYTE_ORDER_MARK):
        raise _refused("begins with a byte order mark; leave it out")
    try:
        parsed = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_members,
            parse_constant=_no_constant,
            parse_float=_number_with_a_point,
            parse_int=_whole_number,
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


def _whole_number(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number has {len(text):,} digits, the limit is {MAX_DIGITS}")
    return int(text)


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
