"""/api/admin/jobs/{action}: what is done to many jobs, counted first and never to more than were counted.

However many they are, they are gone through in rounds, the newest first, each a request of its own: it is seen how far
that is, it can be stopped, and after a break it goes on where it was, with nothing done twice.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.accounts import Account
from api.admin.audit import acting, recorded
from api.admin.bodies import read_as
from api.admin.rounds import CURSOR, Round
from api.admin.wanted import Chosen, read_box, search_for
from api.auth import require_admin
from api.problems import Problem
from pgqueue import BATCH, Action, EnqueueRefused, JobNotFound, Queue, WrongState
from pgqueue.counting import count
from pgqueue.search import JobSearch, Place, search

MOST_COUNTED = 100_000
MOST_LOOKED_AT = 500_000
"""Jobs that a count looks at: a second or so where every one's args must be read."""
ROUND = 1_000
"""Jobs that one request acts on: a second or two."""
ROUND_LOOKS_AT = 200_000
ALREADY = "AlreadyRequeued"
"""Why a round passes over a job that a request for the same round, whose answer is not awaited any more, has done."""

Word = Literal["requeue", "cancel", "delete", "priority"]
ACTIONS: dict[Word, tuple[Action, str]] = {
    "requeue": (Action.REQUEUE, "ended"),
    "cancel": (Action.CANCEL, "unfinished"),
    "delete": (Action.DELETE, "ended"),
    "priority": (Action.PRIORITIZE, "waiting"),
}
"""By the word in the address: what is done, and to which of the jobs."""


class Bulk(BaseModel):
    """An action on many jobs: first with dryRun, which counts them; then with atMost, which that count is for.

    cursor: as the answer before gave it. A round takes up to 1,000; one whose answer was lost is asked again with the
    same cursor, and does nothing a second time.
    """

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)

    filter: Annotated[Chosen, Field(strict=False)]
    dry_run: bool = True
    at_most: int | None = Field(None, ge=1, le=MOST_COUNTED)
    cursor: Annotated[Round, PlainValidator(Round.read), WithJsonSchema(CURSOR)] | None = None


class BulkMove(Bulk):
    """The same, and the priority that the jobs are moved to."""

    priority: int = Field(ge=1, le=10)


async def requeue(request: Request) -> Response:
    """POST /api/admin/jobs/requeue: of the jobs that have ended."""
    return await _act_on_many(request, "requeue")


async def cancel(request: Request) -> Response:
    """POST /api/admin/jobs/cancel: of the jobs that have not."""
    return await _act_on_many(request, "cancel")


async def delete(request: Request) -> Response:
    """POST /api/admin/jobs/delete: of the jobs that have ended."""
    return await _act_on_many(request, "delete")


async def move(request: Request) -> Response:
    """POST /api/admin/jobs/priority: of the jobs that wait."""
    return await _act_on_many(request, "priority")


async def _act_on_many(request: Request, word: Word) -> Response:
    """A dry run counts; then at most as many as were counted are acted on, a round at a time."""
    admin = await require_admin(request)
    bulk: Bulk = await read_as(BulkMove if word == "priority" else Bulk, request)
    if bulk.dry_run:
        return await _count(request, word, bulk)
    if bulk.at_most is None:
        detail = "Count first, with dryRun true; then say atMost, for how many jobs that count is meant."
        raise Problem(
            400, "Invalid input", detail, code="dry_run_first", details=[{"path": "atMost", "message": "is required"}]
        )
    start = bulk.cursor or await _begin(request)
    wanted = await _wanted(request, word, bulk.filter, start)
    ids, place = await _next(request, wanted, start.place, min(bulk.at_most, ROUND))
    acted, refused = await _act_on(request, admin, word, bulk, ids, once=start.name)
    following = None if place is None else Round(start.counted_at, place)
    return _answer(word, matched=len(ids), is_all=place is None, following=following, acted=acted, refused=refused)


