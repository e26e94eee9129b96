"""The audit log: who did what, to what, when, and how it went."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from starlette.requests import Request
from starlette.responses import Response

from api.accounts import Account
from api.admin.queries import as_moment, as_uuid, whole_cursor
from api.auth import require_admin
from api.paging import page, whole_number
from api.problems import Problem, invalid
from api.queries import sql
from api.shapes import iso
from pgqueue import EnqueueRefused

PAGE_LIMIT = 200
LONGEST_TEXT = 200


@asynccontextmanager
async def recorded(
    request: Request, admin: Account, action: str, target: str, **facts: Any
) -> AsyncIterator[dict[str, Any]]:
    """Around an action: written down before, its outcome after. What is put into the dictionary is added to the facts.

    An action that was cut short keeps no outcome, one that was refused keeps the refusal, one that broke says so.
    """
    parameters = {
        "user_id": admin.user_id,
        "key_id": admin.key_id,
        "action": action,
        "target": target,
        "facts": Jsonb(facts),
    }
    pool = request.app.state.pool
    async with pool.connection() as connection:
        row = await (await connection.execute(sql("begin_audit"), parameters)).fetchone()
    found: dict[str, Any] = {}
    try:
        yield found
    except Problem as problem:
        await _end(request, row[0], f"refused: {problem.detail}", found)
        raise
    except EnqueueRefused as error:
        await _end(request, row[0], f"refused: {error}", found)
        raise
    except Exception as error:
        # What was done before it broke stands in the facts.
        await _end(request, row[0], f"failed: {type(error).__name__}", found)
        raise
    await _end(request, row[0], "done", found)


def acting(admin: Account) -> str:
    """How the history of a job or queue names the administrator."""
    return f"admin {admin.user_id}"


async def _end(request: Request, audit_id: int, outcome: str, facts: dict[str, Any]) -> None:
    parameters = {"audit_id": audit_id, "outcome": outcome, "facts": Jsonb(facts)}
    async with request.app.state.pool.connection() as connection:
        await connection.execute(sql("end_audit"), parameters)


async def show(request: Request) -> Response:
    """GET /api/admin/audit: newest first, by cursor; of one target, action, administrator, or time."""
    await require_admin(request)
    query = request.query_params
    limit = whole_number(query.get("limit"), "limit", default=50, least=1, most=PAGE_LIMIT)
    parameters = {
        "before": whole_cursor(query.get("cursor")),
        "target": _text(query.get("target"), "target"),
        "action": _text(query.get("action"), "action"),
        "user_id": as_uuid(query.get("userId"), "userId"),
        "since": as_moment(query.get("since"), "since"),
        "until": as_moment(query.get("until"), "until"),
        "limit": limit,
    }
    async with request.app.state.pool.connection() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        rows = await (await cursor.execute(sql("list_audit"), parameters)).fetchall()
    entries = [
        {
            "id": row["id"],
            "at": iso(row["at"]),
            "userId": str(row["user_id"]),
            "keyName": row["key_name"],
            "action": row["action"],
            "target": row["target"],
            "facts": row["facts"],
            "outcome": row["outcome"],
        }
        for row in rows
    ]
    return page(request, {"entries": entries}, cursor=str(rows[-1]["id"]) if len(rows) == limit else None)


def _text(text: str | None, name: str) -> str | None:
    # Postgres has no NUL in its texts.
    if text is not None and (not 1 <= len(text) <= LONGEST_TEXT or "\0" in text):
        raise invalid([{"path": name, "message": f"must be 1 to {LONGEST_TEXT} characters, none of them NUL"}])
    return text
