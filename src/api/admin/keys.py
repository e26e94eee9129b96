"""/api/admin/accounts/{userId}/keys: which keys a user has, and their end. Of a key itself only the hash is kept."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.accounts import Account
from api.admin.accounts import NO_STORE, require_account, user_id_of
from api.admin.audit import recorded
from api.auth import require_admin
from api.problems import not_found
from api.queries import sql
from api.scopes import ALL, granted
from api.shapes import iso


async def show(request: Request) -> Response:
    """GET /api/admin/accounts/{userId}/keys: the newest 1,000, also those that open nothing any more."""
    admin = await require_admin(request)
    user_id = user_id_of(request)
    await require_account(request, user_id)
    keys = [_shape(row, admin) for row in await _keys(request, user_id)]
    return JSONResponse({"keys": keys}, headers=NO_STORE)


async def revoke(request: Request) -> Response:
    """DELETE /api/admin/accounts/{userId}/keys/{keyId}: with the sessions that it opened; again is fine."""
    admin = await require_admin(request)
    user_id = user_id_of(request)
    key = await _key(request, user_id)
    facts = {"keyId": str(key["id"]), "prefix": key["prefix"], "name": key["name"]}
    async with (
        recorded(request, admin, "key.revoke", f"account:{user_id}", **facts),
        request.app.state.pool.connection() as connection,
    ):
        await connection.execute(sql("revoke_key"), {"key": facts["keyId"]})
    return JSONResponse(_shape(await _key(request, user_id), admin), headers=NO_STORE)


async def _key(request: Request, user_id: UUID) -> Mapping[str, Any]:
    """The user's key in the path. Problem 404."""
    for row in await _keys(request, user_id):
        if str(row["id"]) == request.path_params["key_id"].lower():
            return row
    raise not_found("key")


async def _keys(request: Request, user_id: UUID) -> Sequence[Mapping[str, Any]]:
    async with request.app.state.pool.connection() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute(sql("list_keys"), {"user_id": user_id})
        return list(await cursor.fetchall())


def _shape(row: Mapping[str, Any], admin: Account) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "prefix": row["prefix"],
        "name": row["name"],
        "scopes": sorted(granted(row["scopes"] or ALL, is_operator=row["is_operator"])),
        "createdAt": iso(row["created_at"]),
        "expiresAt": iso(row["expires_at"]),
        "lastUsedAt": iso(row["last_used_at"]),
        "revokedAt": iso(row["revoked_at"]),
        "isYours": row["id"] == admin.key_id,
    }
