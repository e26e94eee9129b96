"""Looking for jobs among very many: by keyset, newest first, a bounded number looked at for each page.

What an index answers narrows the jobs that are looked at; the rest is asked of those. A page may therefore be short,
or empty, and still name where to go on. Put together from fixed fragments; values are parameters.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed

LOOK_AT = 20_000
"""Jobs looked at for a page: some 0.1 s where every one's args must be read."""

_WAITING: LiteralString = "(state = 'scheduled' or state = 'ready' or (limited and state in ('held', 'ready')))"
"""Said so that each part is answered by an index of its own: held jobs are always limited."""
_UNFINISHED: LiteralString = f"({_WAITING} or state = 'processing')"
_STATES: Mapping[str, LiteralString] = {
    "waiting": _WAITING,
    "scheduled": "state = 'scheduled'",
    "held": "(limited and state = 'held')",
    "ready": "state = 'ready'",
    "retrying": _WAITING,
    "processing": "state = 'processing'",
    "unfinished": _UNFINISHED,
    "completed": "state = 'completed'",
    "failed": "state = 'failed'",
    "cancelled": "state = 'cancelled'",
    "ended": "finished_at is not null",
}
_COMES_AND_GOES = ("waiting", "ready", "retrying", "unfinished")
"""Of which Postgres may believe that there are many when there are none left, and look for a few of them everywhere."""
_ENDED = ("completed", "failed", "cancelled", "ended")
# Answered by an index, or by what is fetched with it anyway.
_NARROWS: Mapping[str, LiteralString] = {
    "job_ids": "id = any(%(job_ids)s::uuid[])",
    "first_id": "id >= %(first_id)s",
    "last_id": "id <= %(last_id)s",
    "user_id": "user_id = %(user_id)s",
    "requeued_from": "requeued_from = %(requeued_from)s",
    "since": "id >= %(since)s",
    "until": "id < %(until)s",
}
_FILTERS: Mapping[str, LiteralString] = {
    "queue": "queue = %(queue)s",
    "kind": "kind = %(kind)s",
    "tier": "tier = %(tier)s",
    "error": "position(lower(%(error)s) in lower(coalesce(error ->> 'message', ''))) > 0",
}
_LOOKED_AT: LiteralString = "id, queue, kind, tier, args, error, finished_at"
_BY_ID: LiteralString = (
    "(select {columns} from pgqueue.jobs where {narrows} order by id desc limit %(look_at)s)"
)  # fmt: skip
_BY_END: LiteralString = (
    "(select ended.* from pgqueue.queues cross join lateral ("
    "select {columns} from pgqueue.jobs where jobs.queue = queues.name and finished_at is not null and {narrows}"
    " order by finished_at desc, id desc limit %(look_at)s) as ended)"
)

_FOUND: LiteralString = (
    "array(select id from matching order by {order}) as ids,"
    " (select finished_at from matching order by {last} limit 1) as end"
)


@dataclass(frozen=True, slots=True)
class Criterion:
    """What a caller asks of a job's args in SQL of its own, by parameters of its own.

    is_indexed: among jobs that have ended, an index answers it.
    """

    fragment: LiteralString
    parameters: Mapping[str, Any]
    is_indexed: bool = False


@dataclass(frozen=True, slots=True)
class JobSearch:
    """What is looked for; None is not asked. error: part of its message.

    id_prefix: hexadecimal digits that the id begins with. status: also scheduled, held or ready, which are parts of
    waiting; retrying (waiting after an error); ended; unfinished; a sequence of them: all must hold. any_of: at least
    one of these. since, until: when it was created, to the millisecond. finished_since, finished_until: when it ended;
    the jobs that ended last are the first then.
    """

    job_ids: Sequence[UUID] | None = None
    id_prefix: str | None = None
    user_id: UUID | None = None
    requeued_from: UUID | None = None
    queue: str | None = None
    kind: str | None = None
    tier: int | None = None
    status: str | Sequence[str] | None = None
    error: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    finished_since: datetime | None = None
    finished_until: datetime | None = None
    any_of: Sequence[str] = ()
    criteria: Sequence[Criterion] = ()

    @property
    def is_by_end(self) -> bool:
        return self.finished_since is not None or self.finished_until is not None

    @property
    def statuses(self) -> list[str]:
        """An error's text alone is only sought among those that failed: they have an index."""
        if self.status is None:
            return ["failed"] if self.error else []
        asked = [self.status] if isinstance(self.status, str) else list(self.status)
        return [*asked, "failed"] if self.error and asked == ["ended"] else asked


