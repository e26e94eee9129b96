"""/api/strategies/functions: the rule language, for the panel beside an editor."""

import json
from functools import cache

from starlette.requests import Request
from starlette.responses import Response

from api.auth import identify
from api.etags import is_known, tag_of
from engine.reference import reference


async def show(request: Request) -> Response:
    """GET: every word of a rule with its help, functions with their signatures and parameters."""
    await identify(request)
    content, tag = _written()
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


@cache
def _written() -> tuple[bytes, str]:
    content = json.dumps(reference(), ensure_ascii=False, separators=(",", ":")).encode()
    return content, tag_of(content)
