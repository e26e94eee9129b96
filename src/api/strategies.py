"""/api/strategies and /api/symbols: what can be run, on what; and users' own strategies, kept and changed."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api import stored_strategies
from api.accounts import Account
from api.auth import identify
from api.bodies import read_json
from api.connections import user_connection
from api.definitions import checked, detail, read_definition
from api.paging import page, whole_number
from api.problems import Problem, invalid, not_found
from api.settings import ApiSettings
from api.shapes import iso
from api.stored_strategies import ListedStrategy, StoredStrategy
from engine import store, strategies
from engine.errors import StrategyError, nearest
from engine.strategies import BuiltIn

PATH = "/api/strategies"
PAGE_LIMIT = 250
"""More than there can be, so that who asks for no pages gets them all."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """What a run needs to know of its strategy. is_built_in: ours to mend if it cannot run."""

    id: UUID
    definition: Mapping[str, Any]
    default_symbol: str | None
    is_built_in: bool


async def find_strategy(request: Request, id_or_name: str, account: Account) -> Strategy | None:
    """A built-in (by id, short name or alias) or the user's own (by id)."""
    built_in = strategies.find(id_or_name)
    if built_in is not None:
        return Strategy(built_in.id, built_in.definition, built_in.default_symbol, is_built_in=True)
    try:
        strategy_id = UUID(id_or_name)
    except ValueError:
        return None
    async with user_connection(request, account) as connection:
        stored = await stored_strategies.find(connection, strategy_id, account.user_id)
    return None if stored is None else Strategy(stored.id, stored.definition, None, is_built_in=False)


def unknown_strategy(id_or_name: str) -> Problem:
    """404, with the built-in that was probably meant."""
    near = nearest(id_or_name.lower(), [one.short_name for one in strategies.builtins()])
    return not_found("strategy", member="strategyId", near=near)


async def list_strategies(request: Request) -> Response:
    """GET /api/strategies: the built-ins, then the caller's own, each by name."""
    account = await identify(request)
    query = request.query_params
    limit = whole_number(query.get("limit"), "limit", default=PAGE_LIMIT, least=1, most=PAGE_LIMIT)
    after = _Cursor.read(query["cursor"]) if "cursor" in query else _Cursor(is_own=False, name="")
    listed = [
        (_Cursor(is_own=False, name=one.short_name), built_in_shape(one))
        for one in strategies.builtins()
        if not after.is_own and one.short_name > after.name
    ][: limit + 1]
    async with user_connection(request, account) as connection:
        own = await stored_strategies.list_page(
            connection,
            account.user_id,
            after=after.name if after.is_own else None,
            limit=limit + 1 - len(listed),
        )
    listed += [(_Cursor(is_own=True, name=one.name), own_shape(one, one.params)) for one in own]
    shapes = [shape for _, shape in listed[:limit]]
    return page(request, {"strategies": shapes}, cursor=str(listed[limit - 1][0]) if len(listed) > limit else None)


async def create(request: Request) -> Response:
    """POST /api/strategies: keep {"definition": {…}}, under another name with "name"."""
    account = await identify(request)
    definition = await _definition(await _body(request))
    async with user_connection(request, account) as connection:
        stored = await stored_strategies.create(connection, account.user_id, definition)
    return _whole(stored, created_under=request.scope.get("root_path", ""))


async def check(request: Request) -> Response:
    """POST /api/strategies/check: 200 with what the definition comes to, or with the places of all its errors."""
    await identify(request)
    body = await _body(request)
    overrides = body.get("strategyParams")
    if overrides is not None and not isinstance(overrides, Mapping):
        raise invalid([{"path": "strategyParams", "message": "must be a JSON object"}])
    answer = await asyncio.to_thread(checked, body["definition"], overrides)
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


async def show(request: Request) -> Response:
    """GET /api/strategies/{id}: a built-in or the caller's own, whole."""
    account = await identify(request)
    id_or_name = request.path_params["strategy_id"]
    built_in = strategies.find(id_or_name)
    if built_in is not None:
        body = built_in_shape(built_in) | {"definition": built_in.definition}
        return JSONResponse(body, headers={"Cache-Control": "private, max-age=60"})
    async with user_connection(request, account) as connection:
        stored = await stored_strategies.find(connection, _id(id_or_name), account.user_id)
    if stored is None:
        raise unknown_strategy(id_or_name)
    if stored.revision in _tags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=_headers(stored))
    return _whole(stored)