@dataclass(frozen=True, slots=True)
class Place:
    """Behind a job, also once it is deleted. finished_at: when it ended; where the order is that of ends."""

    id: UUID
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """looked_at: how many jobs were. following: where the next page begins, None after the last."""

    job_ids: Sequence[UUID]
    looked_at: int
    following: Place | None


async def search(
    connection: AsyncConnection[Any], wanted: JobSearch, *, before: UUID | Place | None = None, limit: int = 50
) -> Page:
    """Jobs that are so, newest first, from behind that one on."""
    parameters = parameters_of(wanted, before)
    parameters |= {"limit": limit, "look_at": LOOK_AT}
    if not _filters(wanted, parameters) and not set(_COMES_AND_GOES) & set(wanted.statuses):
        # An index answers all that is asked: a page's jobs are all that need be looked at.
        parameters["look_at"] = limit
    cursor = connection.cursor(row_factory=dict_row)
    row = await (await cursor.execute(statement(wanted, parameters), parameters)).fetchone()
    assert row is not None
    ids = row["ids"]
    if len(ids) == limit:
        return Page(ids, row["looked_at"], Place(ids[-1], row["end"]))
    is_more = row["looked_at"] == LOOK_AT
    return Page(ids, row["looked_at"], Place(row["last_id"], row["last_end"]) if is_more else None)


async def list_page(
    connection: AsyncConnection[Any], wanted: JobSearch, *, before: UUID | None = None, limit: int = 50
) -> tuple[Sequence[UUID], UUID | None]:
    """As search by id, but it stops at the last job that it gives: how many were looked at is not known."""
    parameters = parameters_of(wanted, before)
    narrows, filters = _all(_narrows(wanted, parameters)), _all(_filters(wanted, parameters))
    asked = SQL(
        "with found as materialized (select array("
        " select id from (select {columns} from pgqueue.jobs where {narrows} order by id desc limit %(look_at)s)"
        " as seen"
        " where {filters} order by id desc limit %(limit)s) as ids)"
        " select ids, case when cardinality(ids) = %(limit)s then ids[%(limit)s]"
        " else (select id from pgqueue.jobs where {narrows} order by id desc offset %(look_at)s - 1 limit 1) end"
        " as following from found"
    ).format(columns=SQL(_LOOKED_AT), narrows=narrows, filters=filters)
    cursor = connection.cursor(row_factory=dict_row)
    row = await (await cursor.execute(asked, {**parameters, "limit": limit, "look_at": LOOK_AT})).fetchone()
    assert row is not None
    return row["ids"], row["following"]


def parameters_of(wanted: JobSearch, before: UUID | Place | None) -> dict[str, Any]:
    """What was asked, by the name of the fragment that asks it."""
    prefix = wanted.id_prefix
    place = Place(before) if isinstance(before, UUID) else before
    asked = {
        "job_ids": None if wanted.job_ids is None else list(wanted.job_ids),
        "first_id": None if prefix is None else UUID(prefix.ljust(32, "0")),
        "last_id": None if prefix is None else UUID(prefix.ljust(32, "f")),
        "user_id": wanted.user_id,
        "requeued_from": wanted.requeued_from,
        "since": None if wanted.since is None else _first_id(wanted.since),
        "until": None if wanted.until is None else _first_id(wanted.until),
        "finished_since": wanted.finished_since,
        "finished_until": wanted.finished_until,
        "before": place and place.id,
        "before_end": place and place.finished_at,
        "queue": wanted.queue,
        "kind": wanted.kind,
        "tier": wanted.tier,
        "error": wanted.error or None,
    }
    asked |= {name: value for criterion in wanted.criteria for name, value in criterion.parameters.items()}
    return {name: value for name, value in asked.items() if value is not None}


