"""/api/admin/jobs: found among very many, looked into, run again or cancelled, one or many."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.accounts import Account
from api.admin.audit import acting, as_uuid, recorded
from api.admin.bodies import read_as
from api.auth import require_admin
from api.backtests import parse_job_id
from api.enqueue import standing
from api.forms import checked
from api.paging import page, whole_number
from api.problems import Problem, conflict, not_found
from api.shapes import iso, job_shape
from api.wording import language_of
from pgqueue import EnqueueRefused, JobNotFound, JobSnapshot, Queue, WrongState, overview
from pgqueue.search import JobSearch, search

PAGE_LIMIT = 200
MOST_AT_ONCE = 1_000
MOST_LOOKED_AT = 200_000
"""Jobs that a count looks at: a second or so."""

Text = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class Wanted(BaseModel):
    """Which jobs; what is left out is not asked. error: a part of its message. since, until: when it was created."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")

    job_id: UUID | None = None
    user_id: UUID | None = None
    queue: Text | None = None
    kind: Text | None = None
    status: Literal["waiting", "processing", "completed", "failed", "cancelled"] | None = None
    symbol: Text | None = None
    strategy_id: Text | None = None
    error: Text | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    def search(self) -> JobSearch:
        args = {"symbol": self.symbol, "strategyId": self.strategy_id}
        return JobSearch(
            **self.model_dump(exclude={"symbol", "strategy_id"}),
            args={name: value for name, value in args.items() if value is not None} or None,
        )


class Bulk(BaseModel):
    """An action on many jobs: first with dryRun, which counts them; then with atMost, which that count is for."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)

    filter: Annotated[Wanted, Field(strict=False)]
    dry_run: bool = True
    at_most: int | None = Field(None, ge=1, le=MOST_AT_ONCE)


async def show(request: Request) -> Response:
    """GET /api/admin/jobs: newest first, by cursor. A page may be short and still have a next one."""
    await require_admin(request)
    query = dict(request.query_params)
    limit = whole_number(query.pop("limit", None), "limit", default=50, least=1, most=PAGE_LIMIT)
    before = as_uuid(query.pop("cursor", None), "cursor")
    wanted = checked(Wanted, query)
    queue: Queue = request.app.state.queue
    async with request.app.state.pool.connection() as connection:
        found = await search(connection, wanted.search(), before=before, limit=limit)
    jobs = await queue.read(found.job_ids)
    body = {"jobs": [_shape(request, job) for job in reversed(jobs)], "lookedAt": found.looked_at}
    return page(request, body, cursor=None if found.following is None else str(found.following))


async def detail(request: Request) -> Response:
    """GET /api/admin/jobs/{jobId}: with its args, its attempts and its errors in full."""
    await require_admin(request)
    job = await _find(request)
    async with request.app.state.pool.connection() as connection:
        attempts = await overview.list_attempts(connection, job.id)
    body = _shape(request, job) | {
        "queue": job.queue,
        "state": job.state.value,
        "tier": job.tier,
        "args": job.args,
        "failure": job.error,
        "attempts": [
            {
                "attempt": row["attempt"],
                "workerId": str(row["worker_id"]),
                "host": row["host"],
                "startedAt": iso(row["started_at"]),
                "finishedAt": iso(row["finished_at"]),
                "outcome": row["outcome"],
                "errorType": row["error_type"],
                "error": row["error"],
            }
            for row in attempts
        ],
    }
    if job.status == "waiting":
        body |= standing(await request.app.state.queue.estimate(job.id))
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


def _shape(request: Request, job: JobSnapshot) -> dict[str, Any]:
    return dict(
        job_shape(job, language_of(request.headers.get("accept-language", "")), request.scope.get("root_path", ""))
    )


async def _find(request: Request) -> JobSnapshot:
    jobs = await request.app.state.queue.read([parse_job_id(request.path_params["job_id"])])
    if not jobs:
        raise not_found("job")
    found: JobSnapshot = jobs[0]
    return found


Act = Callable[[Queue, UUID, str], Awaitable[object]]
ACTIONS: dict[str, Act] = {
    "requeue": lambda queue, job_id, actor: queue.requeue(job_id, actor=actor),
    "cancel": lambda queue, job_id, actor: queue.cancel(job_id, actor=actor),
}
"""By name, for one job and whoever acts: raising JobNotFound, WrongState or EnqueueRefused where it cannot be."""


async def requeue(request: Request) -> Response:
    """POST /api/admin/jobs/{jobId}/requeue: its owner's quota applies."""
    return await _act(request, "requeue")


