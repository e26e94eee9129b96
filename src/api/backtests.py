"""/api/backtest/queue and /api/backtest/jobs: add, look, cancel, run again."""

import asyncio
import json
import math
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.accounts import Account
from api.auth import identify
from api.bodies import read_json
from api.definitions import detail, sentence
from api.problems import Problem, conflict, invalid, not_found
from api.queries import sql
from api.settings import ApiSettings
from api.shapes import QUEUE_PATH, job_shape, links
from api.strategies import Strategy, find_strategy
from api.wording import language_of
from engine import rules
from engine.errors import RequestError, StrategyError
from engine.request import BacktestRequest, parse_request
from pgqueue import IdempotencyConflict, JobNotFound, JobSnapshot, JobState, Queue, WrongState

KIND = "backtest"
PAGE_LIMIT = 200
LONGEST_FILTER = 100
STATUSES: dict[str, tuple[JobState, ...]] = {
    "waiting": (JobState.SCHEDULED, JobState.HELD, JobState.READY),
    "processing": (JobState.PROCESSING,),
    "completed": (JobState.COMPLETED,),
    "failed": (JobState.FAILED,),
    "cancelled": (JobState.CANCELLED,),
}


async def enqueue(request: Request) -> Response:
    """POST /api/backtest/queue."""
    account = await identify(request)
    settings: ApiSettings = request.app.state.settings
    body = await read_json(request, limit=settings.body_bytes, seconds=settings.body_seconds)
    key = _idempotency_key(request)
    try:
        asked = parse_request(body)
    except RequestError as error:
        raise invalid(error.details) from None
    args = await _args(request, account, asked, prefix="params." if "params" in body else "")
    queue: Queue = request.app.state.queue
    try:
        enqueued = await queue.enqueue(
            KIND,
            args,
            user_id=account.user_id,
            tier=account.tier,
            priority=asked.priority,
            idempotency_key=key,
            request_hash=_fingerprint(body) if key else None,
        )
    except IdempotencyConflict:
        detail = "This Idempotency-Key was used for another request. Use a new key for each request."
        raise Problem(422, "Idempotency key reused", detail, code="idempotency_conflict") from None
    return await _queued(queue, enqueued.job_id, replayed=not enqueued.created)


async def _queued(queue: Queue, job_id: UUID, *, replayed: bool) -> Response:
    headers = {"Location": f"{QUEUE_PATH}/{job_id}", "Cache-Control": "no-store"}
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    body = {"jobId": str(job_id), "status": "queued"} | await _standing(queue, job_id) | {"links": links(job_id)}
    return JSONResponse(body, headers=headers)


async def _standing(queue: Queue, job_id: UUID) -> dict[str, Any]:
    """Where a waiting job stands: the wait in whole seconds, null with a reason when nobody would run it."""
    estimate = await queue.estimate(job_id)
    standing: dict[str, Any] = {
        "estimatedWaitTime": None if estimate.seconds is None else math.ceil(estimate.seconds),
        "position": estimate.position,
    }
    if estimate.position_at_least is not None:
        standing["positionAtLeast"] = estimate.position_at_least
    if estimate.reason is not None:
        standing["reason"] = estimate.reason
    return standing


async def _args(request: Request, account: Account, asked: BacktestRequest, *, prefix: str) -> dict[str, Any]:
    """The job's args, with a snapshot of its strategy: a run can always be repeated as it was.

    prefix: of the members that the caller wrote under `params`.
    """
    async with request.app.state.pool.connection() as connection:
        strategy = await find_strategy(connection, asked.strategy_id, account.user_id)
        if strategy is None:
            raise not_found("strategy")
        args = asked.args(strategy.definition, symbol=strategy.default_symbol)
        if args["symbol"] is None:
            raise invalid([{"path": f"{prefix}symbol", "message": "is required"}])
        for name in ("symbol", "benchmark"):
            facts = {"symbol": args[name], "timeframe": args["timeframe"]}
            if args[name] is not None:
                row = await (await connection.execute(sql("symbol_is_known"), facts)).fetchone()
                if row is None or not row[0]:
                    message = f"{args[name]} has no {args['timeframe']} prices here. See GET /api/symbols"
                    raise invalid([{"path": f"{prefix}{name}", "message": message}])
    await _refuse_what_cannot_run(strategy, asked.strategy_params, prefix)
    return args | {"strategyId": str(strategy.id)}


