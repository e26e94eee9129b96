"""/api/backtest/jobs: the caller's history, filtered, by page."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response

from api.auth import identify
from api.enqueue import standing
from api.forms import checked
from api.paging import page
from api.problems import invalid
from api.shapes import job_shape
from api.wording import language_of
from pgqueue import Queue
from pgqueue.search import JobSearch

PAGE_LIMIT = 200
STATUSES = ("waiting", "processing", "completed", "failed", "cancelled")
# Of a strategy's name: in its snapshot, or that name alone where a job was added without the API.
STRATEGY_NAME, BARE_STRATEGY = ("strategy", "name"), ("strategy",)

# Postgres has no NUL in its texts.
Text = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


def _statuses(text: object) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(str(text).split(",")))
    if not set(found) <= set(STATUSES):
        raise ValueError(f"must be one of {', '.join(STATUSES)}, or several with commas between")
    return found


class Asked(BaseModel):
    """Which jobs; what is left out is not asked. since, until: when they were created, until exclusive."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore")

    status: Annotated[tuple[str, ...], BeforeValidator(_statuses)] = ()
    symbol: Text | None = None
    strategy_id: Text | None = None
    kind: Text | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    q: Text | None = None
    standing: bool = False
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=PAGE_LIMIT)

    def search(self, user_id: UUID) -> JobSearch:
        args = {"symbol": self.symbol, "strategyId": self.strategy_id}
        return JobSearch(
            user_id=user_id,
            kind=self.kind,
            statuses=self.status,
            args={name: value for name, value in args.items() if value is not None} or None,
            since=self.since,
            until=self.until,
            text=self.q,
            text_at=STRATEGY_NAME,
            or_at=BARE_STRATEGY,
        )


async def show(request: Request) -> Response:
    """GET: newest first, by cursor. A page may be short and still have a next one."""
    account = await identify(request)
    asked = checked(Asked, request.query_params)
    queue: Queue = request.app.state.queue
    jobs, following = await queue.search(asked.search(account.user_id), before=_cursor(asked.cursor), limit=asked.limit)
    language, root = language_of(request.headers.get("accept-language", "")), request.scope.get("root_path", "")
    shapes = [job_shape(job, language, root) for job in jobs]
    waiting = [job.id for job in jobs if job.status == "waiting"]
    if asked.standing and waiting:
        estimates = await queue.estimates(waiting, user_id=account.user_id)
        for job, shape in zip(jobs, shapes, strict=True):
            # One that was started since it was read has none.
            if job.id in estimates:
                shape.update(standing(estimates[job.id]))
    return page(request, {"jobs": shapes}, cursor=None if following is None else str(following))


def _cursor(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise invalid([{"path": "cursor", "message": "must be a cursor that a list gave"}]) from None
