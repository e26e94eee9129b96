"""A worker process: claims jobs, has its children run them, writes how they end. It computes nothing itself."""

import asyncio
import logging
import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from operator import itemgetter
from typing import Any
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pgqueue import health, memory
from pgqueue.claim import claim, held_jobs, promote
from pgqueue.cursor import Cursor
from pgqueue.database import open_pool
from pgqueue.ending import Ending, Endings, crashed
from pgqueue.errors import LeaseLost
from pgqueue.executor import Executor, ProgressReport
from pgqueue.handlers import Handler
from pgqueue.hints import CANCEL, READY, parse_ids
from pgqueue.job import ClaimedJob, JobState, Outcome
from pgqueue.lease import Lease
from pgqueue.listener import Listener
from pgqueue.maintenance import Keep, Maintenance
from pgqueue.outage import loudness, reason
from pgqueue.pace import Pace, deal
from pgqueue.progress import ProgressBoard
from pgqueue.settings import Settings
from pgqueue.spawn import prepare_forkserver
from pgqueue.vitals import Vitals

DATABASE_AWAY_SECONDS = 0.5
STRAYS_SECONDS = 5.0
"""How often a worker looks for runs it was given and never heard of; at once after a claim that failed."""
CANCEL_AGAIN_SECONDS = 1.0
LAST_WORDS_SECONDS = 5.0
"""How long a stopping worker waits for a database that does not answer."""

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
        self._board = ProgressBoard(
            self._pool,
            self._lease.worker_id,
            tick_seconds=settings.progress_seconds,
            on_lease_lost=self._abandon,
        )
        self._endings = Endings(self._pool, self._lease.worker_id)
        self._handlers = handlers
        # How many runs each slot is given at the moment.
        self._loads: dict[Executor, int] = {
            Executor(
                handlers,
                {"DATABASE_URL": database_url},
                cancel_grace_seconds=settings.cancel_grace_seconds,
                child_max_jobs=settings.child_max_jobs,
                child_memory_bytes=settings.child_memory_mb * memory.MEGABYTE,
            ): 0
            for _ in range(settings.slots)
        }
        # When each slot last ended what it was given.
        self._idle_since: dict[Executor, float] = {}
        self._running: dict[UUID, tuple[ClaimedJob, Executor]] = {}
        self._runs: set[asyncio.Task[None]] = set()
        self._pace = Pace()
        self._strays_at = 0.0
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._giving_back = asyncio.Event()
        self._ended: Counter[str] = Counter()
        self._claims_failed = 0
        self._answered_at: float | None = None
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
        prepare_forkserver(self._handlers)
        async with AsyncExitStack() as stack:
            if self._settings.worker_port is not None:
                told = health.serve(self.vitals, host=self._settings.worker_host, port=self._settings.worker_port)
                self.health_port = await stack.enter_async_context(told)
            await stack.enter_async_context(self._pool)
            stack.push_async_callback(self._close_children)
            await asyncio.gather(*(executor.start() for executor in self._loads))
            await self._take_lease()
            async with asyncio.TaskGroup() as group:
                background = [
                    group.create_task(work, name=f"pgqueue {name}")
                    for name, work in {
                        "lease": self._keep_lease(),
                        "listener": self._listener().run(),
                        "maintenance": self._maintenance().run(),
                        "memory": memory.watch(self._loads),
                        "progress": self._board.run(),
                        "endings": self._endings.run(),
                    }.items()
                ]
                log.info("worker started", extra=self._facts())
                self.started.set()
                await self._claim_until_stopped()
                await self._drain()
                await _end(background)
            await self._part()
        log.info("worker stopped", extra=self._facts())

    async def _claim_until_stopped(self) -> None:
        queue, is_capped = self._settings.queue, False
        while not self._stopping.is_set():
            # Cleared before looking, not before waiting: what comes in between is looked at again.
            self._wake.clear()
            await self._give_back_strays()
            ahead = self._pace.jobs_ahead
            places = self._places(ahead)
            room = len(places) * ahead
            if not room:
                # A slot that falls free wakes us; nothing else matters before.
                await self._sleep(self._settings.poll_seconds)
                continue
            try:
                jobs = await self._claim(room, is_capped=is_capped)
                self._answered_at = time.monotonic()
                self._start(jobs, places)
                if len(jobs) == room:
                    # As many as there was room for: more may wait, and a slot may be free again already.
                    continue
                due = await promote(self._pool, queue=queue)
                pause = due.seconds
                if due.is_capped is not is_capped:
                    is_capped, pause = due.is_capped, 0.0
            except (psycopg.Error, PoolTimeout) as error:
                self._claims_failed += 1
                log.log(loudness(error), "claim failed; trying again", extra={"reason": reason(error)})
                pause = DATABASE_AWAY_SECONDS
                self._strays_at = 0.0
            await self._sleep(min(self._settings.poll_seconds, self._settings.poll_seconds if pause is None else pause))

    async def _claim(self, limit: int, *, is_capped: bool) -> list[ClaimedJob]:
        worker_id = self._lease.worker_id
        return await claim(
            self._pool,
            queue=self._settings.queue,
            worker_id=worker_id,
            limit=limit,
            cursor=self._cursor,
            is_capped=is_capped,
        )

    async def _give_back_strays(self) -> None:
        """Give back what was claimed in our name by a claim whose answer was lost: nobody would ever run it.

        No claim of ours may be under way meanwhile. One that a cut network delivers late is found the next time.
        """
        if time.monotonic() < self._strays_at:
            return
        known = self._known_ids()
        try:
            held = await held_jobs(self._pool, worker_id=self._lease.worker_id)
        except (psycopg.Error, PoolTimeout) as error:
            log.debug("strays not looked for", extra={"reason": str(error).strip()})
            return
        self._strays_at = time.monotonic() + STRAYS_SECONDS
        # What ended while we asked was known before.
        strays = [(job_id, attempt) for job_id, attempt in held if job_id not in known | self._known_ids()]
        if strays:
            log.warning("gave back jobs whose claim was never answered", extra={"count": len(strays)})
            ending = self._end([Ending(job_id, attempt, Outcome.RELEASED) for job_id, attempt in strays])
            task = asyncio.create_task(ending, name="pgqueue strays")
            self._runs.add(task)
            task.add_done_callback(self._runs.discard)

    def _known_ids(self) -> set[UUID]:
        return self._running.keys() | self._endings.job_ids

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    def _places(self, ahead: int) -> list[Executor]:
        """Where jobs may go now, idle slots first; a slot of short jobs takes the next ones while it runs the last."""
        most = 1 if ahead == 1 else 2
        able = ((load, executor) for executor, load in self._loads.items() if not executor.rest_seconds)
        free = ((load, executor) for load, executor in able if load == 0 or not executor.is_worn)
        places = [(load + more, executor) for load, executor in free for more in range(most - load)]
        return [executor for _, executor in sorted(places, key=itemgetter(0))]

    def _start(self, jobs: Sequence[ClaimedJob], places: Sequence[Executor]) -> None:
        """Deal the jobs out to the places."""
        for executor, dealt in zip(places, deal(jobs, len(places)), strict=False):
            self._loads[executor] += 1
            for job in dealt:
                self._running[job.id] = (job, executor)
                # The first report says that the job runs: a claim sends no hint of its own.
                self._board.report(job, ProgressReport(0, None, None))
            run = asyncio.create_task(self._run(dealt, executor), name=f"pgqueue job {dealt[0].id}")
            self._runs.add(run)
            run.add_done_callback(self._runs.discard)

    async def _run(self, jobs: Sequence[ClaimedJob], executor: Executor) -> None:
        worker_id = self._lease.worker_id
        began = time.monotonic()
        try:
            endings = await executor.run(jobs, self._board.report)
        except Exception as error:
            # A fault of ours. The slot and the jobs must not be lost for it, nor the child be trusted again.
            log.exception("run failed", extra={"jobs": len(jobs)})
            endings = [crashed(job, f"The worker failed at running it: {type(error).__name__}.") for job in jobs]
            with suppress(OSError):
                await executor.kill()
        finally:
            self._free(executor)
        ended = time.monotonic()
        # Until those before them ended, these jobs waited: that is no time of theirs.
        self._pace.note((ended - max(began, self._idle_since.get(executor, began))) / len(jobs))
        self._idle_since[executor] = ended
        # One that is not running any more was abandoned or given back: it is another's by now.
        ours = [ending for ending in endings if self._running.pop(ending.job_id, None) is not None]
        if ours and worker_id == self._lease.worker_id:
            await self._end(ours)

    def _free(self, executor: Executor) -> None:
        self._loads[executor] -= 1
        self._wake.set()
        if executor.rest_seconds:
            asyncio.get_running_loop().call_later(executor.rest_seconds, self._wake.set)

    async def _end(self, endings: Sequence[Ending]) -> None:
        written = await self._endings.write(endings)
        for ending in endings:
            ended = written.get(ending.job_id)
            if ended is None:
                continue
            state = ended.state
            self._ended[ending.outcome.value] += 1
            if log.isEnabledFor(logging.INFO):
                _tell(ending, state)
            # What it left behind its user's limit may be ready since this commit, and not before: nobody else says so.
            is_ready = state is JobState.READY or ended.limited
            self._board.ended(ending.job_id, ready_queue=self._settings.queue if is_ready else None)
            if is_ready or state in (JobState.HELD, JobState.SCHEDULED):
                self._wake.set()

    async def _drain(self) -> None:
        self._lease.draining = True
        if self._runs:
            log.info("draining", extra={"running": len(self._running)})
            done = asyncio.create_task(asyncio.wait(self._runs))
            give_back = asyncio.create_task(self._giving_back.wait())
            await asyncio.wait(
                (done, give_back), timeout=self._settings.drain_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            give_back.cancel()
            releases = asyncio.gather(*(self._release(job_id) for job_id in list(self._running)))
            # What cannot be written by now, because the database is away, is rescued when the lease lapses.
            await asyncio.wait((asyncio.ensure_future(releases), done), timeout=LAST_WORDS_SECONDS)
            releases.cancel()
            done.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self._board.flush()

    async def _release(self, job_id: UUID) -> None:
        job, executor = self._running.pop(job_id)
        await executor.kill()
        await self._end([Ending(job.id, job.attempt, Outcome.RELEASED)])

    def _abandon(self, job_id: UUID, attempt: int) -> None:
        """Progress was refused: if the run is still ours to know of, it is another worker's now."""
        running = self._running.get(job_id)
        if running is not None and running[0].attempt == attempt:
            log.warning("%s", LeaseLost(job_id, attempt=attempt))
            del self._running[job_id]
            task = asyncio.create_task(running[1].kill())
            self._runs.add(task)
            task.add_done_callback(self._runs.discard)

    def _rescued(self, job_id: UUID, queue: str) -> None:
        self._board.ended(job_id, ready_queue=queue)
        self._wake.set()

    def _cancel(self, job_id: UUID) -> None:
        running = self._running.get(job_id)
        if running is not None:
            running[1].cancel(job_id)

    async def _take_lease(self) -> None:
        await self._lease.take()
        self._board.worker_id = self._lease.worker_id
        self._endings.worker_id = self._lease.worker_id

    async def _keep_lease(self) -> None:
        while True:
            await self._lease.keep(
                running=self._running, on_cancel=self._cancel, on_lost=lambda: None, held_bytes=self._held_bytes
            )
            log.warning("declared dead by another worker; starting anew", extra=self._facts())
            for job_id, (job, _) in list(self._running.items()):
                self._abandon(job_id, job.attempt)
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

    def _maintenance(self) -> Maintenance:
        return Maintenance(
            self._pool,
            self._cursor,
            queue=self._settings.queue,
            worker_id=lambda: self._lease.worker_id,
            keep=Keep.by(self._settings),
            max_wait_seconds=self._settings.max_wait_seconds,
            on_rescued=self._rescued,
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
                self._cancel(job_id)

    async def _part(self) -> None:
        try:
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self._lease.end()
        except (psycopg.Error, PoolTimeout, TimeoutError) as error:
            log.warning("lease not given up; it lapses by itself", extra={"reason": str(error).strip()})

    def vitals(self) -> Vitals:
        """How it is now."""
        answered = self._answered_at
        # A worker with no idle slot asks for nothing: that its lease is renewed is answer enough.
        ages = (self._lease.age_seconds, None if answered is None else time.monotonic() - answered)
        since = [age for age in ages if age is not None]
        return Vitals(
            worker_id=self.id,
            queue=self._settings.queue,
            slots=self._settings.slots,
            running=len(self._running),
            started=self.started.is_set(),
            draining=self._stopping.is_set(),
            lease_seconds=self._settings.lease_seconds,
            lease_age_seconds=self._lease.age_seconds,
            answered_seconds=min(since, default=None),
            ended=dict(self._ended),
            claims_failed=self._claims_failed,
            children_started=sum(executor.children_started for executor in self._loads),
            slots_without_child=sum(executor.start_failures > 0 for executor in self._loads),
            child_bytes=self._child_bytes(),
        )

    def _child_bytes(self) -> int:
        return sum(executor.held_bytes for executor in self._loads)

    def _held_bytes(self) -> int | None:
        """Of this process and its children; None where nobody can say."""
        own = memory.private_bytes(os.getpid())
        return own + self._child_bytes() if own else None

    async def _close_children(self) -> None:
        await asyncio.gather(*(executor.close() for executor in self._loads))

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


def _tell(ending: Ending, state: JobState) -> None:
    facts = {
        "job": str(ending.job_id),
        "attempt": ending.attempt,
        "outcome": ending.outcome.value,
        "state": state.value,
    }
    log.info("job ended", extra=facts | ({"reason": ending.error["message"]} if ending.error else {}))
