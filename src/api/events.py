"""Server-Sent Events: the snapshot first, then changes, then nothing more than there is to say."""

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import UUID

from sse_starlette import EventSourceResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.auth import identify
from api.backtests import find_job, parse_job_id
from api.hub import Hub
from api.problems import Problem, invalid, not_found
from api.readers import Reader
from api.settings import ApiSettings
from api.wording import language_of

RETRY_MILLISECONDS = 2000
FAREWELL_SPREAD_MILLISECONDS = 4000
"""Readers told to go come back spread over so long, lest they all come at once to whoever starts next."""
MOST_JOBS = 200
HEARTBEAT = b": \n\n"

log = logging.getLogger(__name__)


class EventStream(EventSourceResponse):
    """sse-starlette's response, driven by one loop instead of a group of tasks per stream.

    The content does its own heartbeats, so that a stream with traffic is not pinged; every write has a time-out, so
    that a reader which does not read is let go; the hub tells of the shutdown, so that nothing watches for it.
    """

    def __init__(self, content: AsyncIterator[bytes], *, send_seconds: float) -> None:
        super().__init__(content, ping=0, sep="\n")
        self._content = content
        self._send_seconds = send_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writing = asyncio.current_task()
        assert writing is not None
        gone = asyncio.create_task(_until_disconnected(receive, writing))
        try:
            await self._write(scope, send)
        except asyncio.CancelledError:
            if not gone.done():
                raise
        finally:
            gone.cancel()

    async def _write(self, scope: Scope, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            async with aclosing(self._content) as content:  # type: ignore[type-var]
                async for piece in content:
                    if not await self._sent(scope, send, {"body": piece, "more_body": True}):
                        return
        # Timed, too: a send first waits for room, and what was written last may have left none.
        await self._sent(scope, send, {"body": b"", "more_body": False})

    async def _sent(self, scope: Scope, send: Send, message: Message) -> bool:
        """Whether the reader took it in time; one that did not is cut off."""
        try:
            async with asyncio.timeout(self._send_seconds):
                await send({"type": "http.response.body", **message})
        except TimeoutError:
            log.info("stream cut: its reader does not read", extra={"path": scope["path"]})
            _abort(scope)
            return False
        return True


async def _until_disconnected(receive: Receive, writing: "asyncio.Task[object]") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    writing.cancel()


def _abort(scope: Scope) -> None:
    # Closing would wait for the unread rest to be read. The server leaves its way out in the scope.
    abort = scope.get("pgqueue.abort")
    if abort is not None:
        abort()


async def of_job(request: Request) -> Response:
    """GET /api/backtest/queue/{jobId}/events: one job, to its end. 204 when the caller has seen the end already."""
    account = await identify(request)
    job = await find_job(request, request.path_params["job_id"], account)
    _, seen = _last_event(request)
    if job.is_final and seen is not None and seen >= job.seq:
        return Response(status_code=204)
    return _stream(request, account.user_id, frozenset({job.id}))


async def of_user(request: Request) -> Response:
    """GET /api/backtest/events[?jobs=a,b]: all of the caller's jobs, or those, on one connection."""
    account = await identify(request)
    jobs = request.query_params.get("jobs")
    if jobs is None:
        return _stream(request, account.user_id, None)
    job_ids = frozenset(parse_job_id(text.strip()) for text in jobs.split(","))
    if len(job_ids) > MOST_JOBS:
        message = f"names {len(job_ids)} jobs, the limit is {MOST_JOBS}; leave it out to follow all of yours"
        raise invalid([{"path": "jobs", "message": message}])
    known = await request.app.state.queue.read(list(job_ids), user_id=account.user_id)
    if len(known) != len(job_ids):
        raise not_found("job")
    return _stream(request, account.user_id, job_ids)


def _stream(request: Request, user_id: UUID, job_ids: frozenset[UUID] | None) -> Response:
    settings: ApiSettings = request.app.state.settings
    hub: Hub = request.app.state.hub
    if hub.streams_of(user_id) >= settings.streams_per_user:
        detail = f"You have {settings.streams_per_user} event streams open, which is the limit. Close one first."
        raise Problem(429, "Too many streams", detail, code="too_many_streams", headers={"Retry-After": "5"})
    epoch, _ = _last_event(request)
    content = _events(
        hub,
        user_id,
        job_ids,
        language=language_of(request.headers.get("accept-language", "")),
        recovered=epoch in (None, hub.epoch),
        heartbeat_seconds=settings.heartbeat_seconds,
    )
    return EventStream(content, send_seconds=settings.send_seconds)


def _last_event(request: Request) -> tuple[str | None, int | None]:
    """Epoch and seq of the Last-Event-ID, as far as it has them."""
    epoch, _, seq = request.headers.get("last-event-id", "").partition(":")
    return epoch or None, int(seq) if seq.isascii() and seq.isdecimal() and len(seq) < 19 else None


async def _events(
    hub: Hub,
    user_id: UUID,
    job_ids: frozenset[UUID] | None,
    *,
    language: str,
    recovered: bool,
    heartbeat_seconds: float,
) -> AsyncIterator[bytes]:
    with hub.reading(user_id, job_ids) as reader:
        hello = {"recovered": recovered, "mode": hub.mode, "heartbeat": _short(heartbeat_seconds)}
        yield f"retry: {RETRY_MILLISECONDS}\nevent: hello\nid: {hub.epoch}:0\ndata: {json.dumps(hello)}\n\n".encode()
        while True:
            if not reader.is_current:
                await hub.snapshot(reader)
            if reader.mode_changed:
                reader.mode_changed = False
                yield f"event: mode\ndata: {json.dumps({'mode': hub.mode})}\n\n".encode()
            if events := reader.take():
                # One write for all of them: a reader of many jobs costs one system call.
                yield b"".join(event.encode(hub.epoch, language) for event in events)
            if reader.is_done:
                return
            if hub.closing.is_set():
                yield _farewell()
                return
            # While the database is away the stream stays, and asks for its snapshot as often as anyone polls.
            seconds = heartbeat_seconds if reader.is_current else min(heartbeat_seconds, hub.poll_seconds)
            if not await _woken(reader, seconds):
                yield HEARTBEAT


async def _woken(reader: Reader, seconds: float) -> bool:
    """Whether something happened before the time was up."""
    try:
        async with asyncio.timeout(seconds):
            await reader.wake.wait()
    except TimeoutError:
        return False
    reader.wake.clear()
    return True


def _short(seconds: float) -> float:
    """15 rather than 15.0, as the contract writes it."""
    return int(seconds) if seconds == int(seconds) else seconds


def _farewell() -> bytes:
    retry = 1000 + random.randrange(FAREWELL_SPREAD_MILLISECONDS)  # noqa: S311 - jitter
    return f"retry: {retry}\nevent: bye\ndata: {{}}\n\n".encode()
