"""Looks for trouble and says what to do about it. Changes nothing."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from pgqueue.errors import ReleaseTooOld, RowSecurityMissing, SchemaMismatch
from pgqueue.queries import sql
from pgqueue.roles import OPERATOR, READER
from pgqueue.row_security import USER_ROLE, require_row_security
from pgqueue.schema_version import found_revision, head, require_schema

OLDEST, NEWEST = 15, 18
CLOCK_SECONDS = 5.0
LONG_SECONDS = 60.0
READING_SECONDS = 600.0
OLD_ROWS = 1_000_000_000
"""Autovacuum freezes at 200,000,000; writes stop at some 2,100,000,000."""


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """Works, and will not for ever."""
    TROUBLE = "trouble"
    """Jobs are lost, stuck or wrong, or will be."""


@dataclass(frozen=True, slots=True)
class Finding:
    """check: what was looked at. found: what there is. advice: what to do, empty when all is well."""

    check: str
    verdict: Verdict
    found: str
    advice: str = ""


async def examine(connection: AsyncConnection[Any], *, reading_seconds: float = READING_SECONDS) -> list[Finding]:
    """All findings, in the order in which to mend them. reading_seconds: for what reads whole tables."""
    began = time.time()
    (server,) = await _rows(connection, "examine_server", backend_pid=connection.info.backend_pid)
    took = time.time() - began
    findings = [*_server(server, clock=began + took / 2), *_session(server)]
    schema = await _schema(connection)
    findings.append(schema)
    findings += _transactions(await _rows(connection, "examine_transactions"))
    if schema.verdict is Verdict.TROUBLE:
        # The rest asks tables that may not be there.
        return findings
    (roles,) = await _rows(connection, "examine_roles", roles=[READER, OPERATOR])
    findings += _roles(roles, role=server["role"])
    findings.append(await _row_security(connection))
    findings += _tables(await _rows(connection, "examine_tables"))
    (jobs,) = await _rows(connection, "examine_jobs")
    findings += _jobs(jobs)
    findings.append(await _invariants(connection, seconds=reading_seconds))
    return findings


async def _rows(connection: AsyncConnection[Any], verb: str, **parameters: Any) -> Sequence[dict[str, Any]]:
    cursor = connection.cursor(row_factory=dict_row)
    return await (await cursor.execute(sql(verb), parameters)).fetchall()


def _server(row: dict[str, Any], *, clock: float) -> Iterator[Finding]:
    known = OLDEST <= row["major"] <= NEWEST
    advice = f"Tested with PostgreSQL {OLDEST} to {NEWEST}; use one of them."
    yield _warn("version", known, f"PostgreSQL {row['version']}", advice)
    yield _expect(
        "primary", not row["is_replica"], "writable", "a read-only replica", "Point DATABASE_URL at the primary."
    )
    switches = ("fsync", "full_page_writes", "synchronous_commit")
    found = ", ".join(f"{name} {row[name]}" for name in switches)
    is_durable = all(row[name] != "off" for name in switches)
    yield _expect("durability", is_durable, found, found, "A crash loses finished jobs or more. Set them to on.")
    yield _warn(
        "replicas",
        not row["replicas"] or bool(row["synchronous_standby_names"]),
        f"{row['replicas']}, {'synchronous' if row['synchronous_standby_names'] else 'none of them synchronous'}"
        if row["replicas"]
        else "none",
        "A failover may lose the last commits: enqueued jobs are gone, finished ones run again. "
        "Set synchronous_standby_names where that must not be.",
    )
    yield _expect(
        "autovacuum", row["autovacuum"] == "on", "on", "off", "Dead rows pile up and claims slow down. Set it to on."
    )
    yield _warn(
        "row age",
        row["oldest_row_age"] < OLD_ROWS,
        f"{row['oldest_row_age']:,} transactions",
        "Vacuum cannot freeze: end what holds it back (see transactions) well before 2,000,000,000.",
    )
    free = row["max_connections"] - row["connections"]
    yield _warn(
        "connections",
        free >= max(10, row["max_connections"] // 10),
        f"{row['connections']} of {row['max_connections']} in use",
        "Raise max_connections, or run fewer processes: 3 for a worker, 9 for an API process.",
    )
    yield _warn(
        "notifications",
        row["notification_queue"] < 0.1,
        f"queue {row['notification_queue']:.0%} full",
        "Someone listens inside a long transaction; end it, or every NOTIFY fails when the queue is full.",
    )
    yield _warn(
        "clock",
        abs(row["clock"] - clock) < CLOCK_SECONDS,
        f"{row['clock'] - clock:+.1f} s from this host's",
        "No decision is made by this host's clock, but its logs will mislead. Run an NTP client.",
    )


def _session(row: dict[str, Any]) -> Iterator[Finding]:
    yield _warn(
        "pooler",
        not row["is_pooled"],
        "a pooler stands in between" if row["is_pooled"] else "none in between",
        "Works, by polling. For hints at once, point DATABASE_URL past a transaction pooler: workers and API processes "
        "hold few connections.",
    )
    limits = [row["statement_timeout"], row["idle_in_transaction_timeout"]]
    yield _warn(
        "time limits",
        "0" not in limits,
        f"statement_timeout {limits[0]}, idle_in_transaction_session_timeout {limits[1]}",
        # Sessions of a pooler are not ours to set.
        f"alter role {row['role']} set statement_timeout = '30s'; and the same for the other that is 0.",
    )
    powers = [("is_superuser", "a superuser"), ("bypasses_row_security", "free of row-level security")]
    held = [words for name, words in powers if row[name]]
    yield _warn(
        "role",
        not held,
        ", ".join([f"connected as {row['role']}", *held]),
        "Use a role that owns the tables, is no superuser, and has no BYPASSRLS.",
    )


def _roles(row: dict[str, Any], *, role: str) -> Iterator[Finding]:
    yield _expect(
        "rights",
        not row["missing"],
        "all that a worker needs",
        f"{role} lacks {', '.join(row['missing'])}",
        "Connect as the owner of the tables, or grant what is missing.",
    )
    yield _warn(
        "roles for others",
        not row["ungranted"],
        f"{', '.join(row['ungranted'])}: missing, or without its grants" if row["ungranted"] else "made and granted",
        "Run `pgqueue migrate`, and have an administrator run what it prints.",
    )


async def _row_security(connection: AsyncConnection[Any]) -> Finding:
    """What `pgqueue serve` asks before it listens. Workers need none of it, and may come as another role."""
    try:
        await require_row_security(connection)
    except RowSecurityMissing as error:
        found = f"`pgqueue serve` refuses to start as {connection.info.user}: {error.reason}"
        return Finding("row-level security", Verdict.WARNING, found, f"{error.remedy} Where no API comes as it: fine.")
    return Finding("row-level security", Verdict.OK, f"{connection.info.user} may act as {USER_ROLE} behind it")


async def _schema(connection: AsyncConnection[Any]) -> Finding:
    found = await found_revision(connection)
    try:
        await require_schema(connection)
    except SchemaMismatch:
        bad = f"revision {found or 'none'}, this release needs {head()}"
        return Finding("schema", Verdict.TROUBLE, bad, "Run `pgqueue migrate`.")
    except ReleaseTooOld as error:
        return Finding("schema", Verdict.TROUBLE, f"revision {found}", str(error))
    advice = "Fine during an upgrade. Upgrade what still runs the older release."
    return _warn("schema", found == head(), f"revision {found}, this release is of {head()}", advice)


def _transactions(rows: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    if not rows:
        yield Finding("transactions", Verdict.OK, f"none is older than {LONG_SECONDS:.0f} s")
    for row in rows:
        age = "" if row["seconds"] is None else f" for {row['seconds']:.0f} s"
        advice = "Dead rows cannot be removed while it lasts. End it, or set idle_in_transaction_session_timeout."
        yield Finding("transactions", Verdict.WARNING, f"{row['who']}{age}", advice)


def _tables(rows: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    if not rows:
        yield Finding("dead rows", Verdict.OK, "few")
    for row in rows:
        name, dead = row["name"], f"{row['dead']:,} dead, {row['live']:,} live"
        if row["is_never_vacuumed"]:
            advice = f"alter table pgqueue.{name} reset (autovacuum_enabled)"
            yield Finding("dead rows", Verdict.TROUBLE, f"{name}: autovacuum is switched off for it", advice)
        else:
            found = f"{name}: {dead}, vacuumed {row['vacuumed_at'] or 'never'}"
            yield Finding("dead rows", Verdict.WARNING, found, f"vacuum (analyze) pgqueue.{name}")


def _jobs(row: dict[str, Any]) -> Iterator[Finding]:
    yield _expect(
        "leases",
        row["orphans"] == 0,
        "every running job has a live worker",
        f"{row['orphans']} running jobs have no live worker",
        "Any live worker rescues them: start one with `pgqueue worker`.",
    )
    yield _expect(
        "delayed jobs",
        row["overdue"] == 0,
        "none is overdue",
        f"{row['overdue']} are overdue by more than a minute",
        "A live worker of their queue promotes them: start one with `pgqueue worker`.",
    )
    yield _expect(
        "workers",
        not row["unserved"],
        "every queue with waiting jobs is served",
        f"nobody works on {', '.join(row['unserved'])}",
        "Start a worker: `PGQUEUE_QUEUE=… pgqueue worker`.",
    )
    yield _warn(
        "counts",
        not row["uncounted"],
        f"not counted for a minute: {', '.join(row['uncounted'])}" if row["uncounted"] else "of waiting jobs, fresh",
        "Its workers cannot sweep; read their logs. Enqueues are held against the old count.",
    )
    yield _expect(
        "room",
        row["full_queues"] == 0,
        "every queue takes jobs",
        f"{row['full_queues']} queues are full and refuse jobs",
        "Start more workers, or raise the limit with `pgqueue queue limit QUEUE --max-waiting N`.",
    )
    yield _warn(
        "releases",
        len(row["versions"]) < 2,
        ", ".join(row["versions"]) or "no live worker",
        "Workers of several releases run together; fine during an upgrade, not for long.",
    )
    yield _warn(
        "paused queues",
        not row["paused"],
        ", ".join(row["paused"]) or "none",
        "Resume with `pgqueue queue resume QUEUE` when that is not meant.",
    )


async def _invariants(connection: AsyncConnection[Any], *, seconds: float) -> Finding:
    cursor = connection.cursor(row_factory=dict_row)
    try:
        async with connection.transaction():
            await cursor.execute(sql("limit_statement"), {"seconds": seconds})
            rows = await (await cursor.execute("select * from pgqueue.check_invariants() limit 100")).fetchall()
    except psycopg.errors.QueryCanceled:
        found = f"not known: to look at every job takes more than {seconds:.0f} s here"
        return Finding(
            "invariants", Verdict.OK, found, "Ask `pgqueue doctor`, or `check_invariants()`, which have longer."
        )
    first = f"{rows[0]['problem']} ({rows[0]['detail']})" if rows else ""
    return _expect(
        "invariants",
        not rows,
        "counts, ledger, results and attempts add up",
        f"{len(rows)}{'+' if len(rows) == 100 else ''} do not hold; first: {first}",
        "See `select * from pgqueue.check_invariants()` and report it: nothing but a defect or a hand edit does this.",
    )


def _expect(check: str, is_well: bool, good: str, bad: str, advice: str) -> Finding:
    return Finding(check, Verdict.OK, good) if is_well else Finding(check, Verdict.TROUBLE, bad, advice)


def _warn(check: str, is_well: bool, found: str, advice: str) -> Finding:
    return Finding(check, Verdict.OK, found) if is_well else Finding(check, Verdict.WARNING, found, advice)
