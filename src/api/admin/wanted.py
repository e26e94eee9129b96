"""Which jobs an operator means: by what is known of them, or by one box into which anything may be typed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from psycopg_pool import AsyncConnectionPool
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from api.accounts import PLANS
from api.criteria import MESSAGE, STRATEGY, of_strategy_id, of_symbol, with_part
from api.queries import sql
from pgqueue import Queue
from pgqueue.search import Criterion, JobSearch

MOST_CHOSEN = 1_000
Text = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
Box = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]
Status = Literal[
    "waiting", "processing", "completed", "failed", "cancelled", "scheduled", "held", "ready", "retrying"
]  # fmt: skip
ReadAs = Literal["jobId", "userId", "jobIdPrefix", "symbol", "text"]

_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}")
_PREFIX = re.compile(r"[0-9a-f]{8}[0-9a-f-]*")


class Wanted(BaseModel):
    """Which jobs; what is left out is not asked, all else must hold.

    q: a UUID (a job's, else a user's), the beginning of a job's id, a symbol, or a part of the strategy's name or of
    the error's message. strategy, error: a part of its name, of its message, in any case. status: also scheduled, held
    and ready, which are parts of waiting, and retrying: waiting after an error. plan: as the job was added. since,
    until: when it was created. finishedSince, finishedUntil: when it ended; the jobs that ended last come first then.
    """

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")

    q: Box | None = None
    job_id: UUID | None = None
    user_id: UUID | None = None
    requeued_from: UUID | None = None
    queue: Text | None = None
    kind: Text | None = None
    status: Status | None = None
    plan: Literal["free", "basic", "pro"] | None = None
    symbol: Text | None = None
    strategy_id: Text | None = None
    strategy: Text | None = None
    error: Text | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    finished_since: AwareDatetime | None = None
    finished_until: AwareDatetime | None = None


class Chosen(Wanted):
    """The same, and jobIds: none but these."""

    job_ids: Annotated[list[UUID], Field(max_length=MOST_CHOSEN)] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How what was typed into the box is understood."""

    read_as: ReadAs
    job_id: UUID | None = None
    user_id: UUID | None = None
    id_prefix: str | None = None
    criteria: tuple[Criterion, ...] = ()


async def read_box(typed: str, pool: AsyncConnectionPool, queue: Queue) -> Reading:
    """A UUID is a job's where there is such a job, else a user's; then a beginning of an id, then a known symbol."""
    text = typed.strip()
    word = text.lower()
    if _UUID.fullmatch(word):
        some_id = UUID(word)
        is_job = bool(await queue.read_seqs([some_id]))
        return Reading("jobId", job_id=some_id) if is_job else Reading("userId", user_id=some_id)
    digits = word.replace("-", "")
    if _PREFIX.fullmatch(word) and len(digits) < 32:
        return Reading("jobIdPrefix", id_prefix=digits)
    async with pool.connection() as connection:
        known = await (await connection.execute(sql("find_symbol"), {"text": text})).fetchone()
    if known is not None:
        return Reading("symbol", criteria=(of_symbol(known[0], "q"),))
    return Reading("text", criteria=(with_part(text, STRATEGY, MESSAGE, name="q"),))


def search_for(wanted: Wanted, reading: Reading | None, *, group: str | None = None) -> JobSearch:
    """What to look for. group: a status that must hold, too, as pgqueue.search knows it."""
    read = reading or Reading("text")
    chosen = wanted.job_ids if isinstance(wanted, Chosen) else None
    of_users = {one for one in (wanted.user_id, read.user_id) if one is not None}
    of_jobs = [{one} for one in (wanted.job_id, read.job_id) if one is not None]
    # Two users at once are nobody's.
    of_jobs += [set(chosen)] if chosen is not None else [set[UUID]()] if len(of_users) > 1 else []
    return JobSearch(
        job_ids=sorted(set.intersection(*of_jobs)) if of_jobs else None,
        id_prefix=read.id_prefix,
        user_id=min(of_users, default=None),
        requeued_from=wanted.requeued_from,
        queue=wanted.queue,
        kind=wanted.kind,
        tier=None if wanted.plan is None else PLANS.index(wanted.plan),
        status=[one for one in (wanted.status, group) if one is not None] or None,
        error=wanted.error,
        since=wanted.since,
        until=wanted.until,
        finished_since=wanted.finished_since,
        finished_until=wanted.finished_until,
        criteria=(*_criteria(wanted), *read.criteria),
    )


def _criteria(wanted: Wanted) -> Iterator[Criterion]:
    if wanted.symbol is not None:
        yield of_symbol(wanted.symbol)
    if wanted.strategy_id is not None:
        yield of_strategy_id(wanted.strategy_id)
    if wanted.strategy is not None:
        yield with_part(wanted.strategy, STRATEGY, name="strategy")
