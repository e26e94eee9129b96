"""A worker process: claims jobs, has its children run them, writes how they end. It computes nothing itself."""

import asyncio
import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pgqueue import health, memory
from pgqueue.claiming import DATABASE_AWAY_SECONDS, Claiming
from pgqueue.cursor import Cursor
from pgqueue.database import open_pool
from pgqueue.executor import Executor
from pgqueue.handlers import Handler
from pgqueue.hints import CANCEL, READY, parse_ids
from pgqueue.lease import Lease
from pgqueue.listener import Listener
from pgqueue.maintenance import Keep, Maintenance
from pgqueue.runs import LAST_WORDS_SECONDS, Runs
from pgqueue.settings import Settings
from pgqueue.spawn import prepare_forkserver
from pgqueue.vitals import Vitals

CANCEL_AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


class Worker:
    """Runs jobs of one queue until it is told to stop.

    handlers: kind -> Handler. Three connections: two for statements, one that listens.
    """

    def __init__(self, handlers: Mapping[str, Handler], settings: Settings, *, database_url: str) -> None:
        self._settings = settings
        self._database_url = database_url
        self._pool: AsyncConnectionPool = open_pool(
            database_url, size=2, application_name="pgqueue worker", keeps_plans=True
        )
        self._lease = Lease(self._pool, queue=settings.queue, slots=settings.slots, seconds=settings.lease_seconds)
        self._cursor = Cursor(settings.queue)
        self._handlers = handlers
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._giving_back = asyncio.Event()
        self._runs = Runs(self._executors(), self._pool, self._lease, settings, self._wake)
        self._claiming = Claiming(
            self._pool, self._runs, self._lease, self._cursor, settings, wake=self._wake, stopping=self._stopping
        )
        self.health_port: int | None = None
        """Where its health is told, once it runs and if that was asked for."""
        self.started = asyncio.Event()
        """Set once children are warm and the lease is held: from here on jobs are claimed."""

    @property
    def id(self) -> UUID:
        """Of this boot; another one after the worker was declared dead."""
        return self._lease.worker_id

    def stop(self) -> None:
        """Drain: claim nothing more, finish what runs within drain_seconds. Asked a second time: give back now."""
        if self._stopping.is_set():
            self._giving_back.set()
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        """Work until stopped. Raises only when it cannot start."""
        prepare_forkserver(self._handlers, logs_as_json=self._settings.log_format == "json")
        async with AsyncExitStack() as stack:
            if self._settings.worker_port is not None:
                told = health.serve(self.vitals, host=self._settings.worker_host, port=self._settings.worker_port)
                self.health_port = await stack.enter_async_context(told)
            await stack.enter_async_context(self._pool)
            stack.push_async_callback(self._runs.close)
            await self._runs.open()
            await self._take_lease()
            async with asyncio.TaskGroup() as group:
                background = [
                    group.create_task(work, name=f"pgqueue {name}")
                    for name, work in {
                        "lease": self._keep_lease(),
                        "listener": self._listener().run(),
                        "maintenance": self._maintenance().run(),
                        "memory": memory.watch(self._runs.loads),
                        "progress": self._runs.board.run(),
                        "endings": self._runs.endings.run(),
                    }.items()
                ]
                log.info("worker started", extra=self._facts())
                self.started.set()
                await self._claiming.run()
                self._lease.draining = True
                await self._runs.drain(self._settings.drain_seconds, self._giving_back)
                await _end(background)
            await self._part()
        log.info("worker stopped", extra=self._facts())

    def vitals(self) -> Vitals:
        """How it is now."""
        answered = self._claiming.answered_at
        # A worker with no idle slot asks for nothing: that its lease is renewed is answer enough.
        ages = (self._lease.age_seconds, None if answered is None else time.monotonic() - answered)
        since = [age for age in ages if age is not None]
        return Vitals(
            worker_id=self.id,
            queue=self._settings.queue,
            slots=self._settings.slots,
            running=len(self._runs.jobs),
            started=self.started.is_set(),
            draining=self._stopping.is_set(),
            lease_seconds=self._settings.lease_seconds,
            lease_age_seconds=self._lease.age_seconds,
            answered_seconds=min(since, default=None),
            ended=dict(self._runs.ended),
            claims_failed=self._claiming.failed,
            children_started=sum(executor.children_started for executor in self._runs.loads),
            slots_without_child=sum(executor.start_failures > 0 for executor in self._runs.loads),
            child_bytes=self._runs.child_bytes(),
        )

    def _held_bytes(self) -> int | None:
        """Of this process and its children; None where nobody can say."""
        own = memory.private_bytes(os.getpid())
        return own + self._runs.child_bytes() if own else None

    async def _take_lease(self) -> None:
        await self._lease.take()
        self._runs.act_as(self._lease.worker_id)

    async def _keep_lease(self) -> None:
        while True:
            await self._lease.keep(
                running=self._runs.jobs,
                on_cancel=self._runs.cancel,
                on_lost=lambda: None,
                held_bytes=self._held_bytes,
            )
            log.warning("declared dead by another worker; starting anew", extra=self._facts())
            self._runs.abandon_all()
            await self._take_lease_in_the_end()
            self._wake.set()

    async def _take_lease_in_the_end(self) -> None:
        """Whoever was declared dead comes back, however long the database is away meanwhile."""
        while True:
            try:
                await self._take_lease()
            except (psycopg.Error, PoolTimeout) as error:
                log.warning("no lease taken; trying again", extra={"reason": str(error).strip()})
                await asyncio.sleep(DATABASE_AWAY_SECONDS)
            else:
                return

    async def _part(self) -> None:
        try:
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self._lease.end()
        except (psycopg.Error, PoolTimeout, TimeoutError) as error:
            log.warning("lease not given up; it lapses by itself", extra={"reason": str(error).strip()})

    def _executors(self) -> Iterator[Executor]:
        for _ in range(self._settings.slots):
            yield Executor(
                self._handlers,
                {"DATABASE_URL": self._database_url},
                cancel_grace_seconds=self._settings.cancel_grace_seconds,
                child_max_jobs=self._settings.child_max_jobs,
                child_memory_bytes=self._settings.child_memory_mb * memory.MEGABYTE,
            )

    def _maintenance(self) -> Maintenance:
        return Maintenance(
            self._pool,
            self._cursor,
            queue=self._settings.queue,
            worker_id=lambda: self._lease.worker_id,
            keep=Keep.by(self._settings),
            max_wait_seconds=self._settings.max_wait_seconds,
            on_rescued=self._runs.rescued,
        )

    def _listener(self) -> Listener:
        return Listener(
            self._database_url,
            (READY, CANCEL),
            on_notify=self._notified,
            on_connected=self._wake.set,
            on_lost=lambda: None,
        )

    def _notified(self, channel: str, payload: str) -> None:
        if channel == READY and payload == self._settings.queue:
            self._wake.set()
        elif channel == CANCEL:
            for job_id in parse_ids(payload):
                self._runs.cancel(job_id)

    def _facts(self) -> dict[str, Any]:
        return {
            "worker": str(self._lease.worker_id),
            "queue": self._settings.queue,
            "slots": self._settings.slots,
            "kinds": ",".join(sorted(self._handlers)),
        }


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel them until they have ended: Python 3.11's wait_for, beneath the pool, may swallow the first one."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_SECONDS)
