"""/api/strategies and /api/symbols: what can be run, on what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.auth import identify
from api.queries import sql
from engine import store, strategies


@dataclass(frozen=True, slots=True)
class Strategy:
    id: UUID
    definition: Mapping[str, Any]
    default_symbol: str | None


async def find_strategy(connection: AsyncConnection[Any], id_or_name: str, user_id: UUID) -> Strategy | None:
    """A built-in (by id, short name or alias) or the user's own (by id)."""
    built_in = strategies.find(id_or_name)
    if built_in is not None:
        return Strategy(built_in.id, built_in.definition, built_in.default_symbol)
    try:
        strategy_id = UUID(id_or_name)
    except ValueError:
        return None
    cursor = connection.cursor(row_factory=dict_row)
    parameters = {"strategy_id": strategy_id, "user_id": user_id}
    row = await (await cursor.execute(sql("find_strategy"), parameters)).fetchone()
    return None if row is None else Strategy(row["id"], row["definition"], None)


async def list_strategies(request: Request) -> Response:
    """GET /api/strategies: the built-ins."""
    await identify(request)
    listed = [
        {
            "id": str(built_in.id),
            "name": built_in.short_name,
            "title": built_in.title,
            "description": built_in.description,
            "builtIn": True,
            "defaultSymbol": built_in.default_symbol,
            "params": built_in.definition["params"],
        }
        for built_in in strategies.builtins()
    ]
    return JSONResponse({"strategies": listed}, headers={"Cache-Control": "private, max-age=60"})


async def list_symbols(request: Request) -> Response:
    """GET /api/symbols: every symbol with its coverage."""
    await identify(request)
    async with request.app.state.pool.connection() as connection:
        series = await store.list_symbols(connection)
    return JSONResponse({"symbols": [one.to_json() for one in series]}, headers={"Cache-Control": "no-store"})
