"""The routes of event streams: who may follow what, and who has heard it all already."""

import asyncio
import math
from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.accounts import Account
from api.auth import identify
from api.backtests import find_job, parse_job_id
from api.event_stream import EventStream, events
from api.hub import Hub
from api.problems import Problem, invalid, not_found
from api.readers import Reader
from api.relay import Relay
from api.settings import ApiSettings
from api.wording import language_of
from pgqueue import JobSnapshot

MOST_JOBS = 200


async def of_job(request: Request) -> Response:
    """GET /api/backtest/queue/{jobId}/events: one job, to its end. 204 when the caller has seen the end already."""
    account = await identify(request)
    job = await find_job(request, request.path_params["job_id"], account)
    return _heard_all(request, [job]) or _stream(request, account, frozenset({job.id}))


async def of_user(request: Request) -> Response:
    """GET /api/backtest/events[?jobs=a,b]: all of the caller's jobs, or those to their ends, on one connection."""
    account = await identify(request)
    jobs = request.query_params.get("jobs")
    if jobs is None:
        return _stream(request, account, None)
    job_ids = frozenset(parse_job_id(text.strip()) for text in jobs.split(","))
    if len(job_ids) > MOST_JOBS:
        message = f"names {len(job_ids)} jobs, the limit is {MOST_JOBS}; leave it out to follow all of yours"
        raise invalid([{"path": "jobs", "message": message}])
    known = await request.app.state.queue.read(list(job_ids), user_id=account.user_id)
    if len(known) != len(job_ids):
        raise not_found("job")
    return _heard_all(request, known) or _stream(request, account, job_ids)


def _heard_all(request: Request, jobs: Collection[JobSnapshot]) -> Response | None:
    """204, at which a browser stops coming back, when the Last-Event-ID shows that it had every final event."""
    _, seen = _last_event(request)
    if seen is None or not all(job.is_final for job in jobs) or seen < sum(job.seq for job in jobs):
        return None
    return Response(status_code=204)


def _stream(request: Request, account: Account, job_ids: frozenset[UUID] | None) -> Response:
    settings: ApiSettings = request.app.state.settings
    hub: Hub = request.app.state.hub
    relay: Relay = request.app.state.relay
    if relay.is_broken:
        detail = "Live progress is interrupted for a moment. Ask for jobs by GET meanwhile, and try again."
        raise Problem(503, "Service unavailable", detail, code="relay_broken", headers={"Retry-After": "5"})
    if hub.streams_of(account.user_id) >= settings.streams_per_user:
        detail = f"You have {settings.streams_per_user} event streams open, which is the limit. Close one first."
        raise Problem(429, "Too many streams", detail, code="too_many_streams", headers={"Retry-After": "5"})
    reader = Reader(account.user_id, job_ids, credential=account.credential, ends_at=_on_loop_clock(account.expires_at))
    epoch, _ = _last_event(request)
    content = events(
        hub,
        reader,
        language=language_of(request.headers.get("accept-language", "")),
        recovered=epoch in (None, hub.epoch),
        heartbeat=settings.heartbeat_seconds,
    )
    return EventStream(hub, relay, reader, content)


def _on_loop_clock(moment: datetime | None) -> float:
    if moment is None:
        return math.inf
    return asyncio.get_running_loop().time() + (moment - datetime.now(UTC)).total_seconds()


def _last_event(request: Request) -> tuple[str | None, int | None]:
    """Epoch and seq of the Last-Event-ID, as far as it has them."""
    epoch, _, seq = request.headers.get("last-event-id", "").partition(":")
    return epoch or None, int(seq) if seq.isascii() and seq.isdecimal() and len(seq) < 19 else None