def statement(wanted: JobSearch, parameters: Mapping[str, Any], answer: LiteralString = _FOUND) -> Composed:
    order: LiteralString = "finished_at desc, id desc" if wanted.is_by_end else "id desc"
    last: LiteralString = "finished_at, id" if wanted.is_by_end else "id"
    filters = _filters(wanted, parameters)
    source = SQL(_BY_END if wanted.is_by_end else _BY_ID)
    sources = [
        source.format(columns=SQL(_LOOKED_AT), narrows=_all(narrows)) for narrows in _narrowed(wanted, parameters)
    ]
    return SQL(
        "with seen as materialized (select * from ({sources}) as jobs order by {order} limit %(look_at)s)"
        ", matching as materialized (select id, finished_at from seen where {filters} order by {order} limit %(limit)s)"
        " select (select count(*) from seen)::int as looked_at,"
        " (select id from seen order by {last} limit 1) as last_id,"
        " (select finished_at from seen order by {last} limit 1) as last_end, {answer}"
    ).format(
        sources=SQL(" union all ").join(sources),
        order=SQL(order),
        last=SQL(last),
        filters=_all(filters),
        answer=SQL(answer).format(order=SQL(order), last=SQL(last)),
    )


def _filters(wanted: JobSearch, parameters: Mapping[str, Any]) -> list[LiteralString]:
    """What is asked of each job that is looked at."""
    filters = [fragment for name, fragment in _FILTERS.items() if name in parameters]
    if "retrying" in wanted.statuses:
        filters.append("error is not null")
    return filters + [criterion.fragment for criterion in wanted.criteria]


def _narrowed(wanted: JobSearch, parameters: Mapping[str, Any]) -> Iterator[list[LiteralString]]:
    """What narrows the jobs that are looked at, for each of the indexes by which they are found.

    A criterion that has an index among ended jobs is asked of these by it, and of the others one by one.
    """
    narrows = _narrows(wanted, parameters)
    indexed = [criterion.fragment for criterion in wanted.criteria if criterion.is_indexed]
    if not indexed:
        yield narrows
        return
    is_ended = wanted.is_by_end or any(status in _ENDED for status in wanted.statuses)
    if is_ended or not wanted.statuses:
        yield [*narrows, "finished_at is not null", *indexed]
    if not is_ended:
        yield narrows if wanted.statuses else [*narrows, _UNFINISHED]


def _narrows(wanted: JobSearch, parameters: Mapping[str, Any]) -> list[LiteralString]:
    narrows = [fragment for name, fragment in _NARROWS.items() if name in parameters]
    narrows += [_STATES[status] for status in wanted.statuses]
    if wanted.any_of:
        any_of: LiteralString = " or ".join([_STATES[status] for status in wanted.any_of])
        narrows.append(f"({any_of})")
    return narrows + list(_window(wanted, parameters))


def _window(wanted: JobSearch, parameters: Mapping[str, Any]) -> Iterator[LiteralString]:
    """From where on, and between which ends."""
    if not wanted.is_by_end:
        if "before" in parameters:
            yield "id < %(before)s"
        return
    if wanted.finished_since is not None:
        yield "finished_at >= %(finished_since)s"
    if wanted.finished_until is not None:
        yield "finished_at < %(finished_until)s"
    if "before_end" in parameters:
        yield "finished_at <= %(before_end)s"
        yield "(finished_at, id) < (%(before_end)s, %(before)s)"
    elif "before" in parameters:
        # The first is for the index.
        yield "finished_at <= (select finished_at from pgqueue.jobs where id = %(before)s)"
        yield "(finished_at, id) < (select finished_at, id from pgqueue.jobs where id = %(before)s)"


def _all(fragments: Sequence[LiteralString]) -> Composed:
    return SQL(" and ").join(SQL(fragment) for fragment in fragments or ("true",))


def _first_id(moment: datetime) -> UUID:
    """Not after any id that was made in that millisecond: ids begin with it."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=min(max(milliseconds, 0), 2**48 - 1) << 80)
