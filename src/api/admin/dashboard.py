"""/api/admin/stats, /api/admin/doctor and /api/admin/events: how it goes, once or as a stream.

However many look on, one loop in the process asks the database, and nobody looking on is no question at all.
"""

import asyncio
import json
import logging
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from sse_starlette import EventSourceResponse
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.admin.figures import read_hour, read_stats
from api.admin.queues import read_queues
from api.admin.workers import read_workers
from api.auth import require_admin
from api.problems import Problem
from api.queries import sql
from api.settings import ApiSettings
from pgqueue import doctor

EVERY_SECONDS = 1.0
MOST_LOOKERS = 100
MOST_SECONDS = 300.0
"""A stream ends after so long and is asked for anew: whose credential was revoked or expired looks on no longer."""
HOUR_SECONDS = 10.0
"""The figures of the last hour move slowly and cost most: those who look on are told them anew so often."""
SHARED_SECONDS = 1.0
"""Whoever asks once is told of figures that are no older: however many ask, the hour is read so often."""
FAREWELL_SECONDS = 1.5
"""A stream has so long for its last words at a shutdown: more than EVERY_SECONDS, less than the server waits."""
CANCEL_AGAIN_SECONDS = 1.0
READING_SECONDS = 3.0
"""What the doctor may take for reading every job: some hundred thousand of them. The command line's has longer."""

log = logging.getLogger(__name__)


class Dashboard:
    """What there is to see, by the name of its event, read while anybody looks on."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._lookers = 0
        self._is_looked_at = asyncio.Event()
        self._turn = asyncio.Condition()
        self._hour: dict[str, Any] = {}
        self._hour_read_at = -math.inf
        self._hour_turn = asyncio.Lock()
        self._told: dict[str, tuple[int, bytes]] = {}
        """By name: how often it changed, and the event that tells it as it is."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Around the time in which anybody may look on."""
        reading = asyncio.create_task(self._read_on(), name="dashboard")
        try:
            yield
        finally:
            # Python 3.11's wait_for, beneath the pool, may swallow a cancellation.
            while not reading.done():
                reading.cancel()
                await asyncio.wait((reading,), timeout=CANCEL_AGAIN_SECONDS)

    async def follow(self, *, closing: asyncio.Event) -> AsyncIterator[bytes]:
        """Everything as events, each whenever it changed; the first at once."""
        self._lookers += 1
        self._is_looked_at.set()
        seen: dict[str, int] = {}
        ends_at = time.monotonic() + MOST_SECONDS
        try:
            while not closing.is_set() and time.monotonic() < ends_at:
                for name, (version, event) in list(self._told.items()):
                    if seen.get(name) != version:
                        seen[name] = version
                        yield event
                await self._turned()
            yield b"retry: 2000\nevent: bye\ndata: {}\n\n"
        finally:
            self._lookers -= 1
            if self._lookers == 0:
                self._is_looked_at.clear()
                # Whoever comes next is told what is, not what was.
                self._told.clear()

    async def hour(self, *, no_older_than: float) -> dict[str, Any]:
        """The figures of the last hour. Who waits for another's reading holds no connection meanwhile."""
        async with self._hour_turn:
            if time.monotonic() - self._hour_read_at >= no_older_than:
                began = time.monotonic()
                async with self._pool.connection() as connection:
                    self._hour = await read_hour(connection)
                self._hour_read_at = began
            return self._hour

    @property
    def is_full(self) -> bool:
        return self._lookers >= MOST_LOOKERS

    async def _turned(self) -> None:
        """Returns with the next reading, and no later than one should take."""
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY_SECONDS), self._turn:
                await self._turn.wait()

    async def _read_on(self) -> None:
        version = 0
        while True:
            await self._is_looked_at.wait()
            try:
                hour = await self.hour(no_older_than=HOUR_SECONDS)
                async with self._pool.connection() as connection:
                    found = await read_all(connection, hour)
            except (psycopg.Error, PoolTimeout) as error:
                log.warning("dashboard not read; trying again", extra={"reason": str(error).strip()})
            except Exception:
                # Those who look on would otherwise wait for ever for a task that is no more.
                log.exception("dashboard not read; trying again")
            else:
                version += 1
                self._tell(found, version)
            async with self._turn:
                self._turn.notify_all()
            await asyncio.sleep(EVERY_SECONDS)

    def _tell(self, found: dict[str, Any], version: int) -> None:
        if not self._is_looked_at.is_set():
            return
        for name, data in found.items():
            event = f"event: {name}\ndata: {json.dumps(data, allow_nan=False)}\n\n".encode()
            if name not in self._told or self._told[name][1] != event:
                self._told[name] = (version, event)


async def read_all(connection: AsyncConnection[Any], hour: dict[str, Any]) -> dict[str, Any]:
    """What there is to see, by the name of its event. hour: the figures of the last one."""
    queues, workers = await read_queues(connection), await read_workers(connection)
    newest = await (await connection.execute(sql("newest_audit"))).fetchone()
    return {
        "stats": await read_stats(connection, queues=queues, workers=workers, hour=hour),
        "queues": {"queues": queues},
        "workers": {"workers": workers},
        "audit": {"newest": None if newest is None else newest[0]},
    }


async def stats(request: Request) -> Response:
    """GET /api/admin/stats."""
    await require_admin(request)
    hour = await request.app.state.dashboard.hour(no_older_than=SHARED_SECONDS)
    async with request.app.state.pool.connection() as connection:
        queues, workers = await read_queues(connection), await read_workers(connection)
        found = await read_stats(connection, queues=queues, workers=workers, hour=hour)
    return JSONResponse(found, headers={"Cache-Control": "no-store"})


async def events(request: Request) -> Response:
    """GET /api/admin/events: figures, queues, workers, and the newest entry of the audit log, each when it changed."""
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
        shutdown_grace_period=FAREWELL_SECONDS,
    )


async def findings(request: Request) -> Response:
    """GET /api/admin/doctor: what the doctor finds, in the order in which to mend it."""
    await require_admin(request)
    async with request.app.state.pool.connection() as connection:
        found = await doctor.examine(connection, reading_seconds=READING_SECONDS)
    shapes = [
        {"check": one.check, "verdict": one.verdict.value, "found": one.found, "advice": one.advice} for one in found
    ]
    return JSONResponse({"findings": shapes}, headers={"Cache-Control": "no-store"})
