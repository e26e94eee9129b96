"""/api/backtest/queue and /api/backtest/jobs: add, look, cancel, run again."""

import math
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.accounts import Account
from api.auth import identify
from api.enqueue import FIRST_KIND, Kind, a_key_once, add, fingerprint, idempotency_key, queued, standing
from api.etags import is_known
from api.problems import conflict, not_found
from api.shapes import job_shape, parameters, request_shape
from api.wording import language_of
from engine import rules
from engine.request import parse_request
from pgqueue import JobNotFound, JobSnapshot, Queue, WrongState

BACKTEST = Kind(
    FIRST_KIND,
    parse_request,
    lambda definition, asked: rules.check(definition, asked.strategy_params),
    is_quick=rules.was_read_lately,
)


async def enqueue(request: Request) -> Response:
    """POST /api/backtest/queue."""
    return await add(request, BACKTEST)


async def show(request: Request) -> Response:
    """GET /api/backtest/queue: the totals; with ?jobId= or /{jobId}: that job."""
    account = await identify(request)
    job_id = request.path_params.get("job_id") or request.query_params.get("jobId")
    if job_id is None:
        return await _totals(request.app.state.queue)
    job = await find_job(request, job_id, account)
    return await _one(request, job)


async def _totals(queue: Queue) -> Response:
    stats = await queue.stats()
    wait = stats.estimated_wait_seconds
    body: dict[str, Any] = {
        "waiting": stats.waiting,
        "active": stats.active,
        "estimatedWaitTime": None if wait is None else math.ceil(wait),
        "paused": stats.paused,
        "workers": stats.workers,
        "slots": stats.slots,
    }
    if wait is None:
        body["reason"] = stats.reason
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


async def _one(request: Request, job: JobSnapshot) -> Response:
    language = language_of(request.headers.get("accept-language", ""))
    shape = job_shape(job, language, request.scope.get("root_path", "")) | {"request": request_shape(job)}
    if job.status == "waiting":
        shape |= standing(await request.app.state.queue.estimate(job.id))
    shape["parameters"] = parameters(job.args)
    # Of the whole answer: where a job stands changes without the job.
    tag = f'"{fingerprint(shape).hex()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Cookie, Accept-Language",
        "Content-Language": language,
    }
    if not job.is_final:
        headers["Retry-After"] = "2"
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return JSONResponse(shape, headers=headers)


async def find_job(request: Request, job_id: str, account: Account) -> JobSnapshot:
    """The caller's job. What is no id, unknown or another user's is the same 404."""
    jobs = await request.app.state.queue.read([parse_job_id(job_id)], user_id=account.user_id)
    if not jobs:
        raise not_found("job")
    found: JobSnapshot = jobs[0]
    return found


def parse_job_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise not_found("job") from None


async def cancel(request: Request) -> Response:
    """DELETE /api/backtest/queue/{jobId}: 200 when cancelled or being cancelled, also again."""
    account = await identify(request)
    job_id = parse_job_id(request.path_params["job_id"])
    queue: Queue = request.app.state.queue
    try:
        await queue.cancel(job_id, user_id=account.user_id)
    except JobNotFound:
        raise not_found("job") from None
    except WrongState as error:
        raise conflict(f"The job is {error.state}: there is nothing left to cancel.") from None
    job = await find_job(request, str(job_id), account)
    language = language_of(request.headers.get("accept-language", ""))
    return JSONResponse(
        job_shape(job, language, request.scope.get("root_path", "")), headers={"Cache-Control": "no-store"}
    )


async def requeue(request: Request) -> Response:
    """POST /api/backtest/queue/{jobId}/requeue: run a final job again, as a new one; with the same key, once."""
    account = await identify(request)
    job_id = parse_job_id(request.path_params["job_id"])
    key = idempotency_key(request)
    queue: Queue = request.app.state.queue
    try:
        with a_key_once():
            enqueued = await queue.requeue(
                job_id, user_id=account.user_id, tier=account.tier, idempotency_key=key, is_estimated=True
            )
    except JobNotFound:
        raise not_found("job") from None
    except WrongState as error:
        raise conflict(f"The job is {error.state}: only one that has ended can run again.") from None
    return queued(request, enqueued)
