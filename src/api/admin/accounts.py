"""/api/admin/accounts: who may do how much, what they hold, and what they have spent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.admin.audit import recorded
from api.admin.bodies import read_as
from api.auth import require_admin
from api.paging import page, whole_number
from api.problems import conflict, invalid, not_found
from api.shapes import iso
from pgqueue import NotEnoughCredits, accounts

PAGE_LIMIT = 200
NO_STORE = {"Cache-Control": "no-store"}
_MOMENT: TypeAdapter[datetime | None] = TypeAdapter(AwareDatetime | None)


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
    """GET /api/admin/accounts: newest first, by cursor."""
    await require_admin(request)
    query = request.query_params
    limit = whole_number(query.get("limit"), "limit", default=50, least=1, most=PAGE_LIMIT)
    try:
        before = _MOMENT.validate_python(query.get("cursor"))
    except ValidationError:
        raise invalid([{"path": "cursor", "message": "must be a cursor that a list gave"}]) from None
    async with request.app.state.pool.connection() as connection:
        rows = await accounts.list_accounts(connection, before=before, limit=limit)
    cursor = rows[-1]["created_at"].isoformat() if len(rows) == limit else None
    return page(request, {"accounts": [_shape(row) for row in rows]}, cursor=cursor)


async def detail(request: Request) -> Response:
    """GET /api/admin/accounts/{userId}: with the newest movements of its credits."""
    await require_admin(request)
    return await _one(request, _user_id(request))


async def change(request: Request) -> Response:
    """PATCH /api/admin/accounts/{userId}: its plan, and figures of its own beyond it."""
    admin = await require_admin(request)
    user_id = _user_id(request)
    asked = await read_as(Change, request)
    given = asked.model_dump(exclude_unset=True)
    facts = asked.model_dump(exclude_unset=True, by_alias=True)
    await _require(request, user_id)
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
    user_id = _user_id(request)
    asked = await read_as(Grant, request)
    await _require(request, user_id)
    async with recorded(request, admin, "account.grant", f"account:{user_id}", **asked.model_dump()):
        try:
            async with request.app.state.pool.connection() as connection:
                await accounts.grant(connection, user_id, asked.amount, note=asked.note)
        except NotEnoughCredits:
            raise conflict(f"Fewer than {-asked.amount:,} credits are available, so none were taken back.") from None
    return await _one(request, user_id)


def _user_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["user_id"])
    except ValueError:
        raise not_found("account") from None


async def _require(request: Request, user_id: UUID) -> Mapping[str, Any]:
    async with request.app.state.pool.connection() as connection:
        row = await accounts.read_account(connection, user_id)
    if row is None:
        raise not_found("account")
    return row


async def _one(request: Request, user_id: UUID) -> Response:
    row = await _require(request, user_id)
    async with request.app.state.pool.connection() as connection:
        ledger = await accounts.read_ledger(connection, user_id, limit=PAGE_LIMIT)
    movements = [
        {
            "id": each["id"],
            "at": iso(each["at"]),
            "entry": each["entry"],
            "amount": each["amount"],
            "jobId": None if each["job_id"] is None else str(each["job_id"]),
            "note": each["note"],
        }
        for each in ledger
    ]
    return JSONResponse(_shape(row) | {"ledger": movements}, headers=NO_STORE)


def _shape(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "userId": str(row["user_id"]),
        "plan": row["plan"],
        "concurrent": row["concurrent"],
        "perDay": row["per_day"],
        "waitingLimit": row["waiting_limit"],
        "today": row["today"],
        "running": row["used"],
        "held": row["parked"],
        "credits": {"available": row["available"], "held": row["held"]},
        "createdAt": iso(row["created_at"]),
    }
