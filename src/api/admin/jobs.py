"""/api/admin/jobs: found among very many, looked into, run again, moved, cancelled, deleted."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api import results
from api.accounts import PLANS
from api.admin.audit import acting, recorded
from api.admin.bodies import read_as
from api.admin.queries import as_uuid
from api.admin.wanted import Wanted, read_box, search_for
from api.auth import require_admin
from api.backtests import parse_job_id
from api.enqueue import standing
from api.forms import checked
from api.paging import page, whole_number
from api.problems import conflict, not_found
from api.shapes import iso, job_shape
from api.wording import language_of
from pgqueue import JobNotFound, JobSnapshot, Queue, WrongState, overview
from pgqueue.search import search

ADMIN_JOBS = "/api/admin/jobs"
NO_STORE = {"Cache-Control": "no-store"}
PAGE_LIMIT = 200


class Moved(BaseModel):
    """Where a waiting job is moved to."""

    model_config = ConfigDict(extra="forbid", strict=True)

    priority: int = Field(ge=1, le=10)


async def show(request: Request) -> Response:
    """GET /api/admin/jobs: newest first, by cursor. A page may be short and still have a next one."""
    await require_admin(request)
    query = dict(request.query_params)
    limit = whole_number(query.pop("limit", None), "limit", default=50, least=1, most=PAGE_LIMIT)
    before = as_uuid(query.pop("cursor", None), "cursor")
    wanted = checked(Wanted, query)
    queue: Queue = request.app.state.queue
    pool = request.app.state.pool
    reading = None if wanted.q is None else await read_box(wanted.q, pool, queue)
    async with pool.connection() as connection:
        found = await search(connection, search_for(wanted, reading), before=before, limit=limit)
    jobs = {job.id: _shape(request, job) for job in await queue.read(found.job_ids)}
    body = {
        "jobs": [jobs[job_id] for job_id in found.job_ids if job_id in jobs],
        "lookedAt": found.looked_at,
        "readAs": reading and reading.read_as,
    }
    return page(request, body, cursor=str(found.following.id) if found.following else None)


async def detail(request: Request) -> Response:
    """GET /api/admin/jobs/{jobId}: with its args, its attempts, its history and its errors in full."""
    await require_admin(request)
    job = await find_any(request)
    queue: Queue = request.app.state.queue
    async with request.app.state.pool.connection() as connection:
        attempts = await overview.list_attempts(connection, job.id)
        again = await overview.list_requeued_as(connection, job.id)
    body = _shape(request, job) | {
        "tier": job.tier,
        "args": job.args,
        "failure": job.error,
        "attempts": [_attempt(row) for row in attempts],
        "events": [
            {
                "at": iso(entry.at),
                "event": entry.event,
                "attempt": entry.attempt,
                "workerId": None if entry.worker_id is None else str(entry.worker_id),
                "actor": entry.actor,
                "reason": entry.reason,
            }
            for entry in await queue.history(job.id)
        ],
        "requeuedAs": [str(job_id) for job_id in again],
    }
    if job.status == "waiting":
        body |= standing(await queue.estimate(job.id))
    return JSONResponse(body, headers=NO_STORE)


async def result(request: Request) -> Response:
    """GET /api/admin/jobs/{jobId}/result: what it left behind, as its owner is answered."""
    await require_admin(request)
    return await results.show_of(request, await find_any(request), user_id=None)


def _attempt(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "attempt": row["attempt"],
        "workerId": str(row["worker_id"]),
        "host": row["host"],
        "startedAt": iso(row["started_at"]),
        "finishedAt": iso(row["finished_at"]),
        "outcome": row["outcome"],
        "errorType": row["error_type"],
        "error": row["error"],
    }


def _shape(request: Request, job: JobSnapshot) -> dict[str, Any]:
    """As its owner sees it, and what concerns operators; its links are theirs."""
    root = request.scope.get("root_path", "")
    own = f"{root}{ADMIN_JOBS}/{job.id}"
    return job_shape(job, language_of(request.headers.get("accept-language", "")), root) | {
        "queue": job.queue,
        "state": job.state.value,
        "plan": PLANS[job.tier],
        "retrying": job.status == "waiting" and job.error is not None,
        "links": {"self": own, "result": f"{own}/result", "requeue": f"{own}/requeue", "cancel": f"{own}/cancel"},
    }


async def find_any(request: Request) -> JobSnapshot:
    """The job in the path, whoever owns it. Problem 404."""
    jobs = await request.app.state.queue.read([parse_job_id(request.path_params["job_id"])])
    if not jobs:
        raise not_found("job")
    found: JobSnapshot = jobs[0]
    return found


async def requeue(request: Request) -> Response:
    """POST /api/admin/jobs/{jobId}/requeue: its owner's quota applies. Answers with the new job."""
    return await _act(request, "requeue", lambda queue, job_id, actor: queue.requeue(job_id, actor=actor))


async def cancel(request: Request) -> Response:
    """POST /api/admin/jobs/{jobId}/cancel."""
    return await _act(request, "cancel", lambda queue, job_id, actor: queue.cancel(job_id, actor=actor))


async def move(request: Request) -> Response:
    """PATCH /api/admin/jobs/{jobId}: a waiting job's priority."""
    await require_admin(request)
    to = (await read_as(Moved, request)).priority
    return await _act(
        request, "priority", lambda queue, job_id, actor: queue.set_priority(job_id, to, actor=actor), priority=to
    )


async def delete(request: Request) -> Response:
    """DELETE /api/admin/jobs/{jobId}: a final job, with its result."""
    return await _act(request, "delete", lambda queue, job_id, actor: queue.delete(job_id, actor=actor))


DONE = {
    "requeue": "requeued",
    "cancel": "cancelled",
    "priority": "moved to another priority",
    "delete": "deleted",
}


async def _act(
    request: Request, action: str, act: Callable[[Queue, UUID, str], Awaitable[object]], **asked: Any
) -> Response:
    """One job, whoever owns it. act raises JobNotFound, WrongState or EnqueueRefused where it cannot be."""
    admin = await require_admin(request)
    job_id = parse_job_id(request.path_params["job_id"])
    async with recorded(request, admin, f"job.{action}", f"job:{job_id}", **asked) as facts:
        try:
            done = await act(request.app.state.queue, job_id, acting(admin))
        except JobNotFound:
            raise not_found("job") from None
        except WrongState as error:
            raise conflict(f"The job is {error.state}: it cannot be {DONE[action]}.") from None
        made = getattr(done, "job_id", job_id)
        facts["jobId"] = str(made)
    if action == "delete":
        return Response(status_code=204, headers=NO_STORE)
    jobs = await request.app.state.queue.read([made])
    if not jobs:
        raise not_found("job")
    return JSONResponse(_shape(request, jobs[0]), headers=NO_STORE)