async def _refuse_what_cannot_run(strategy: Strategy, overrides: Mapping[str, float], prefix: str) -> None:
    """400 at the parameter that is wrong; or at the strategy, when it cannot run with its own parameters either."""
    try:
        await asyncio.to_thread(rules.check, strategy.definition, overrides)
    except StrategyError as error:
        if error.path.startswith("strategyParams."):
            raise invalid([detail(error, path=f"{prefix}{error.path}")]) from None
        try:
            await asyncio.to_thread(rules.check, strategy.definition)
        except StrategyError as broken:
            mend = "" if strategy.is_built_in else f"; mend it with PUT /api/strategies/{strategy.id}"
            said = f"the stored strategy cannot run: {_placed(broken)}{mend}"
            raise invalid([{"path": "strategyId", "message": said}]) from None
        message = f"with these parameters the strategy cannot run: {_placed(error)}"
        raise invalid([{"path": f"{prefix}strategyParams", "message": message}]) from None


def _placed(error: StrategyError) -> str:
    place = error.path if error.column is None else f"{error.path}, column {error.column}"
    return f"{place}: {sentence(error)}"


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    key = key.strip().strip('"')
    if not 1 <= len(key) <= 255:
        raise invalid([{"path": "Idempotency-Key", "message": "must be 1 to 255 characters"}])
    return key


def _fingerprint(body: dict[str, Any]) -> bytes:
    return sha256(json.dumps(body, sort_keys=True).encode()).digest()


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
        body["reason"] = "no_workers"
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


async def _one(request: Request, job: JobSnapshot) -> Response:
    language = language_of(request.headers.get("accept-language", ""))
    shape = job_shape(job, language)
    if job.status == "waiting":
        shape |= await _standing(request.app.state.queue, job.id)
    # Of the whole answer: where a job stands changes without the job.
    tag = f'"{_fingerprint(shape).hex()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Cookie, Accept-Language",
        "Content-Language": language,
    }
    if not job.is_final:
        headers["Retry-After"] = "2"
    # A proxy that compresses makes a tag weak; it is the same answer.
    known = (one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(","))
    if tag in known:
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
    return JSONResponse(job_shape(job, language), headers={"Cache-Control": "no-store"})


async def requeue(request: Request) -> Response:
    """POST /api/backtest/queue/{jobId}/requeue: run a final job again, as a new one."""
    account = await identify(request)
    job_id = parse_job_id(request.path_params["job_id"])
    queue: Queue = request.app.state.queue
    try:
        enqueued = await queue.requeue(job_id, user_id=account.user_id, tier=account.tier)
    except JobNotFound:
        raise not_found("job") from None
    except WrongState as error:
        raise conflict(f"The job is {error.state}: only one that has ended can run again.") from None
    return await _queued(queue, enqueued.job_id, replayed=False)


async def list_jobs(request: Request) -> Response:
    """GET /api/backtest/jobs: the caller's, newest first, by cursor."""
    account = await identify(request)
    query = request.query_params
    limit = _limit(query.get("limit"))
    status = query.get("status")
    if status is not None and status not in STATUSES:
        raise invalid([{"path": "status", "message": f"must be one of {', '.join(STATUSES)}"}])
    jobs = await request.app.state.queue.list(
        user_id=account.user_id,
        states=STATUSES[status] if status else None,
        args={name: _text(query[name], name) for name in ("symbol", "strategyId") if name in query} or None,
        before=_cursor(query.get("cursor")),
        limit=limit,
    )
    language = language_of(request.headers.get("accept-language", ""))
    body: dict[str, Any] = {"jobs": [job_shape(job, language) for job in jobs], "next": None}
    headers = {"Cache-Control": "no-store"}
    if len(jobs) == limit:
        following = request.url.include_query_params(cursor=str(jobs[-1].id))
        body["next"] = f"{following.path}?{following.query}"
        headers["Link"] = f'<{body["next"]}>; rel="next"'
    return JSONResponse(body, headers=headers)


def _limit(text: str | None) -> int:
    if text is None:
        return 50
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= PAGE_LIMIT:
        raise invalid([{"path": "limit", "message": f"must be a whole number from 1 to {PAGE_LIMIT}"}])
    return int(text)


def _text(text: str, name: str) -> str:
    # Postgres has no NUL in its texts.
    if not 1 <= len(text) <= LONGEST_FILTER or "\0" in text:
        raise invalid([{"path": name, "message": f"must be 1 to {LONGEST_FILTER} characters, none of them NUL"}])
    return text


def _cursor(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise invalid([{"path": "cursor", "message": "must be a cursor that a list gave"}]) from None
