"""What a worker's slots run now: where each run is, what it reports, and how it ends."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from operator import itemgetter
from typing import Any
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from pgqueue.ending import Ending, Endings, crashed
from pgqueue.errors import LeaseLost
from pgqueue.executor import Executor, ProgressReport
from pgqueue.job import ClaimedJob, JobState, Outcome
from pgqueue.lease import Lease
from pgqueue.pace import Pace, deal
from pgqueue.progress import ProgressBoard
from pgqueue.settings import Settings

LAST_WORDS_SECONDS = 5.0
"""How long a stopping worker waits for a database that does not answer."""

log = logging.getLogger(__name__)


class Runs:
    """Deals jobs out to the slots and writes how they end, in the name of the lease's holder."""

    def __init__(
        self,
        executors: Iterable[Executor],
        pool: AsyncConnectionPool,
        lease: Lease,
        settings: Settings,
        wake: asyncio.Event,
    ) -> None:
        """wake: set whenever a slot falls free or a job may be ready."""
        self._lease = lease
        self._queue = settings.queue
        self._wake = wake
        # How many runs each slot is given at the moment.
        self.loads: dict[Executor, int] = dict.fromkeys(executors, 0)
        # When each slot last ended what it was given.
        self._idle_since: dict[Executor, float] = {}
        self.jobs: dict[UUID, tuple[ClaimedJob, Executor]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.board = ProgressBoard(
            pool, lease.worker_id, tick_seconds=settings.progress_seconds, on_lease_lost=self.abandon
        )
        self.endings = Endings(pool, lease.worker_id)
        self.pace = Pace()
        self.ended: Counter[str] = Counter()

    async def open(self) -> None:
        """Have a warm child in every slot."""
        await asyncio.gather(*(executor.start() for executor in self.loads))

    async def close(self) -> None:
        await asyncio.gather(*(executor.close() for executor in self.loads))

    def act_as(self, worker_id: UUID) -> None:
        """What is written from here on is written in that name."""
        self.board.worker_id = worker_id
        self.endings.worker_id = worker_id

    @property
    def known_ids(self) -> AbstractSet[UUID]:
        """What runs, and what has ended and is not written yet."""
        return self.jobs.keys() | self.endings.job_ids

    def places(self, ahead: int) -> list[Executor]:
        """Where jobs may go now, idle slots first; a slot of short jobs takes the next ones while it runs the last."""
        most = 1 if ahead == 1 else 2
        able = ((load, executor) for executor, load in self.loads.items() if not executor.rest_seconds)
        free = ((load, executor) for load, executor in able if load == 0 or not executor.is_worn)
        places = [(load + more, executor) for load, executor in free for more in range(most - load)]
        return [executor for _, executor in sorted(places, key=itemgetter(0))]

    def start(self, jobs: Sequence[ClaimedJob], places: Sequence[Executor]) -> None:
        """Deal the jobs out to the places."""
        for executor, dealt in zip(places, deal(jobs, len(places)), strict=False):
            self.loads[executor] += 1
            for job in dealt:
                self.jobs[job.id] = (job, executor)
                # The first report says that the job runs: a claim sends no hint of its own.
                self.board.report(job, ProgressReport(0, None, None))
            self._own(self._run(dealt, executor), f"job {dealt[0].id}")

    def give_back(self, strays: Sequence[tuple[UUID, int]]) -> None:
        """Release runs, as (job, attempt), that were claimed in our name and that no slot has."""
        self._own(self._end([Ending(job_id, attempt, Outcome.RELEASED) for job_id, attempt in strays]), "strays")

    def cancel(self, job_id: UUID) -> None:
        running = self.jobs.get(job_id)
        if running is not None:
            running[1].cancel(job_id)

    def abandon(self, job_id: UUID, attempt: int) -> None:
        """Progress was refused: if the run is still ours to know of, it is another worker's now."""
        running = self.jobs.get(job_id)
        if running is not None and running[0].attempt == attempt:
            log.warning("%s", LeaseLost(job_id, attempt=attempt))
            del self.jobs[job_id]
            self._own(running[1].kill(), f"end of job {job_id}")

    def abandon_all(self) -> None:
        """We were declared dead, and all of it is others' by now."""
        for job_id, (job, _) in list(self.jobs.items()):
            self.abandon(job_id, job.attempt)

    def rescued(self, job_id: UUID, queue: str) -> None:
        self.board.ended(job_id, ready_queue=queue)
        self._wake.set()

    async def drain(self, seconds: float, giving_back: asyncio.Event) -> None:
        """Wait so long for what runs, or until giving_back; give back the rest, and say the last words."""
        if self._tasks:
            log.info("draining", extra={"running": len(self.jobs)})
            done = asyncio.create_task(asyncio.wait(self._tasks))
            give_back = asyncio.create_task(giving_back.wait())
            await asyncio.wait((done, give_back), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            give_back.cancel()
            releases = asyncio.gather(*(self._release(job_id) for job_id in list(self.jobs)))
            # What cannot be written by now, because the database is away, is rescued when the lease lapses.
            await asyncio.wait((asyncio.ensure_future(releases), done), timeout=LAST_WORDS_SECONDS)
            releases.cancel()
            done.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self.board.flush()

    async def _run(self, jobs: Sequence[ClaimedJob], executor: Executor) -> None:
        worker_id = self._lease.worker_id
        began = time.monotonic()
        try:
            endings = await executor.run(jobs, self.board.report)
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
        self.pace.note((ended - max(began, self._idle_since.get(executor, began))) / len(jobs))
        self._idle_since[executor] = ended
        # One that is not running any more was abandoned or given back: it is another's by now.
        ours = [ending for ending in endings if self.jobs.pop(ending.job_id, None) is not None]
        if ours and worker_id == self._lease.worker_id:
            await self._end(ours)

    def child_bytes(self) -> int:
        return sum(executor.held_bytes for executor in self.loads)

    def _free(self, executor: Executor) -> None:
        self.loads[executor] -= 1
        self._wake.set()
        if executor.rest_seconds:
            asyncio.get_running_loop().call_later(executor.rest_seconds, self._wake.set)

    async def _end(self, endings: Sequence[Ending]) -> None:
        written = await self.endings.write(endings)
        for ending in endings:
            ended = written.get(ending.job_id)
            if ended is None:
                continue
            state = ended.state
            self.ended[ending.outcome.value] += 1
            if log.isEnabledFor(logging.INFO):
                _tell(ending, state)
            # What it left behind its user's limit may be ready since this commit, and not before: nobody else says so.
            is_ready = state is JobState.READY or ended.limited
            self.board.ended(ending.job_id, ready_queue=self._queue if is_ready else None)
            if is_ready or state in (JobState.HELD, JobState.SCHEDULED):
                self._wake.set()

    async def _release(self, job_id: UUID) -> None:
        job, executor = self.jobs.pop(job_id)
        await executor.kill()
        await self._end([Ending(job.id, job.attempt, Outcome.RELEASED)])

    def _own(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=f"pgqueue {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _tell(ending: Ending, state: JobState) -> None:
    facts = {
        "job": str(ending.job_id),
        "attempt": ending.attempt,
        "outcome": ending.outcome.value,
        "state": state.value,
    }
    log.info("job ended", extra=facts | ({"reason": ending.error["message"]} if ending.error else {}))
