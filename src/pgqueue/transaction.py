"""Enqueue in a caller's own transaction: a job exists if, and only if, that commits.

Connections of psycopg, and of SQLAlchemy on psycopg, which are known by shape: this package does not import it to run.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.rows import dict_row

from pgqueue.errors import ArgsTooLarge, IdempotencyConflict, NoPsycopg, refusal
from pgqueue.job import NOBODY, Enqueued
from pgqueue.queries import sql

MAX_ARGS_BYTES = 256 * 1024
MAX_RETRIES = 3


def enqueue(
    connection: Any,
    kind: str,
    args: Mapping[str, Any],
    *,
    queue: str = "backtest",
    user_id: UUID = NOBODY,
    tier: int | None = None,
    priority: int = 5,
    run_at: datetime | None = None,
    idempotency_key: str | None = None,
    request_hash: bytes | None = None,
) -> Enqueued:
    """Add a job on a caller's connection, without asyncio: psycopg's, or a Connection or Session of SQLAlchemy.

    As Queue.enqueue with a connection: the same limits and errors, no hint, never a commit.
    """
    asked = parameters(
        kind, args, queue, user_id, tier, priority, run_at, idempotency_key=idempotency_key, request_hash=request_hash
    )
    cursor = driver(connection).cursor(row_factory=dict_row)
    return read_answer(cursor.execute(sql("enqueue"), asked).fetchone(), asked)


def parameters(
    kind: str,
    args: Mapping[str, Any],
    queue: str,
    user_id: UUID,
    tier: int | None,
    priority: int,
    run_at: datetime | None,
    *,
    idempotency_key: str | None = None,
    request_hash: bytes | None = None,
    requeued_from: UUID | None = None,
) -> dict[str, Any]:
    """Those of sql/enqueue.sql. Raises ArgsTooLarge."""
    return {
        "queue": queue,
        "kind": kind,
        "user_id": user_id,
        "tier": tier,
        "priority": priority,
        "args": encode(args),
        "max_retries": MAX_RETRIES,
        "idempotency_key": idempotency_key,
        "request_hash": request_hash,
        "requeued_from": requeued_from,
        "run_at": run_at,
    }


def encode(args: Mapping[str, Any]) -> str:
    """As JSON; ArgsTooLarge beyond 256 KiB."""
    text = json.dumps(args, allow_nan=False)
    if len(text.encode()) > MAX_ARGS_BYTES:
        raise ArgsTooLarge(len(text.encode()), limit=MAX_ARGS_BYTES)
    return text


def read_answer(answer: Mapping[str, Any] | None, asked: Mapping[str, Any]) -> Enqueued:
    """What sql/enqueue.sql answered; EnqueueRefused or IdempotencyConflict where it added nothing."""
    assert answer is not None
    if answer["refused"] is not None:
        raise refusal(answer["refused"], limit=answer["refused_limit"], seconds=answer["refused_seconds"])
    if not answer["created"] and not answer["same_request"]:
        raise IdempotencyConflict(asked["idempotency_key"], job_id=answer["job_id"])
    return Enqueued(job_id=answer["job_id"], created=answer["created"])


async def async_driver(connection: Any) -> AsyncConnection[Any]:
    """The psycopg connection behind an AsyncConnection or AsyncSession of SQLAlchemy, in its transaction."""
    if isinstance(connection, AsyncConnection):
        return connection
    if hasattr(connection, "sync_session"):
        connection = await connection.connection()
    if not hasattr(connection, "get_raw_connection"):
        raise NoPsycopg(connection, wanted="an async one; without asyncio use pgqueue.enqueue(connection, …)")
    # SQLAlchemy begins by itself with what it runs, and would not commit what it does not know of.
    if not connection.in_transaction():
        await connection.begin()
    found = (await connection.get_raw_connection()).driver_connection
    if not isinstance(found, AsyncConnection):
        raise NoPsycopg(found, wanted="one of psycopg: create the engine for postgresql+psycopg://")
    return found


def driver(connection: Any) -> Connection[Any]:
    """The psycopg connection behind a Connection or Session of SQLAlchemy, in its transaction."""
    if isinstance(connection, Connection):
        return connection
    if callable(getattr(connection, "connection", None)):  # a Session; a Connection has a property of that name
        connection = connection.connection()
    if not hasattr(connection, "in_transaction") or not hasattr(connection, "connection"):
        raise NoPsycopg(connection, wanted="one without asyncio; with it use Queue.enqueue(connection=…)")
    if not connection.in_transaction():
        connection.begin()
    found = connection.connection.driver_connection
    if not isinstance(found, Connection):
        raise NoPsycopg(found, wanted="one of psycopg: create the engine for postgresql+psycopg://")
    return found
