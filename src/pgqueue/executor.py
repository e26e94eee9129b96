"""One slot: a child process and the run it is at. Computing happens there and only there."""

import asyncio
import json
import logging
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pgqueue import frames, memory
from pgqueue.ending import Ending, completed, crashed, failed, raised, snoozed
from pgqueue.errors import ChildStartFailed
from pgqueue.frames import Kind
from pgqueue.handlers import Handler
from pgqueue.job import ClaimedJob, Outcome
from pgqueue.spawn import Child, reap, spawn

START_PAUSE_SECONDS = (1.0, 30.0)
"""After a child that did not start: at first, doubled each time, and at most."""
TERMINATE_SECONDS = 0.5
"""Between SIGTERM and SIGKILL: libraries may flush what they hold, ours hold nothing."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProgressReport:
    percent: int
    step: str | None
    remaining_seconds: float | None


OnProgress = Callable[[ClaimedJob, ProgressReport], None]


class Executor:
    """Runs jobs one after the other in a child; replaces the child when it dies, is killed, or has run its share."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        environment: Mapping[str, str],
        *,
        cancel_grace_seconds: float,
        child_max_jobs: int,
        child_memory_bytes: int,
    ) -> None:
        self._handlers = handlers
        self._environment = environment
        self._grace = cancel_grace_seconds
        self._max_jobs = child_max_jobs
        self._max_bytes = child_memory_bytes
        self._child: Child | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._turn = asyncio.Lock()
        self._runs = 0
        self._current: UUID | None = None
        self._step: str | None = None
        self._overgrown_bytes = 0
        """What the child held that was stopped for it; 0 when it was not."""
        self.children_started = 0
        self.start_failures = 0
        """Since a child last came up."""
        self._rests_until = 0.0

    @property
    def rest_seconds(self) -> float:
        """For so long it is to be given nothing, for no child came up a moment ago; 0 when it may."""
        return max(0.0, self._rests_until - time.monotonic())

    @property
    def is_worn(self) -> bool:
        """Its child has run its share of jobs, or kept half of its memory: it is replaced when it has nothing to do."""
        child = self._child
        return child is not None and (
            child.jobs >= self._max_jobs or child.held_bytes > (child.base_bytes + self._max_bytes) / 2
        )

    @property
    def held_bytes(self) -> int:
        """What the child held when last looked at."""
        return 0 if self._child is None else self._child.held_bytes

    async def check_memory(self) -> None:
        """Look at the child: stop the run that holds too much, replace a child that kept much and is idle."""
        child = self._child
        if child is None:
            return
        child.held_bytes = memory.private_bytes(child.process.pid or 0)
        if child.held_bytes > self._max_bytes and self._current is not None:
            self._overgrown_bytes = child.held_bytes
            await self.kill()
        elif self.is_worn and not self._runs:
            await self.kill()

    async def start(self) -> None:
        """Have a child ready. ChildStartFailed when none comes up."""
        async with self._starting:
            if self._child is None:
                try:
                    self._child = await spawn(self._handlers, self._environment, max_bytes=self._max_bytes)
                except ChildStartFailed:
                    shortest, longest = START_PAUSE_SECONDS
                    self._rests_until = time.monotonic() + min(longest, shortest * 2 ** min(self.start_failures, 10))
                    self.start_failures += 1
                    raise
                self.start_failures = 0
                self.children_started += 1

    async def run(self, jobs: Sequence[ClaimedJob], on_progress: OnProgress) -> list[Ending]:
        """Run the jobs one after the other, each to its end, whatever that is; never raises for what they do.

        May be called while another call runs: its jobs come after that one's, without a pause between the two. When
        the child dies over a job, those that it had not begun are given back; so are all when no child comes up.
        """
        endings: list[Ending] = []
        self._runs += 1
        try:
            await self.start()
            child = self._child
            assert child is not None
            child.jobs += len(jobs)
            # At once, so that the child need not wait for us: neither between two jobs nor between two calls.
            child.writer.write(b"".join(map(_frame, jobs)))
            async with self._turn:
                for job in jobs:
                    if self._child is not child:
                        break
                    endings.append(await self._run_one(job, on_progress, is_first=child.ended == 0))
                    child.ended += 1
        except ChildStartFailed as error:
            # Nothing of the job's: it has not begun, and goes to a slot that can run it.
            log.error("%s", error)  # noqa: TRY400 - the sentence says it all
        finally:
            self._runs -= 1
        if self.is_worn and not self._runs:
            await self.kill()
        return endings + [Ending(job.id, job.attempt, Outcome.RELEASED) for job in jobs[len(endings) :]]

    async def _run_one(self, job: ClaimedJob, on_progress: OnProgress, *, is_first: bool) -> Ending:
        self._current, self._step, self._overgrown_bytes = job.id, None, 0
        limit = self._time_limit(job)
        try:
            async with asyncio.timeout(limit):
                return await self._converse(job, on_progress)
        except TimeoutError:
            await self.kill()
            message = f"The run took longer than its limit of {limit:g} s{self._at()}."
            return failed(job, "TimeLimitExceeded", message, figures={"limitSeconds": limit or 0})
        except (EOFError, OSError):  # the child is gone
            if self._overgrown_bytes:
                return self._overgrown(job, self._overgrown_bytes, is_first=is_first)
            return crashed(job, await self._obituary())
        finally:
            self._current = None
            await self._call_off()

    def cancel(self, job_id: UUID) -> None:
        """Ask the run to stop; when it does not within the grace, stop the child.

        One that has not begun is let be: it will take milliseconds, and a job that was asked to cancel never completes.
        """
        if self._child is not None and self._stopping is None and job_id == self._current:
            self._child.writer.write(frames.pack(Kind.CANCEL, str(job_id).encode()))
            self._stopping = asyncio.create_task(self._stop_after_grace(), name="pgqueue cancel")

    async def kill(self) -> None:
        """End the child now; its run ends as crashed unless something else was decided about it."""
        if self._child is not None:
            child, self._child = self._child, None
            child.process.kill()
            await reap(child)

    async def close(self) -> None:
        """Let an idle child go: it ends when its socket does."""
        await self.kill()

    def _time_limit(self, job: ClaimedJob) -> float | None:
        handler = self._handlers.get(job.kind)
        return handler.time_limit if handler is not None else None

    async def _converse(self, job: ClaimedJob, on_progress: OnProgress) -> Ending:
        child = self._child
        # A kill takes the child away between two frames, too: what it had still said counts no more.
        while child is not None and self._child is child:
            kind, body = await frames.read(child.reader)
            if kind is Kind.PROGRESS:
                percent, self._step, remaining = json.loads(body)
                on_progress(job, ProgressReport(percent, self._step, remaining))
            elif kind is Kind.RESULT:
                return completed(job, body)
            elif kind is Kind.FAILURE:
                return raised(job, json.loads(body))
            elif kind is Kind.SNOOZE:
                return snoozed(job, *json.loads(body))
        raise EOFError

    def _overgrown(self, job: ClaimedJob, held_bytes: int, *, is_first: bool) -> Ending:
        held, limit = held_bytes // memory.MEGABYTE, self._max_bytes // memory.MEGABYTE
        message = (
            f"The run held {held:,} MB of memory{self._at()}, its limit is {limit:,} MB. "
            "Ask for less in one run, or raise PGQUEUE_CHILD_MEMORY_MB."
        )
        # In a fresh child all of it was the run's own, and would be again; else another job may have left some behind.
        figures = {"heldMegabytes": held, "limitMegabytes": limit}
        return failed(job, "MemoryLimitExceeded", message, permanent=is_first, figures=figures)

    async def _call_off(self) -> None:
        """What was asked to stop has ended, one way or another."""
        if self._stopping is not None:
            self._stopping.cancel()
            await asyncio.gather(self._stopping, return_exceptions=True)
            self._stopping = None

    async def _stop_after_grace(self) -> None:
        await asyncio.sleep(self._grace)
        if self._child is not None:
            self._child.process.terminate()
            await asyncio.sleep(TERMINATE_SECONDS)
        if self._child is not None:
            self._child.process.kill()

    async def _obituary(self) -> str:
        child, self._child = self._child, None
        if child is None:
            return f"The child process was stopped{self._at()}."
        # Its socket closes a moment before it is gone: the exit code tells what happened only if it is waited for.
        code = await reap(child)
        if code is not None and code < 0:
            return f"The child process was killed by {signal.Signals(-code).name}{self._at()}."
        return f"The child process exited with code {code}{self._at()}."

    def _at(self) -> str:
        return f" at step {self._step!r}" if self._step else ""


def _frame(job: ClaimedJob) -> bytes:
    header = json.dumps({"id": str(job.id), "attempt": job.attempt, "kind": job.kind}).encode()
    return frames.pack(Kind.JOB, header + b"\n" + job.args)
