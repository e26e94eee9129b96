"""/api/admin/queues and /api/admin/workers: what is open, how much, and who works on it."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.admin.audit import acting, recorded
from api.admin.bodies import read_as
from api.auth import require_admin
from api.problems import invalid, not_found
from api.shapes import iso
from pgqueue import UNSET, Queue, Unset, overview

NO_STORE = {"Cache-Control": "no-store"}


class Limits(BaseModel):
    """What is given is set, null is no limit, what is left out stays. starts: so many in any perSeconds."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)

    max_waiting: int | None = Field(None, ge=1, le=10_000_000)
    max_running: int | None = Field(None, ge=1, le=100_000)
    starts: int | None = Field(None, ge=1, le=10_000)
    per_seconds: float | None = Field(None, gt=0, le=86_400)


async def show(request: Request) -> Response:
    """GET /api/admin/queues."""
    await require_admin(request)
    return JSONResponse({"queues": [_shape(row) for row in await _rows(request)]}, headers=NO_STORE)


async def pause(request: Request) -> Response:
    """POST /api/admin/queues/{queue}/pause: nothing more starts; what runs, runs on."""
    return await _switch(request, "pause")


async def resume(request: Request) -> Response:
    """POST /api/admin/queues/{queue}/resume."""
    return await _switch(request, "resume")


async def _switch(request: Request, verb: Literal["pause", "resume"]) -> Response:
    admin = await require_admin(request)
    name = await _name(request)
    queue: Queue = request.app.state.queue
    async with recorded(request, admin, f"queue.{verb}", f"queue:{name}"):
        await (queue.pause if verb == "pause" else queue.resume)(name, actor=acting(admin))
    return await _one(request, name)


async def limit(request: Request) -> Response:
    """PATCH /api/admin/queues/{queue}: its limits."""
    admin = await require_admin(request)
    name = await _name(request)
    limits = await read_as(Limits, request)
    given = limits.model_dump(exclude_unset=True)
    if "per_seconds" in given and not limits.starts:
        raise invalid([{"path": "perSeconds", "message": "goes with starts: so many in any perSeconds"}])
    queue: Queue = request.app.state.queue
    async with recorded(
        request, admin, "queue.limit", f"queue:{name}", **limits.model_dump(exclude_unset=True, by_alias=True)
    ):
        await queue.limit(
            name,
            max_waiting=_given(given, "max_waiting"),
            max_running=_given(given, "max_running"),
            starts=_given(given, "starts"),
            per_seconds=limits.per_seconds or (1.0 if limits.starts else None),
            actor=acting(admin),
        )
    return await _one(request, name)


def _given(given: Mapping[str, Any], name: str) -> int | Unset | None:
    value: int | Unset | None = given.get(name, UNSET)
    return value


async def _name(request: Request) -> str:
    """The queue's name. 404 for one that is not there: none is made by a slip of the pen."""
    name: str = request.path_params["queue"]
    if name not in {row["name"] for row in await _rows(request)}:
        raise not_found("queue")
    return name


async def _one(request: Request, name: str) -> Response:
    (row,) = [row for row in await _rows(request) if row["name"] == name]
    return JSONResponse(_shape(row), headers=NO_STORE)


async def _rows(request: Request) -> Any:
    async with request.app.state.pool.connection() as connection:
        return await overview.list_queues(connection)


def _shape(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "paused": row["paused"],
        "waiting": row["waiting"],
        "active": row["active"],
        "workers": row["workers"],
        "slots": row["slots"],
        "maxWaiting": row["max_waiting"],
        "maxRunning": row["max_running"],
        "starts": row["starts"],
        "perSeconds": row["per_seconds"],
    }


async def workers(request: Request) -> Response:
    """GET /api/admin/workers: those that hold a lease, and what each of their slots runs."""
    await require_admin(request)
    queue: Queue = request.app.state.queue
    async with request.app.state.pool.connection() as connection:
        busy = await overview.list_slots(connection)
    running: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in busy:
        running[row["worker_id"]].append(_slot(row))
    shapes = [
        {
            "id": str(row["id"]),
            "host": row["host"],
            "pid": row["pid"],
            "queue": row["queue"],
            "version": row["version"],
            "slots": row["slots"],
            "draining": row["draining"],
            "startedAt": iso(row["started_at"]),
            "beatAt": iso(row["beat_at"]),
            "running": running[row["id"]],
        }
        for row in await queue.workers()
    ]
    return JSONResponse({"workers": shapes}, headers=NO_STORE)


def _slot(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "jobId": str(row["id"]),
        "kind": row["kind"],
        "userId": str(row["user_id"]),
        "attempt": row["attempt"],
        "progress": row["percent"],
        "stepCode": row["step"],
        "startedAt": iso(row["started_at"]),
    }
