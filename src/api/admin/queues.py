"""/api/admin/queues: what is open, and how much."""

from collections.abc import Mapping
from typing import Any, Literal

from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.admin.audit import acting, recorded
from api.admin.bodies import read_as
from api.auth import require_admin
from api.problems import invalid, not_found
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
    return JSONResponse({"queues": await _all(request)}, headers=NO_STORE)


async def read_queues(connection: AsyncConnection[Any]) -> list[dict[str, Any]]:
    """Every queue, by name, as operators are answered."""
    return [_shape(row) for row in await overview.list_queues(connection)]


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
    if name not in {queue["name"] for queue in await _all(request)}:
        raise not_found("queue")
    return name


async def _one(request: Request, name: str) -> Response:
    (queue,) = [queue for queue in await _all(request) if queue["name"] == name]
    return JSONResponse(queue, headers=NO_STORE)


async def _all(request: Request) -> list[dict[str, Any]]:
    async with request.app.state.pool.connection() as connection:
        return await read_queues(connection)


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
