"""/api/admin/workers: who works, on which host, how much it holds, and what each of its slots runs."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.auth import require_admin
from api.queries import sql
from api.shapes import iso, whole_seconds
from pgqueue import overview


async def show(request: Request) -> Response:
    """GET /api/admin/workers: those that hold a lease, and what each of their slots runs."""
    await require_admin(request)
    async with request.app.state.pool.connection() as connection:
        found = await read_workers(connection)
    return JSONResponse({"workers": found}, headers={"Cache-Control": "no-store"})


async def read_workers(connection: AsyncConnection[Any]) -> list[dict[str, Any]]:
    """Live workers, oldest first, as operators are answered."""
    rows = await overview.list_workers(connection)
    busy = await connection.cursor(row_factory=dict_row).execute(sql("list_slots"))
    running: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for slot in await busy.fetchall():
        running[slot["worker_id"]].append(_slot(slot))
    return [
        {
            "id": str(row["id"]),
            "host": row["host"],
            "pid": row["pid"],
            "queue": row["queue"],
            "version": row["version"],
            "slots": row["slots"],
            "draining": row["draining"],
            "memoryBytes": row["memory_bytes"],
            "startedAt": iso(row["started_at"]),
            "beatAt": iso(row["beat_at"]),
            "running": running[row["id"]],
        }
        for row in rows
    ]


def _slot(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "jobId": str(row["id"]),
        "queue": row["queue"],
        "kind": row["kind"],
        "userId": str(row["user_id"]),
        "symbol": row["symbol"],
        "strategyName": row["strategy_name"],
        "attempt": row["attempt"],
        "progress": row["percent"],
        "stepCode": row["step"],
        "estimatedTimeRemaining": whole_seconds(row["remaining_seconds"]),
        "startedAt": iso(row["started_at"]),
    }
