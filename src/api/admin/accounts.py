"""/api/admin/accounts: who may do how much, what they hold, and what they have spent."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.accounts import PLANS
from api.admin.audit import recorded
from api.admin.bodies import read_as
from api.admin.queries import as_uuid, whole_cursor
from api.auth import require_admin
from api.paging import page, whole_number
from api.problems import conflict, invalid, not_found
from api.queries import sql
from api.shapes import iso
from pgqueue import NotEnoughCredits, accounts

PAGE_LIMIT = 200
NO_STORE = {"Cache-Control": "no-store"}


class Change(BaseModel):
    """What is given is set. A figure of null is the plan's again."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)

    plan: Literal["free", "basic", "pro"] | None = None
    concurrent: int | None = Field(None, ge=1, le=10_000)
    per_day: int | None = Field(None, ge=0, le=1_000_000)
    waiting: int | None = Field(None, ge=0, le=1_000_000)


class Grant(BaseModel):
    """Credits to add; negative to take back."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)

    amount: int = Field(ge=-(10**12), le=10**12)
    note: str | None = Field(None, max_length=200, pattern=r"^[^\x00]*$")


async def show(request: Request) -> Response:
    """GET /api/admin/accounts: newest first, by cursor; one user's, or those of a plan."""
    await require_admin(request)
    query = request.query_params
    limit = whole_number(query.get("limit"), "limit", default=50, least=1, most=PAGE_LIMIT)
    before = _cursor(query.get("cursor"))
    user_id, plan = as_uuid(query.get("userId"), "userId"), query.get("plan")
    if plan is not None and plan not in PLANS:
        raise invalid([{"path": "plan", "message": f"must be one of {', '.join(PLANS)}"}])
    async with request.app.state.pool.connection() as connection:
        rows = await accounts.list_accounts(connection, user_id=user_id, plan=plan, before=before, limit=limit)
        shapes = await _shapes(connection, rows)
    cursor = f"{rows[-1]['created_at'].isoformat()}~{rows[-1]['user_id']}" if len(rows) == limit else None
    return page(request, {"accounts": shapes}, cursor=cursor)


def _cursor(text: str | None) -> tuple[datetime, UUID] | None:
    if text is None:
        return None
    moment, _, user_id = text.partition("~")
    try:
        return datetime.fromisoformat(moment), UUID(user_id)
    except ValueError:
        raise invalid([{"path": "cursor", "message": "must be a cursor that a list gave"}]) from None


async def detail(request: Request) -> Response:
    """GET /api/admin/accounts/{userId}: with the newest movements of its credits."""
    await require_admin(request)
    return await _one(request, user_id_of(request))


async def ledger(request: Request) -> Response:
    """GET /api/admin/accounts/{userId}/ledger: the movements of its credits, newest first, by cursor."""
    await require_admin(request)
    user_id, query = user_id_of(request), request.query_params
    limit = whole_number(query.get("limit"), "limit", default=50, least=1, most=PAGE_LIMIT)
    before_id = whole_cursor(query.get("cursor"))
    await require_account(request, user_id)
    async with request.app.state.pool.connection() as connection:
        rows = await accounts.read_ledger(connection, user_id, before_id=before_id, limit=limit)
    cursor = str(rows[-1]["id"]) if len(rows) == limit else None
    return page(request, {"movements": [_movement(row) for row in rows]}, cursor=cursor)


async def change(request: Request) -> Response:
    """PATCH /api/admin/accounts/{userId}: its plan, and figures of its own beyond it."""
    admin = await require_admin(request)
    user_id = user_id_of(request)
    asked = await read_as(Change, request)
    given = asked.model_dump(exclude_unset=True)
    facts = asked.model_dump(exclude_unset=True, by_alias=True)
    await require_account(request, user_id)
    figures = {name: accounts.FROM_PLAN if value is None else value for name, value in given.items() if name != "plan"}
    async with (
        recorded(request, admin, "account.change", f"account:{user_id}", **facts),
        request.app.state.pool.connection() as connection,
    ):
        await accounts.set_account(connection, user_id, plan=asked.plan, **figures)
    return await _one(request, user_id)


async def grant(request: Request) -> Response:
    """POST /api/admin/accounts/{userId}/credits."""
    admin = await require_admin(request)
    user_id = user_id_of(request)
    asked = await read_as(Grant, request)
    await require_account(request, user_id)
    async with recorded(request, admin, "account.grant", f"account:{user_id}", **asked.model_dump()):
        try:
            async with request.app.state.pool.connection() as connection:
                await accounts.grant(connection, user_id, asked.amount, note=asked.note)
        except NotEnoughCredits:
            raise conflict(f"Fewer than {-asked.amount:,} credits are available, so none were taken back.") from None
    return await _one(request, user_id)


def user_id_of(request: Request) -> UUID:
    """The user in the path. Problem 404."""
    try:
        return UUID(request.path_params["user_id"])
    except ValueError:
        raise not_found("account") from None


async def require_account(request: Request, user_id: UUID) -> Mapping[str, Any]:
    """Problem 404."""
    async with request.app.state.pool.connection() as connection:
        row = await accounts.read_account(connection, user_id)
    if row is None:
        raise not_found("account")
    return row


async def _one(request: Request, user_id: UUID) -> Response:
    row = await require_account(request, user_id)
    async with request.app.state.pool.connection() as connection:
        (shape,) = await _shapes(connection, [row])
        movements = await accounts.read_ledger(connection, user_id, limit=PAGE_LIMIT)
        plans = await accounts.list_plans(connection)
    following = None
    if len(movements) == PAGE_LIMIT:
        root = request.scope.get("root_path", "")
        following = f"{root}/api/admin/accounts/{user_id}/ledger?cursor={movements[-1]['id']}"
    body = shape | {
        "plans": {row["name"]: _figures(row) for row in plans},
        "ledger": [_movement(each) for each in movements],
        "ledgerNext": following,
    }
    return JSONResponse(body, headers=NO_STORE)


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"concurrent": row["concurrent"], "perDay": row["per_day"], "waiting": row["waiting"]}


def _movement(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "at": iso(row["at"]),
        "entry": row["entry"],
        "amount": row["amount"],
        "jobId": None if row["job_id"] is None else str(row["job_id"]),
        "note": row["note"],
    }


async def _shapes(connection: AsyncConnection[Any], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The accounts as operators are answered, with the role of each user."""
    asked = {"user_ids": [row["user_id"] for row in rows]}
    cursor = await connection.cursor(row_factory=dict_row).execute(sql("list_roles"), asked)
    roles = {row["user_id"]: row for row in await cursor.fetchall()}
    return [_shape(row, roles.get(row["user_id"], {"role": "user", "is_locked": False})) for row in rows]


def _shape(row: Mapping[str, Any], rights: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "userId": str(row["user_id"]),
        "plan": row["plan"],
        "role": rights["role"],
        "isLocked": rights["is_locked"],
        "concurrent": row["concurrent"],
        "perDay": row["per_day"],
        "waitingLimit": row["waiting_limit"],
        "own": {"concurrent": row["own_concurrent"], "perDay": row["own_per_day"], "waiting": row["own_waiting"]},
        "today": row["today"],
        "resetsAt": iso(row["resets_at"]),
        "processing": row["processing"],
        "waiting": row["waiting"],
        "running": row["used"],
        "held": row["parked"],
        "credits": {"available": row["available"], "held": row["held"]},
        "createdAt": iso(row["created_at"]),
    }
