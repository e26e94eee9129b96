"""What all verbs of the queue share: the pool, whom the history names, and how one user's rows are asked for."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from pgqueue.database import keeps_plans
from pgqueue.estimator import Estimator
from pgqueue.hints import Hints
from pgqueue.job import JobSnapshot, JobState
from pgqueue.queries import sql
from pgqueue.row_security import acting_as, execute_as
from pgqueue.waiting import WaitingCount

OFTEN = frozenset(("enqueue", "find_repeat", "quota", "read_jobs"))
"""Asked with every request, and planned alike whatever their parameters are: planning is most of their time."""


class Asking:
    """One database and who asks it; as `Queue` says."""

    def __init__(
        self,
        pool: AsyncConnectionPool,
        *,
        name: str = "backtest",
        actor: str | None = None,
        user_role: str | None = None,
    ) -> None:
        self._pool = pool
        self._name = name
        self._actor = actor
        self._user_role = user_role
        self._hints = Hints(pool)
        self._waiting = WaitingCount(pool)
        self._estimator = Estimator()
        self._background: list[asyncio.Task[None]] = []

    @property
    def name(self) -> str:
        """Of the queue that is meant where none is named."""
        return self._name

    def _transaction(self, connection: AsyncConnection[Any], user_id: UUID | None) -> AbstractAsyncContextManager[Any]:
        if user_id is not None and self._user_role is not None:
            return acting_as(connection, user_id, role=self._user_role)
        return connection.transaction()

    def _acting(self, actor: str | None, user_id: UUID | None = None) -> str | None:
        return actor or self._actor or (f"user {user_id}" if user_id else None)


async def ask(
    connection: AsyncConnection[Any],
    verb: str,
    parameters: Mapping[str, Any],
    user_id: UUID | None,
    role: str | None,
    *,
    binary: bool = False,
) -> AsyncCursor[dict[str, Any]]:
    """The statement's cursor; for a user as the users' role, where there is one. Either is one round trip."""
    prepare = verb in OFTEN and keeps_plans(connection)
    if user_id is not None and role is not None:
        (cursor,) = await execute_as(
            connection, {verb: parameters}, user_id=user_id, role=role, prepare=prepare, binary=binary
        )
        return cursor
    return await connection.cursor(row_factory=dict_row).execute(sql(verb), parameters, prepare=prepare, binary=binary)


async def ask_together(
    connection: AsyncConnection[Any], asked: Mapping[str, Mapping[str, Any]], user_id: UUID, role: str | None
) -> list[AsyncCursor[dict[str, Any]]]:
    """As ask, several statements in one transaction and one round trip. asked: parameters by verb, all OFTEN."""
    prepare = keeps_plans(connection)
    if role is not None:
        return await execute_as(connection, asked, user_id=user_id, role=role, prepare=prepare)
    async with connection.pipeline():
        return [
            await connection.cursor(row_factory=dict_row).execute(sql(verb), parameters, prepare=prepare)
            for verb, parameters in asked.items()
        ]


async def read_jobs(
    connection: AsyncConnection[Any], job_ids: Sequence[UUID], user_id: UUID | None, role: str | None = None
) -> list[JobSnapshot]:
    if not job_ids:
        return []
    cursor = await ask(connection, "read_jobs", {"job_ids": list(job_ids), "user_id": user_id}, user_id, role)
    return [JobSnapshot(**{**row, "state": JobState(row["state"])}) for row in await cursor.fetchall()]


def first(row: Any) -> Any:
    """The one column of a row, whatever row factory the caller's connection has."""
    return next(iter(row.values())) if isinstance(row, Mapping) else row[0]