async def replace(request: Request) -> Response:
    """PUT /api/strategies/{id}: another definition in place of the stored one, with If-Match only of that revision."""
    account = await identify(request)
    strategy_id = _own_id(request)
    definition = await _definition(await _body(request))
    async with user_connection(request, account) as connection:
        stored = await stored_strategies.replace(
            connection, account.user_id, strategy_id, definition, revisions=_revisions(request)
        )
    return _whole(stored)


async def delete(request: Request) -> Response:
    """DELETE /api/strategies/{id}: forget it. Runs keep the snapshots they carry."""
    account = await identify(request)
    strategy_id = _own_id(request)
    async with user_connection(request, account) as connection:
        await stored_strategies.delete(connection, account.user_id, strategy_id, revisions=_revisions(request))
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


async def list_symbols(request: Request) -> Response:
    """GET /api/symbols: every symbol with its coverage."""
    await identify(request)
    async with request.app.state.pool.connection() as connection:
        series = await store.list_symbols(connection)
    return JSONResponse({"symbols": [one.to_json() for one in series]}, headers={"Cache-Control": "no-store"})


@dataclass(frozen=True, slots=True)
class _Cursor:
    """The place after a strategy: built-ins come first, then own ones, each by name."""

    is_own: bool
    name: str

    def __str__(self) -> str:
        return urlsafe_b64encode(f"{int(self.is_own)}{self.name}".encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "_Cursor":
        try:
            plain = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        except ValueError:
            plain = ""
        if plain[:1] not in ("0", "1") or "\0" in plain:
            raise invalid([{"path": "cursor", "message": "must be a cursor that a list gave"}])
        return cls(is_own=plain[0] == "1", name=plain[1:])


def built_in_shape(one: BuiltIn) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "name": one.short_name,
        "title": one.title,
        "description": one.description,
        "builtIn": True,
        "defaultSymbol": one.default_symbol,
        "params": one.definition["params"],
    }


def own_shape(one: StoredStrategy | ListedStrategy, params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "name": one.name,
        "title": one.name,
        "description": None,
        "builtIn": False,
        "defaultSymbol": None,
        "params": params or {},
        "revision": one.revision,
        "createdAt": iso(one.created_at),
        "updatedAt": iso(one.updated_at),
    }


def _whole(stored: StoredStrategy, *, created_under: str | None = None) -> Response:
    """created_under: the path before the service's own, where the strategy has just been made."""
    body = own_shape(stored, stored.definition.get("params")) | {"definition": stored.definition}
    if created_under is None:
        return JSONResponse(body, headers=_headers(stored))
    return JSONResponse(body, 201, headers=_headers(stored) | {"Location": f"{created_under}{PATH}/{stored.id}"})


def _headers(stored: StoredStrategy) -> dict[str, str]:
    return {"ETag": f'"{stored.revision}"', "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}


async def _body(request: Request) -> dict[str, Any]:
    settings: ApiSettings = request.app.state.settings
    body = await read_json(request, limit=settings.body_bytes, seconds=settings.body_seconds)
    if body.get("definition") is None:
        raise invalid([{"path": "definition", "message": "is required"}])
    return body


async def _definition(body: Mapping[str, Any]) -> dict[str, Any]:
    """The definition to keep. Problem 400 with the member's place in the body."""
    name = body.get("name")
    try:
        return await asyncio.to_thread(read_definition, body["definition"], name)
    except StrategyError as error:
        of_body = error.path == "definition" or (error.path == "name" and name is not None)
        raise invalid([detail(error, path=error.path if of_body else f"definition.{error.path}")]) from None


def _own_id(request: Request) -> UUID:
    text = request.path_params["strategy_id"]
    if strategies.find(text) is not None:
        mend = "A built-in strategy stays as it is. Store a changed copy of it with POST /api/strategies."
        raise Problem(403, "Forbidden", mend, code="built_in")
    return _id(text)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise unknown_strategy(text) from None


def _revisions(request: Request) -> list[int] | None:
    """The revisions that If-Match allows; None when it allows any."""
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return None
    return _tags(header)


def _tags(header: str) -> list[int]:
    """The revisions in a list of entity tags; what is none of ours matches nothing."""
    # A proxy that compresses makes a tag weak; it is the same revision.
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in header.split(","))
    return [int(tag) for tag in tags if tag.isascii() and tag.isdecimal() and len(tag) < 10]
