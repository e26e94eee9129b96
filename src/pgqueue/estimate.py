"""How long a waiting job will wait: the work ahead of it, done by the live slots as fast as was measured.

Slots take the jobs ahead one after the other, each for as long as the latest runs of its kind took; a job held back by
its owner's limit waits for the owner's own jobs besides. Everything is bounded: what stands deeper than COUNT_LIMIT is
counted by rank and taken for work that is spread evenly over the slots.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heapreplace
from statistics import median
from typing import Any
from uuid import UUID

from pgqueue.job import NOBODY, Estimate

COUNT_LIMIT = 1000
"""Positions are exact up to here; beyond it nobody reads the number, and counting would cost what the queue is deep."""
UNMEASURED_RUN_SECONDS = 1.0
"""What a run is taken to last while the queue has completed none."""
LOWEST_RANK = 31
"""Behind every rank there is."""
PARTS, PART_SECONDS = 6, 10
"""In which arrivals are counted."""
MOST_OVERTAKEN = 0.8
"""A flood of better jobs ends some time."""


@dataclass(frozen=True, slots=True)
class Span:
    """Waiting jobs of one rank, and the turns between which they lie."""

    rank: int
    jobs: int
    first_turn: int
    last_turn: int

    def before(self, rank: int, turn: int) -> float:
        """About how many of them stand before a job there: by how far its turn is."""
        if self.rank != rank:
            return self.jobs if self.rank < rank else 0
        turns = self.last_turn - self.first_turn + 1
        return self.jobs * min(1.0, max(0.0, (turn - self.first_turn) / turns))


@dataclass(frozen=True, slots=True)
class Backlog:
    """A user's held jobs of one rank and kind. slots: how many of the user's run at once, None without a limit."""

    user_id: UUID
    slots: int | None
    kind: str
    held: Span


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a queue's work is done with. run_seconds: the mean of the latest runs, by kind.

    running: what runs now, as (owner, seconds it has left). arrivals: what came of late, as (how many times
    ten seconds ago, rank, kind, jobs).
    """

    workers: int
    slots: int
    paused: bool
    run_seconds: Mapping[str, float]
    running: Sequence[tuple[UUID, float]]
    backlogs: Sequence[Backlog] = ()
    arrivals: Sequence[tuple[int, int, str, int]] = ()
    starts_per_second: float | None = None

    @classmethod
    def of_row(cls, row: Mapping[str, Any], known: Mapping[str, float]) -> "Capacity":
        """From a row of `sql/capacity.sql`. known: what runs took before, for kinds that were not run of late."""
        run_seconds = {**known, **row["run_seconds"]}
        limits = [limit for limit in (row["slots"], row["max_running"]) if limit is not None]
        return cls(
            workers=row["workers"],
            slots=min(limits),
            paused=row["paused"],
            run_seconds=run_seconds,
            running=[
                (UUID(user_id), _left(elapsed, remaining, mean_run(run_seconds, kind)))
                for kind, elapsed, remaining, user_id in row["running"]
            ],
            backlogs=[
                Backlog(UUID(user_id), slots, kind, Span(rank, jobs, first, last))
                for user_id, slots, rank, kind, jobs, first, last in row["backlogs"]
            ],
            arrivals=row["arrivals"],
            starts_per_second=row["starts"] / row["per_seconds"] if row["starts"] and row["per_seconds"] else None,
        )

    @property
    def reason(self) -> str | None:
        """Why nobody can say when a job will start."""
        if self.paused:
            return "paused"
        return "no_workers" if self.workers == 0 or self.slots == 0 else None

    def after(self, seconds: float) -> "Capacity":
        """The same, so much later: what runs has less left."""
        running = [(user_id, max(0.0, left - seconds)) for user_id, left in self.running]
        return replace(self, running=running)


def _left(elapsed: float, remaining: float | None, mean: float) -> float:
    """What a run has left: what it says itself, else what is missing to the mean; past that, half of one more."""
    if remaining is not None:
        return max(0.0, remaining)
    return mean - elapsed if elapsed < mean else mean / 2


def mean_run(run_seconds: Mapping[str, float], kind: str | None = None) -> float:
    """What a run of that kind takes; of a kind that was never run, what a run of any kind takes."""
    if kind is not None and kind in run_seconds:
        return run_seconds[kind]
    return sum(run_seconds.values()) / len(run_seconds) if run_seconds else UNMEASURED_RUN_SECONDS


def estimate(place: Mapping[str, Any], capacity: Capacity, depths: Sequence[Span] = ()) -> Estimate:
    """place: a row of `sql/place.sql`. depths: the queue's, needed where more than COUNT_LIMIT jobs stand before it."""
    seconds = None if capacity.reason else max(place["due_in_seconds"], _seconds(place, capacity, depths))
    return _standing(place, seconds, capacity.reason)


