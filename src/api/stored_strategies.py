"""Users' own strategies in the database. What comes here is checked already; what is refused here is a Problem."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from api.problems import Problem, not_found
from api.queries import sql

MAX_STRATEGIES = 200
"""Of one user. Bounded, so that a list of them stays one page."""


@dataclass(frozen=True, slots=True)
class StoredStrategy:
    """revision: 1 when made, one more with every change."""

    id: UUID
    name: str
    definition: Mapping[str, Any]
    revision: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ListedStrategy:
    """A stored strategy without its rules."""

    id: UUID
    name: str
    params: Mapping[str, Any] | None
    revision: int
    created_at: datetime
    updated_at: datetime


async def find(connection: AsyncConnection[Any], strategy_id: UUID, user_id: UUID) -> StoredStrategy | None:
    """The user's strategy; None when it is unknown or another's."""
    cursor = connection.cursor(row_factory=class_row(StoredStrategy))
    parameters = {"strategy_id": strategy_id, "user_id": user_id}
    return await (await cursor.execute(sql("find_strategy"), parameters)).fetchone()


async def find_named(connection: AsyncConnection[Any], name: str, user_id: UUID) -> StoredStrategy | None:
    cursor = connection.cursor(row_factory=class_row(StoredStrategy))
    return await (await cursor.execute(sql("find_named_strategy"), {"name": name, "user_id": user_id})).fetchone()


async def list_page(
    connection: AsyncConnection[Any], user_id: UUID, *, after: str | None = None, limit: int = MAX_STRATEGIES
) -> list[ListedStrategy]:
    """The user's strategies by name, from the one after that name."""
    cursor = connection.cursor(row_factory=class_row(ListedStrategy))
    parameters = {"user_id": user_id, "after": after, "limit": limit}
    return await (await cursor.execute(sql("list_strategies"), parameters)).fetchall()


async def create(connection: AsyncConnection[Any], user_id: UUID, definition: Mapping[str, Any]) -> StoredStrategy:
    """A new strategy under its definition's name.

    Problem 409 when that is taken or when there are too many, 404 when there is no such user.
    """
    parameters = {"user_id": user_id, "name": definition["name"], "definition": Jsonb(definition)}
    async with connection.transaction():
        # The lock comes first, in a statement of its own: only what begins after it sees what its last holder added.
        if await (await connection.execute(sql("lock_user"), parameters)).fetchone() is None:
            raise not_found("user")
        row = await (await connection.execute(sql("count_strategies"), parameters)).fetchone()
        if row is None or row[0] >= MAX_STRATEGIES:
            detail = f"You keep {MAX_STRATEGIES} strategies, which is the limit. Delete one to make room for another."
            raise Problem(409, "Conflict", detail, code="too_many_strategies")
        cursor = connection.cursor(row_factory=class_row(StoredStrategy))
        stored = await (await cursor.execute(sql("create_strategy"), parameters)).fetchone()
    if stored is None:
        _refuse_taken(definition["name"])
    return stored


async def replace(
    connection: AsyncConnection[Any],
    user_id: UUID,
    strategy_id: UUID,
    definition: Mapping[str, Any],
    *,
    revisions: Sequence[int] | None = None,
) -> StoredStrategy:
    """The strategy with another definition. revisions: those it may be at, any when None.

    Problem 404 for what is unknown or another's, 412 when it is at another revision, 409 when the name is taken.
    """
    cursor = connection.cursor(row_factory=class_row(StoredStrategy))
    parameters = {
        "user_id": user_id,
        "strategy_id": strategy_id,
        "name": definition["name"],
        "definition": Jsonb(definition),
        "revisions": revisions,
    }
    try:
        stored = await (await cursor.execute(sql("replace_strategy"), parameters)).fetchone()
    except UniqueViolation:
        _refuse_taken(definition["name"])
    if stored is None:
        await _refuse_stale(connection, user_id, strategy_id)
    return stored


async def delete(
    connection: AsyncConnection[Any], user_id: UUID, strategy_id: UUID, *, revisions: Sequence[int] | None = None
) -> None:
    """Forget the strategy. Problem 404 and 412 as in replace."""
    parameters = {"user_id": user_id, "strategy_id": strategy_id, "revisions": revisions}
    deleted = await (await connection.execute(sql("delete_strategy"), parameters)).fetchone()
    if deleted is None:
        await _refuse_stale(connection, user_id, strategy_id)


def _refuse_taken(name: str) -> NoReturn:
    detail = f"You have a strategy named {name!r} already. Choose another name, or change that one."
    raise Problem(409, "Conflict", detail, code="name_taken")


async def _refuse_stale(connection: AsyncConnection[Any], user_id: UUID, strategy_id: UUID) -> NoReturn:
    present = await find(connection, strategy_id, user_id)
    if present is None:
        raise not_found("strategy")
    detail = (
        f"The strategy was changed meanwhile: it is at revision {present.revision}. Read it again and repeat your "
        "change on what it says now."
    )
    headers = {"ETag": f'"{present.revision}"'}
    raise Problem(412, "Precondition failed", detail, code="stale_revision", headers=headers)
