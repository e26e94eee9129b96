"""Roles of the database for people and programs that are not ours: who may look, and who may act.

The functions and views run with the rights of whoever calls them, so each role holds what they need and no more: none
reads results, or keys and sessions, which stand in a schema where these roles have no business.
"""

from collections.abc import Iterator

import psycopg
from psycopg import Connection, sql
from psycopg.errors import InsufficientPrivilege

from pgqueue.migration_lock import take_turn, when_free

READER = "pgqueue_reader"
OPERATOR = "pgqueue_operator"
ROLES = {
    READER: "Reads the views of pgqueue, and of its tables what holds nothing private.",
    OPERATOR: "Calls the functions of pgqueue: enqueue, cancel, requeue, pause, resume, prune, forget_user.",
}

PRIVATE = {
    "jobs": {"args", "error", "idempotency_key", "request_hash"},
    "attempts": {"error"},
    "ledger": {"note"},
    "results": {"summary", "preview", "detail"},
}
"""Columns that a reader does not see. An operator does not see those of results: a requeue copies args, no more."""

OPERATORS_VIEWS = {"job_history"}
"""Views that show what stands in those columns."""

WRITES = {
    "jobs": "insert, update, delete",
    "queues": "insert, update",
    "turns": "insert, update",
    "lanes": "insert, update",
    "accounts": "insert, update",
    "ledger": "insert",
    "attempts": "delete",
    "events": "delete",
    "workers": "delete",
}
"""What the functions of an operator write, by table; what hangs on a job goes with it, by a trigger."""


def arrange(database_url: str) -> list[str]:
    """Make the roles and grant them their rights, where we may; the statements an administrator must run where not.

    Safe to repeat: run it after each migration, for what is new.
    """
    return when_free(lambda: _arrange(database_url))


def _arrange(database_url: str) -> list[str]:
    left = []
    with psycopg.connect(database_url, prepare_threshold=None, connect_timeout=5) as connection:
        take_turn(connection)
        for statement in [*_creations(connection), *_grants(connection)]:
            text = statement.as_string(connection)
            try:
                with connection.transaction():
                    connection.execute(statement)
            except (InsufficientPrivilege, psycopg.errors.UndefinedObject):
                # The role is missing because we may not make it: its grants are the administrator's, too.
                left.append(f"{text};")
            except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
                pass  # another migration of the same cluster was first
    return left


def _creations(connection: Connection) -> Iterator[sql.Composed]:
    there = {
        row[0] for row in connection.execute("select rolname from pg_roles where rolname = any(%s)", [list(ROLES)])
    }
    for role, comment in ROLES.items():
        if role not in there:
            yield sql.SQL("create role {} nologin").format(sql.Identifier(role))
            yield sql.SQL("comment on role {} is {}").format(sql.Identifier(role), sql.Literal(comment))


def _grants(connection: Connection) -> Iterator[sql.Composed]:
    both = sql.SQL(", ").join(map(sql.Identifier, ROLES))
    operator, reader = sql.Identifier(OPERATOR), sql.Identifier(READER)
    yield sql.SQL("grant usage on schema pgqueue to {}").format(both)
    yield sql.SQL("grant execute on function pgqueue.check_invariants() to {}").format(both)
    yield sql.SQL("grant execute on all functions in schema pgqueue to {}").format(operator)
    for name, kind, columns in _relations(connection):
        relation, private = sql.Identifier("pgqueue", name), PRIVATE.get(name, set())
        seen = sql.SQL(", ").join(sql.Identifier(column) for column in columns if column not in private)
        part = sql.SQL("grant select ({}) on {} to {}")
        whole = sql.SQL("grant select on {} to {}")
        if name not in OPERATORS_VIEWS:
            yield part.format(seen, relation, reader) if private else whole.format(relation, reader)
        yield part.format(seen, relation, operator) if name == "results" else whole.format(relation, operator)
        if kind == "r" and name in WRITES:
            # Fragments of ours, from the table above.
            yield sql.SQL("grant {} on {} to {}").format(sql.SQL(WRITES[name]), relation, operator)


def _relations(connection: Connection) -> list[tuple[str, str, list[str]]]:
    """(name, r for a table or v for a view, columns) of the queue's schema."""
    return connection.execute(
        "select relname::text, relkind::text, array_agg(attname::text order by attnum)"
        "  from pg_class join pg_attribute on attrelid = pg_class.oid"
        " where relnamespace = 'pgqueue'::regnamespace and relkind in ('r', 'v') and attnum > 0 and not attisdropped"
        " group by relname, relkind order by relkind, relname"
    ).fetchall()
