"""/api/backtest/jobs: the caller's history, filtered, by page."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response

from api.auth import identify
from api.criteria import STRATEGY, of_strategy_id, of_symbol, with_part
from api.enqueue import standing
from api.forms import checked
from api.paging import page
from api.problems import invalid
from api.shapes import job_shape
from api.wording import language_of
from pgqueue import Queue
from pgqueue.search import Criterion, JobSearch

PAGE_LIMIT = 200
STATUSES = ("waiting", "processing", "completed", "failed", "cancelled")

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
        return JobSearch(
            user_id=user_id,
            kind=self.kind,
            any_of=self.status,
            since=self.since,
            until=self.until,
            criteria=tuple(self._criteria()),
        )

    def _criteria(self) -> Iterator[Criterion]:
        if self.symbol is not None:
            yield of_symbol(self.symbol)
        if self.strategy_id is not None:
            yield of_strategy_id(self.strategy_id)
        if self.q is not None:
            yield with_part(self.q, STRATEGY, name="q")


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
