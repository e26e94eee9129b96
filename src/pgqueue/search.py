"""Looking for jobs among very many: by keyset, newest first, a bounded number looked at for each page.

What an index answers narrows the jobs that are looked at; the rest is asked of those. A page may therefore be short,
or empty, and still name where to go on. Put together from the fixed fragments below; values are parameters.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed

LOOK_AT = 20_000
"""Jobs looked at for a page: some 0.1 s where every one's args must be read."""

_STATES: Mapping[str, LiteralString] = {
    # Said so that each part is answered by an index of its own: held jobs are always limited.
    "waiting": "(state = 'scheduled' or state = 'ready' or (limited and state in ('held', 'ready')))",
    "processing": "state = 'processing'",
    "completed": "state = 'completed'",
    "failed": "state = 'failed'",
    "cancelled": "state = 'cancelled'",
}
# Answered by an index, or by what is fetched with it anyway.
_NARROWS: Mapping[str, LiteralString] = {
    "job_id": "id = %(job_id)s",
    "user_id": "user_id = %(user_id)s",
    "since": "id >= %(since)s",
    "until": "id < %(until)s",
    "before": "id < %(before)s",
}
_FILTERS: Mapping[str, LiteralString] = {
    "queue": "queue = %(queue)s",
    "kind": "kind = %(kind)s",
    "args": "args @> %(args)s::jsonb",
    "text": "position(lower(%(text)s) in lower(coalesce(args #>> %(text_at)s, args #>> %(or_at)s, ''))) > 0",
    "error": "position(lower(%(error)s) in lower(coalesce(error ->> 'message', ''))) > 0",
}


@dataclass(frozen=True, slots=True)
class JobSearch:
    """What is looked for; None is not asked. args: members that the job's args must have. error: part of its message.

    since, until: when it was created, to the millisecond. statuses: any of them. text: part, in any case, of the text
    in the args at the path text_at, or where there is none at or_at.
    """

    job_id: UUID | None = None
    user_id: UUID | None = None
    queue: str | None = None
    kind: str | None = None
    status: str | None = None
    args: Mapping[str, Any] | None = None
    error: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    statuses: Sequence[str] = ()
    text: str | None = None
    text_at: Sequence[str] = ()
    or_at: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """looked_at: how many jobs were. following: where the next page begins, None after the last."""

    job_ids: Sequence[UUID]
    looked_at: int
    following: UUID | None


async def search(
    connection: AsyncConnection[Any], wanted: JobSearch, *, before: UUID | None = None, limit: int = 50
) -> Page:
    """Jobs that are so, newest first, from the one before that id."""
    parameters = _parameters(wanted, before)
    statement = _statement(wanted, parameters)
    cursor = connection.cursor(row_factory=dict_row)
    row = await (await cursor.execute(statement, {**parameters, "limit": limit, "look_at": LOOK_AT})).fetchone()
    assert row is not None
    ids = row["ids"]
    if len(ids) == limit:
        return Page(ids, row["looked_at"], ids[-1])
    return Page(ids, row["looked_at"], row["last_id"] if row["looked_at"] == LOOK_AT else None)


async def list_page(
    connection: AsyncConnection[Any], wanted: JobSearch, *, before: UUID | None = None, limit: int = 50
) -> tuple[Sequence[UUID], UUID | None]:
    """As search, but it stops at the last job that it gives: how many were looked at is not known."""
    parameters = _parameters(wanted, before)
    narrows, filters = _fragments(wanted, parameters)
    statement = SQL(
        "with found as materialized (select array("
        " select id from (select id, queue, kind, args, error from pgqueue.jobs"
        " where {narrows} order by id desc limit %(look_at)s) as seen"
        " where {filters} order by id desc limit %(limit)s) as ids)"
        " select ids, case when cardinality(ids) = %(limit)s then ids[%(limit)s]"
        " else (select id from pgqueue.jobs where {narrows} order by id desc offset %(look_at)s - 1 limit 1) end"
        " as following from found"
    ).format(narrows=_all(narrows), filters=_all(filters))
    cursor = connection.cursor(row_factory=dict_row)
    row = await (await cursor.execute(statement, {**parameters, "limit": limit, "look_at": LOOK_AT})).fetchone()
    assert row is not None
    return row["ids"], row["following"]


def _parameters(wanted: JobSearch, before: UUID | None) -> dict[str, Any]:
    """What was asked, by the name of the fragment that asks it."""
    asked: dict[str, Any] = {
        "job_id": wanted.job_id,
        "user_id": wanted.user_id,
        "since": None if wanted.since is None else _first_id(wanted.since),
        "until": None if wanted.until is None else _first_id(wanted.until),
        "before": before,
        "queue": wanted.queue,
        "kind": wanted.kind,
        "args": json.dumps(wanted.args) if wanted.args else None,
        "error": wanted.error or None,
        "text": wanted.text,
    }
    if wanted.text is not None:
        asked |= {"text_at": list(wanted.text_at), "or_at": list(wanted.or_at)}
    return {name: value for name, value in asked.items() if value is not None}


def _fragments(wanted: JobSearch, parameters: Mapping[str, Any]) -> tuple[list[LiteralString], list[LiteralString]]:
    """What narrows the jobs that are looked at, and what is asked of those."""
    narrows = [fragment for name, fragment in _NARROWS.items() if name in parameters]
    # An error's text is only sought among those that failed: they have an index.
    status = "failed" if wanted.error and wanted.status is None else wanted.status
    if status is not None:
        narrows.append(_STATES[status])
    if wanted.statuses:
        any_of: LiteralString = " or ".join([_STATES[each] for each in wanted.statuses])
        narrows.append(f"({any_of})")
    return narrows, [fragment for name, fragment in _FILTERS.items() if name in parameters]


def _statement(wanted: JobSearch, parameters: Mapping[str, Any]) -> Composed:
    narrows, filters = _fragments(wanted, parameters)
    return SQL(
        "with seen as materialized ("
        " select id, queue, kind, args, error from pgqueue.jobs where {narrows} order by id desc limit %(look_at)s)"
        " select (select count(*) from seen)::int as looked_at,"
        " (select id from seen order by id limit 1) as last_id,"
        " array(select id from seen where {filters} order by id desc limit %(limit)s) as ids"
    ).format(narrows=_all(narrows), filters=_all(filters))


def _all(fragments: Sequence[LiteralString]) -> Composed:
    return SQL(" and ").join(SQL(fragment) for fragment in fragments or ("true",))


def _first_id(moment: datetime) -> UUID:
    """Not after any id that was made in that millisecond: ids begin with it."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=min(max(milliseconds, 0), 2**48 - 1) << 80)
