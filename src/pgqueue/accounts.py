"""Accounts: a user's plan, what an operator granted beyond it, and credits. For operators; users only spend."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from pgqueue.errors import NotEnoughCredits, UnknownPlan
from pgqueue.queries import sql

FROM_PLAN = "plan"
"""In place of a figure: what the plan says."""
NO_LIMIT = "none"
"""In place of a plan's figure."""

Row = Mapping[str, Any]


async def list_accounts(
    connection: AsyncConnection[Any],
    *,
    user_id: UUID | None = None,
    plan: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[Row]:
    """Accounts, newest first, each with its limits and present use.

    before: created_at and user_id of the last one of the page before; several may have been made at one moment.
    """
    moment, user = before or (None, None)
    return await _rows(
        connection, "list_accounts", user_id=user_id, plan=plan, before=moment, before_user=user, limit=limit
    )


async def read_account(connection: AsyncConnection[Any], user_id: UUID) -> Row | None:
    rows = await list_accounts(connection, user_id=user_id, limit=1)
    return rows[0] if rows else None


async def read_ledger(
    connection: AsyncConnection[Any], user_id: UUID, *, before_id: int | None = None, limit: int = 50
) -> Sequence[Row]:
    """The newest movements of the account's credits, from the one before that id."""
    return await _rows(connection, "list_ledger", user_id=user_id, before_id=before_id, limit=limit)


async def set_account(
    connection: AsyncConnection[Any],
    user_id: UUID,
    *,
    plan: str | None = None,
    concurrent: int | str | None = None,
    per_day: int | str | None = None,
    waiting: int | str | None = None,
) -> None:
    """Change what is given; FROM_PLAN in place of a figure goes back to the plan's. Raises UnknownPlan."""
    if plan is not None:
        await _require_plan(connection, plan)
    figures = {"concurrent": concurrent, "per_day": per_day, "waiting": waiting}
    texts = {name: None if figure is None else str(figure) for name, figure in figures.items()}
    await connection.execute(sql("set_account"), {"user_id": user_id, "plan": plan, **texts})


async def grant(connection: AsyncConnection[Any], user_id: UUID, amount: int, *, note: str | None = None) -> Row:
    """Add credits, or take back available ones by a negative amount, else NotEnoughCredits; the account's figures."""
    try:
        rows = await _rows(connection, "grant_credits", user_id=user_id, amount=amount, note=note)
    except psycopg.errors.CheckViolation:
        rows = []
    if not rows:
        raise NotEnoughCredits(user_id, asked=-amount)
    return rows[0]


async def count_jobs(connection: AsyncConnection[Any], user_id: UUID) -> Row:
    """What `forget` would do: cancelled, removed, running."""
    return (await _rows(connection, "count_jobs_of_user", user_id=user_id))[0]


async def forget(connection: AsyncConnection[Any], user_id: UUID) -> Row:
    """Cancel the user's waiting jobs, ask running ones to stop, remove ended ones with results and history.

    cancelled: how many waited; removed: how many are gone; running: how many are left, to be removed when they ended.
    """
    return (await _rows(connection, "forget_user", user_id=user_id))[0]


async def list_plans(connection: AsyncConnection[Any]) -> Sequence[Row]:
    return await _rows(connection, "list_plans")


async def set_plan(
    connection: AsyncConnection[Any],
    plan: str,
    *,
    concurrent: int | str | None = None,
    per_day: int | str | None = None,
    waiting: int | None = None,
    credits_per_job: int | None = None,
) -> Row:
    """Change what a plan grants; NO_LIMIT in place of a figure lifts it. Raises UnknownPlan."""
    await _require_plan(connection, plan)
    parameters = {
        "plan": plan,
        "concurrent": None if concurrent is None else str(concurrent),
        "per_day": None if per_day is None else str(per_day),
        "waiting": waiting,
        "credits": credits_per_job,
    }
    return (await _rows(connection, "set_plan", **parameters))[0]


async def _require_plan(connection: AsyncConnection[Any], plan: str) -> None:
    known = [row["name"] for row in await list_plans(connection)]
    if plan not in known:
        raise UnknownPlan(plan, known)


async def _rows(connection: AsyncConnection[Any], verb: str, **parameters: Any) -> list[Row]:
    cursor = connection.cursor(row_factory=dict_row)
    return list(await (await cursor.execute(sql(verb), parameters)).fetchall())
