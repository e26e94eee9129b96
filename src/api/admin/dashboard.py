"""/api/admin/stats, /api/admin/doctor and /api/admin/events: how it goes, once or as a stream.

However many look on, one loop in the process asks the database, and nobody looking on is no question at all.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from sse_starlette import EventSourceResponse
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.accounts import PLANS
from api.auth import require_admin
from api.problems import Problem
from api.settings import ApiSettings
from pgqueue import doctor, overview

EVERY_SECONDS = 1.0
MOST_LOOKERS = 100
MOST_SECONDS = 300.0
"""A stream ends after so long and is asked for anew: whose credential was revoked or expired looks on no longer."""
HOUR_EVERY = 10
"""The figures of the last hour move slowly and cost most: they are read every so many times."""

log = logging.getLogger(__name__)


class Dashboard:
    """The newest figures, read while anybody looks on."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._lookers = 0
        self._turn = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None
        self._hour: dict[str, Any] = {}
        self.newest: dict[str, Any] | None = None
        self.version = 0

    async def read(self, *, with_hour: bool = True) -> dict[str, Any]:
        """Counts by status and plan, the oldest waiting, and the last hour."""
        async with self._pool.connection() as connection:
            counts, estimate = await overview.count_jobs(connection)
            oldest = await overview.oldest_waiting(connection)
            queues = await overview.list_queues(connection)
            if with_hour or not self._hour:
                self._hour = _hour(await overview.last_hour(connection))
        return {
            "counts": [{"status": row["status"], "plan": PLANS[row["tier"]], "jobs": row["jobs"]} for row in counts],
            "countedTo": overview.COUNTED,
            "isExact": estimate is None,
            "estimatedTotal": estimate,
            "oldestWaitingSeconds": None if oldest is None else round(max(0.0, oldest)),
            "workers": sum(row["workers"] for row in queues),
            "slots": sum(row["slots"] for row in queues),
            "pausedQueues": [row["name"] for row in queues if row["paused"]],
            "lastHour": self._hour,
        }

    async def follow(self, *, closing: asyncio.Event) -> AsyncIterator[bytes]:
        """The figures as events, whenever they changed; the first at once."""
        self._lookers += 1
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_on(), name="dashboard")
        seen, ends_at = 0, time.monotonic() + MOST_SECONDS
        try:
            while not closing.is_set() and time.monotonic() < ends_at:
                if self.newest is not None and self.version != seen:
                    seen = self.version
                    yield f"event: stats\ndata: {json.dumps(self.newest, allow_nan=False)}\n\n".encode()
                await self._turned()
            yield b"retry: 2000\nevent: bye\ndata: {}\n\n"
        finally:
            self._lookers -= 1
            if self._lookers == 0 and self._reading is not None:
                self._reading.cancel()
                self._reading = self.newest = None

    @property
    def is_full(self) -> bool:
        return self._lookers >= MOST_LOOKERS

    async def _turned(self) -> None:
        """Returns with the next reading, and no later than one should take."""
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY_SECONDS), self._turn:
                await self._turn.wait()

    async def _read_on(self) -> None:
        count = 0
        while True:
            try:
                found = await self.read(with_hour=count % HOUR_EVERY == 0)
            except (psycopg.Error, PoolTimeout) as error:
                log.warning("dashboard not read; trying again", extra={"reason": str(error).strip()})
            except Exception:
                # Those who look on would otherwise wait for ever for a task that is no more.
                log.exception("dashboard not read; trying again")
            else:
                if found != self.newest:
                    self.newest, self.version = found, self.version + 1
            count += 1
            async with self._turn:
                self._turn.notify_all()
            await asyncio.sleep(EVERY_SECONDS)


def _hour(row: Any) -> dict[str, Any]:
    return {
        "jobs": row["jobs"],
        "waitSeconds": _percentiles(row["wait"]),
        "runSeconds": _percentiles(row["run"]),
        "minutes": [
            {"minute": minute, "completed": completed, "failed": failed, "cancelled": cancelled}
            for minute, completed, failed, cancelled in row["minutes"]
        ],
    }


def _percentiles(values: Any) -> dict[str, float] | None:
    if values is None:
        return None
    return {name: round(value, 3) for name, value in zip(("p50", "p95", "p99"), values, strict=True)}


async def stats(request: Request) -> Response:
    """GET /api/admin/stats."""
    await require_admin(request)
    found = await request.app.state.dashboard.read()
    return JSONResponse(found, headers={"Cache-Control": "no-store"})


async def events(request: Request) -> Response:
    """GET /api/admin/events: the same, whenever it changed."""
    await require_admin(request)
    settings: ApiSettings = request.app.state.settings
    dashboard: Dashboard = request.app.state.dashboard
    if dashboard.is_full:
        detail = f"{MOST_LOOKERS} dashboards are open here, which is the limit. Close one first."
        raise Problem(429, "Too many streams", detail, code="too_many_streams", headers={"Retry-After": "5"})
    return EventSourceResponse(
        dashboard.follow(closing=request.app.state.hub.closing),
        ping=max(1, int(settings.heartbeat_seconds)),
        send_timeout=settings.send_seconds,
    )


async def findings(request: Request) -> Response:
    """GET /api/admin/doctor: what the doctor finds, in the order in which to mend it."""
    await require_admin(request)
    async with request.app.state.pool.connection() as connection:
        found = await doctor.examine(connection)
    shapes = [
        {"check": one.check, "verdict": one.verdict.value, "found": one.found, "advice": one.advice} for one in found
    ]
    return JSONResponse({"findings": shapes}, headers={"Cache-Control": "no-store"})
