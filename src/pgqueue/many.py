"""One action on many jobs: a batch of them in one statement and one transaction, instead of each in its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from pgqueue.errors import EnqueueRefused, refusal
from pgqueue.hints import Hints
from pgqueue.queries import sql
from pgqueue.waiting import WaitingCount

BATCH = 100
"""Jobs whose rows, and whose users' lanes, one transaction holds: some 50 ms."""


class Action(StrEnum):
    """What can be done to many jobs at once."""

    REQUEUE = "requeue"
    """Final jobs run again, as new jobs, within their owners' limits."""
    CANCEL = "cancel"
    DELETE = "delete"
    """Final jobs go, with their results."""
    PRIORITIZE = "prioritize"
    """Waiting jobs move to another priority."""


@dataclass(frozen=True, slots=True)
class Acted:
    """done: those it was done to. refused: those a limit forbids. already: those that the same `once` made run again.

    The others are in no state for it, or in use.
    """

    done: Sequence[UUID]
    refused: Mapping[UUID, EnqueueRefused] = field(default_factory=dict)
    already: Sequence[UUID] = ()


async def act(
    connection: AsyncConnection[Any],
    action: Action,
    job_ids: Sequence[UUID],
    *,
    actor: str | None,
    priority: int | None = None,
    once: str | None = None,
) -> Sequence[Mapping[str, Any]]:
    """A row for each job it was done to, or that was refused, as in sql/<action>_many.sql."""
    parameters = {"job_ids": list(job_ids), "actor": actor, "priority": priority, "once": once}
    cursor = connection.cursor(row_factory=dict_row)
    return await (await cursor.execute(sql(f"{action}_many"), parameters)).fetchall()


def tell(rows: Sequence[Mapping[str, Any]], action: Action, *, hints: Hints, waiting: WaitingCount) -> Acted:
    """Send the hints of what was done, after its commit."""
    refused: dict[UUID, EnqueueRefused] = {}
    already: set[UUID] = set()
    for row in rows:
        if action is Action.REQUEUE and row["refused"] is not None:
            refused[row["id"]] = refusal(row["refused"], limit=row["refused_limit"], seconds=row["refused_seconds"])
        elif action is Action.REQUEUE and not row["created"]:
            already.add(row["id"])
        elif action is Action.REQUEUE:
            waiting.enqueued(row["queue"])
            hints.ready(row["queue"])
            hints.changed(row["made_id"])
        else:
            hints.changed(row["id"])
        if action is Action.CANCEL and row["is_running"]:
            hints.cancel(row["id"])
        elif action is Action.CANCEL and row["limited"]:
            hints.ready(row["queue"])
    return Acted([row["id"] for row in rows if row["id"] not in {*refused, *already}], refused, list(already))