async def _act_on(
    request: Request, admin: Account, word: Word, bulk: Bulk, ids: Sequence[UUID], *, once: str
) -> tuple[int, dict[str, int]]:
    """How many it was done to, and why not to the others."""
    asked: dict[str, Any] = {
        "filter": bulk.filter.model_dump(mode="json", by_alias=True, exclude_none=True),
        "atMost": bulk.at_most,
    }
    priority = bulk.priority if isinstance(bulk, BulkMove) else None
    if priority is not None:
        asked["priority"] = priority
    refused: Counter[str] = Counter()
    queue: Queue = request.app.state.queue
    async with recorded(request, admin, f"jobs.{word}", "jobs", **asked) as facts:
        # Kept up to date: should the database go away half-way, the log still says how far it came.
        facts |= {"acted": 0, "refused": refused}
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            acted = await queue.act_on_many(ACTIONS[word][0], batch, priority=priority, once=once, actor=acting(admin))
            facts["acted"] += len(acted.done)
            refused.update(type(error).__name__ for error in acted.refused.values())
            refused.update({ALREADY: len(acted.already)} if acted.already else {})
            # In use by somebody, or in another state since they were counted: each says which.
            for job_id in set(batch) - {*acted.done, *acted.refused, *acted.already}:
                try:
                    await _alone(queue, word, job_id, priority=priority, actor=acting(admin))
                    facts["acted"] += 1
                except (JobNotFound, WrongState, EnqueueRefused) as error:
                    refused[type(error).__name__] += 1
    return facts["acted"], dict(refused)


async def _alone(queue: Queue, word: Word, job_id: UUID, *, priority: int | None, actor: str) -> None:
    match word:
        case "requeue":
            await queue.requeue(job_id, actor=actor)
        case "cancel":
            await queue.cancel(job_id, actor=actor)
        case "delete":
            await queue.delete(job_id, actor=actor)
        case "priority":
            assert priority is not None
            await queue.set_priority(job_id, priority, actor=actor)


def _answer(
    word: Word, *, matched: int, is_all: bool, following: Round | None, acted: int, refused: dict[str, int]
) -> Response:
    cursor = None if following is None else str(following)
    body = {
        "action": word, "matched": matched, "isAll": is_all, "acted": acted, "refused": refused, "cursor": cursor,
    }  # fmt: skip
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


async def _count(request: Request, word: Word, bulk: Bulk) -> Response:
    wanted = await _wanted(request, word, bulk.filter, bulk.cursor)
    async with request.app.state.pool.connection() as connection:
        counted = await count(
            connection,
            wanted,
            before=None if bulk.cursor is None else bulk.cursor.place,
            most=MOST_COUNTED,
            most_looked_at=MOST_LOOKED_AT,
        )
    at = bulk.cursor.counted_at if bulk.cursor else counted.at
    following = None if counted.last is None else Round(at, counted.last)
    if counted.first is not None:
        following = Round.beginning_with(counted.first, at)
    is_all = counted.last is None
    return _answer(word, matched=counted.jobs, is_all=is_all, following=following, acted=0, refused={})


async def _begin(request: Request) -> Round:
    """Of whoever acts without a cursor: now, with the newest."""
    async with request.app.state.pool.connection() as connection:
        row = await (await connection.execute("select statement_timestamp()")).fetchone()
    return Round(row[0])


async def _wanted(request: Request, word: Word, chosen: Chosen, start: Round | None) -> JobSearch:
    """Of the chosen jobs those that it can be done to; once they were counted, those that it could be done to then."""
    reading = None if chosen.q is None else await read_box(chosen.q, request.app.state.pool, request.app.state.queue)
    wanted = search_for(chosen, reading, group=ACTIONS[word][1])
    return wanted if start is None else replace(wanted, criteria=(*wanted.criteria, *start.criteria(word)))


async def _next(
    request: Request, wanted: JobSearch, before: Place | None, size: int
) -> tuple[list[UUID], Place | None]:
    """Ids of so many jobs, and the place behind them where there may be more."""
    ids, looked_at = list[UUID](), 0
    while True:
        async with request.app.state.pool.connection() as connection:
            found = await search(connection, wanted, before=before, limit=size - len(ids))
        ids, before, looked_at = [*ids, *found.job_ids], found.following, looked_at + found.looked_at
        if before is None or len(ids) == size or looked_at >= ROUND_LOOKS_AT:
            return ids, before