async def cancel(request: Request) -> Response:
    """POST /api/admin/jobs/{jobId}/cancel."""
    return await _act(request, "cancel")


async def requeue_many(request: Request) -> Response:
    """POST /api/admin/jobs/requeue: of the jobs that have ended."""
    return await _act_on_many(request, "requeue")


async def cancel_many(request: Request) -> Response:
    """POST /api/admin/jobs/cancel: of the jobs that have not."""
    return await _act_on_many(request, "cancel")


async def _act(request: Request, action: str) -> Response:
    """One job, whoever owns it."""
    admin = await require_admin(request)
    job_id = parse_job_id(request.path_params["job_id"])
    async with recorded(request, admin, f"job.{action}", f"job:{job_id}") as facts:
        try:
            done = await ACTIONS[action](request.app.state.queue, job_id, acting(admin))
        except JobNotFound:
            raise not_found("job") from None
        except WrongState as error:
            raise conflict(f"The job is {error.state}: it cannot be made to {action}.") from None
        made = getattr(done, "job_id", job_id)
        facts["jobId"] = str(made)
    (job,) = await request.app.state.queue.read([made])
    return JSONResponse(_shape(request, job), headers={"Cache-Control": "no-store"})


async def _act_on_many(request: Request, action: str) -> Response:
    """A dry run counts; then at most as many as were counted are acted on."""
    admin = await require_admin(request)
    bulk = await read_as(Bulk, request)
    ids, is_all = await _matching(request, bulk, action)
    if bulk.dry_run:
        return _answer(action, matched=len(ids), is_all=is_all, acted=0, refused={})
    if bulk.at_most is None:
        detail = "Count first, with dryRun true; then say atMost, for how many jobs that count is meant."
        raise Problem(
            400, "Invalid input", detail, code="dry_run_first", details=[{"path": "atMost", "message": "is required"}]
        )
    return await _act_on(request, admin, action, bulk, ids, is_all=is_all)


async def _act_on(
    request: Request, admin: Account, action: str, bulk: Bulk, ids: list[UUID], *, is_all: bool
) -> Response:
    asked = bulk.filter.model_dump(mode="json", by_alias=True, exclude_none=True)
    refused: dict[str, int] = {}
    async with recorded(request, admin, f"jobs.{action}", "jobs", filter=asked, atMost=bulk.at_most) as facts:
        # Kept up to date: should the database go away half-way, the log still says how far it came.
        facts |= {"acted": 0, "refused": refused}
        for job_id in ids[: bulk.at_most]:
            try:
                await ACTIONS[action](request.app.state.queue, job_id, acting(admin))
                facts["acted"] += 1
            except (JobNotFound, WrongState, EnqueueRefused) as error:
                name = type(error).__name__
                refused[name] = refused.get(name, 0) + 1
    return _answer(action, matched=len(ids), is_all=is_all, acted=facts["acted"], refused=refused)


def _answer(action: str, *, matched: int, is_all: bool, acted: int, refused: dict[str, int]) -> Response:
    body = {"action": action, "matched": matched, "isAll": is_all, "acted": acted, "refused": refused}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


async def _matching(request: Request, bulk: Bulk, action: str) -> tuple[list[UUID], bool]:
    """Ids of the jobs, up to MOST_AT_ONCE, and whether those are all."""
    wanted, ids, before, looked_at = bulk.filter.search(), list[UUID](), None, 0
    queue: Queue = request.app.state.queue
    while looked_at < MOST_LOOKED_AT:
        async with request.app.state.pool.connection() as connection:
            found = await search(connection, wanted, before=before, limit=MOST_AT_ONCE)
        fit = {job.id for job in await queue.read(found.job_ids) if job.is_final is (action == "requeue")}
        ids += [job_id for job_id in found.job_ids if job_id in fit]
        if len(ids) > MOST_AT_ONCE or found.following is None:
            return ids[:MOST_AT_ONCE], len(ids) <= MOST_AT_ONCE
        before, looked_at = found.following, looked_at + found.looked_at
    return ids, False
