"""/api/admin/jobs/{action}: what is done to many jobs at once, counted first and never to more than were counted."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.accounts import Account
from api.admin.audit import acting, recorded
from api.admin.bodies import read_as
from api.admin.wanted import Chosen, read_box, search_for
from api.auth import require_admin
from api.problems import Problem
from pgqueue import BATCH, Action, EnqueueRefused, JobNotFound, Queue, WrongState
from pgqueue.search import JobSearch, search

MOST_AT_ONCE = 1_000
MOST_LOOKED_AT = 200_000
"""Jobs that a count looks at: a second or so."""

Word = Literal["requeue", "cancel", "delete", "priority"]
ACTIONS: dict[Word, tuple[Action, str]] = {
    "requeue": (Action.REQUEUE, "ended"),
    "cancel": (Action.CANCEL, "unfinished"),
    "delete": (Action.DELETE, "ended"),
    "priority": (Action.PRIORITIZE, "waiting"),
}
"""By the word in the address: what is done, and to which of the jobs."""


class Bulk(BaseModel):
    """An action on many jobs: first with dryRun, which counts them; then with atMost, which that count is for."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)

    filter: Annotated[Chosen, Field(strict=False)]
    dry_run: bool = True
    at_most: int | None = Field(None, ge=1, le=MOST_AT_ONCE)


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
    """A dry run counts; then at most as many as were counted are acted on."""
    admin = await require_admin(request)
    bulk: Bulk = await read_as(BulkMove if word == "priority" else Bulk, request)
    ids, is_all = await _matching(request, bulk.filter, ACTIONS[word][1])
    if bulk.dry_run:
        return _answer(word, matched=len(ids), is_all=is_all, acted=0, refused={})
    if bulk.at_most is None:
        detail = "Count first, with dryRun true; then say atMost, for how many jobs that count is meant."
        raise Problem(
            400, "Invalid input", detail, code="dry_run_first", details=[{"path": "atMost", "message": "is required"}]
        )
    acted, refused = await _act_on(request, admin, word, bulk, ids[: bulk.at_most])
    return _answer(word, matched=len(ids), is_all=is_all, acted=acted, refused=refused)


async def _act_on(
    request: Request, admin: Account, word: Word, bulk: Bulk, ids: Sequence[UUID]
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
            acted = await queue.act_on_many(ACTIONS[word][0], batch, priority=priority, actor=acting(admin))
            facts["acted"] += len(acted.done)
            refused.update(type(error).__name__ for error in acted.refused.values())
            # In use by somebody, or in another state since they were counted: each says which.
            for job_id in set(batch) - {*acted.done, *acted.refused}:
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


def _answer(word: Word, *, matched: int, is_all: bool, acted: int, refused: dict[str, int]) -> Response:
    body = {"action": word, "matched": matched, "isAll": is_all, "acted": acted, "refused": refused}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


async def _matching(request: Request, chosen: Chosen, group: str) -> tuple[list[UUID], bool]:
    """Ids of the jobs, up to MOST_AT_ONCE, and whether those are all."""
    reading = None if chosen.q is None else await read_box(chosen.q, request.app.state.pool, request.app.state.queue)
    wanted: JobSearch = search_for(chosen, reading, group=group)
    ids, before, looked_at = list[UUID](), None, 0
    while looked_at < MOST_LOOKED_AT:
        async with request.app.state.pool.connection() as connection:
            found = await search(connection, wanted, before=before, limit=MOST_AT_ONCE + 1)
        ids += found.job_ids
        if len(ids) > MOST_AT_ONCE or found.following is None:
            return ids[:MOST_AT_ONCE], len(ids) <= MOST_AT_ONCE
        before, looked_at = found.following, looked_at + found.looked_at
    return ids, False
