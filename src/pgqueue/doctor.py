"""Looks for trouble and says what to do about it. Changes nothing."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from pgqueue.queries import sql
from pgqueue.schema_version import found_revision, head

OLDEST, NEWEST = 15, 18
CLOCK_SECONDS = 5.0
LONG_SECONDS = 60.0


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


async def examine(connection: AsyncConnection[Any]) -> list[Finding]:
    """All findings, in the order in which to mend them."""
    began = time.time()
    (server,) = await _rows(connection, "examine_server")
    took = time.time() - began
    findings = list(_server(server, clock=began + took / 2))
    schema = await _schema(connection)
    findings.append(schema)
    findings += _transactions(await _rows(connection, "examine_transactions"))
    if schema.verdict is not Verdict.OK:
        # The rest asks tables that may not be there.
        return findings
    findings += _tables(await _rows(connection, "examine_tables"))
    (jobs,) = await _rows(connection, "examine_jobs")
    findings += _jobs(jobs)
    findings.append(await _invariants(connection))
    return findings


async def _rows(connection: AsyncConnection[Any], verb: str) -> Sequence[dict[str, Any]]:
    cursor = connection.cursor(row_factory=dict_row)
    return await (await cursor.execute(sql(verb))).fetchall()


def _server(row: dict[str, Any], *, clock: float) -> Iterator[Finding]:
    known = OLDEST <= row["major"] <= NEWEST
    yield Finding(
        "version",
        Verdict.OK if known else Verdict.WARNING,
        f"PostgreSQL {row['version']}",
        "" if known else f"Tested with PostgreSQL {OLDEST} to {NEWEST}; use one of them.",
    )
    yield _expect(
        "primary", not row["is_replica"], "writable", "a read-only replica", "Point DATABASE_URL at the primary."
    )
    yield _expect(
        "durability",
        row["fsync"] == "on" and row["synchronous_commit"] != "off",
        f"fsync {row['fsync']}, synchronous_commit {row['synchronous_commit']}",
        f"fsync {row['fsync']}, synchronous_commit {row['synchronous_commit']}",
        "A crash loses finished jobs. Set both to on.",
    )
    yield _expect(
        "autovacuum", row["autovacuum"] == "on", "on", "off", "Dead rows pile up and claims slow down. Set it to on."
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
    apart = row["clock"] - clock
    yield _warn(
        "clock",
        abs(apart) < CLOCK_SECONDS,
        f"{apart:+.1f} s from this host's",
        "No decision is made by this host's clock, but its logs will mislead. Run an NTP client.",
    )
    yield _warn(
        "role",
        not row["is_superuser"],
        f"connected as {row['role']}{', a superuser' if row['is_superuser'] else ''}",
        "Use a role that owns the tables and is no superuser.",
    )


async def _schema(connection: AsyncConnection[Any]) -> Finding:
    found = await found_revision(connection)
    return _expect(
        "schema",
        found == head(),
        f"revision {found}",
        f"revision {found or 'none'}, this release needs {head()}",
        "Run `pgqueue migrate`.",
    )


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
        found = f"{row['name']}: {row['dead']:,} dead, {row['live']:,} live, vacuumed {row['vacuumed_at'] or 'never'}"
        yield Finding("dead rows", Verdict.WARNING, found, f"vacuum (analyze) pgqueue.{row['name']}")


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


async def _invariants(connection: AsyncConnection[Any]) -> Finding:
    cursor = connection.cursor(row_factory=dict_row)
    rows = await (await cursor.execute("select * from pgqueue.check_invariants() limit 100")).fetchall()
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