def without_estimate(place: Mapping[str, Any]) -> Estimate | None:
    """Where the job stands while nobody can say when it will start; None when somebody can."""
    reason = "paused" if place["paused"] else None if place["is_served"] else "no_workers"
    return None if reason is None else _standing(place, None, reason)


def _standing(place: Mapping[str, Any], seconds: float | None, reason: str | None) -> Estimate:
    ahead = len(place["ready"]) + len(place["held"])
    is_exact = ahead < COUNT_LIMIT
    return Estimate(
        position=ahead + 1 if is_exact else None,
        position_at_least=None if is_exact else COUNT_LIMIT,
        seconds=seconds,
        reason=reason,
    )


def newcomer(capacity: Capacity, ready: int) -> float | None:
    """Seconds that a job enqueued now at the lowest priority would wait, behind so many ready ones."""
    if capacity.reason:
        return None
    slots, running, work = _shared(capacity, LOWEST_RANK, 0, NOBODY)
    work += ready * mean_run(capacity.run_seconds)
    return max(spread(free_at(slots, running), work), _throttled(capacity, ready))


def _seconds(place: Mapping[str, Any], capacity: Capacity, depths: Sequence[Span]) -> float:
    slots, running, work = _shared(capacity, place["rank"], place["turn"], place["user_id"])
    free = free_at(slots, running)
    own_ends = [left for user_id, left in capacity.running if user_id == place["user_id"]]
    for kind, is_own in zip(place["ready"], place["is_own"], strict=True):
        ends = free[0] + mean_run(capacity.run_seconds, kind)
        heapreplace(free, ends)
        if is_own:
            own_ends.append(ends)
    count = float(len(place["ready"]))
    if count >= COUNT_LIMIT:
        count = max(count, sum(depth.before(place["rank"], place["turn"]) for depth in depths))
    work += (count - len(place["ready"])) * mean_run(capacity.run_seconds)
    work += sum(mean_run(capacity.run_seconds, kind) for kind in place["held"])
    shared = spread(free, work) / (1 - overtaken(capacity, place["rank"]))
    return max(shared, _behind_own(place, capacity, own_ends), _throttled(capacity, count))


def _behind_own(place: Mapping[str, Any], capacity: Capacity, own_ends: list[float]) -> float:
    """For a held job: one of its owner's ends for each that starts."""
    if place["state"] != "held" or place["lane_slots"] is None:
        return 0.0
    lane = free_at(place["lane_slots"], own_ends)
    for kind in place["held"]:
        heapreplace(lane, lane[0] + mean_run(capacity.run_seconds, kind))
    return lane[0]


def _shared(capacity: Capacity, rank: int, turn: int, user_id: UUID) -> tuple[int, list[float], float]:
    """Slots that a job there can get, when they are free, and the held work of others that goes before it.

    A user with held jobs before it keeps as many slots busy as may be his. While some are left, they are the ones to
    wait for; when none are, all of that work goes first.
    """
    before = [
        (each, jobs)
        for each in capacity.backlogs
        if each.user_id != user_id and (jobs := each.held.before(rank, turn)) >= 1
    ]
    taken = {each.user_id: capacity.slots if each.slots is None else each.slots for each, _ in before}
    left = capacity.slots - sum(taken.values())
    if left > 0:
        return left, [seconds for owner, seconds in capacity.running if owner not in taken], 0.0
    work = sum(jobs * mean_run(capacity.run_seconds, each.kind) for each, jobs in before)
    return capacity.slots, [seconds for _, seconds in capacity.running], work


def overtaken(capacity: Capacity, rank: int) -> float:
    """The part of the slots' time that jobs of better ranks will take which are not there yet, if they go on coming.

    By the middle one of the last minute's parts: a single burst is no stream.
    """
    work = [0.0] * PARTS
    for part, other, kind, jobs in capacity.arrivals:
        if other < rank:
            work[part] += jobs * mean_run(capacity.run_seconds, kind)
    return min(MOST_OVERTAKEN, median(work) / PART_SECONDS / capacity.slots)


def _throttled(capacity: Capacity, ahead: float) -> float:
    """The least that a limit of starts per second allows."""
    return ahead / capacity.starts_per_second if capacity.starts_per_second else 0.0


def free_at(slots: int, running: Iterable[float]) -> list[float]:
    """When each slot is free, as a heap. Where more runs than there are slots, the first ends free none."""
    ends = sorted(running)
    free = [0.0] * (slots - len(ends)) + ends[max(0, len(ends) - slots) :]
    heapify(free)
    return free


def spread(free: Sequence[float], work: float) -> float:
    """When the first slot is free again after so many seconds of work were spread over them, the free ones first."""
    level, ordered = 0.0, sorted(free)
    for count, (begins, following) in enumerate(zip(ordered, [*ordered[1:], math.inf], strict=True), 1):
        level = begins + work / count
        if level <= following:
            return level
        work -= (following - begins) * count
    return level
