"""Who may do what in SQL: an operator acts, a reader looks, neither sees what is private."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import make_url

from command_line import pgqueue
from pgqueue import migrate, roles
from pgqueue.roles import OPERATOR, READER

USER = uuid4()


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """As the owner, with one job ended, and one waiting that its user's limit of one holds back behind another."""
    assert roles.arrange(database_url) == []
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@contextmanager
def acting_as(connection: psycopg.Connection, role: str) -> Iterator[psycopg.Connection]:
    connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
    try:
        yield connection
    finally:
        connection.execute("reset role")


def test_an_operator_may_call_every_function_that_is_documented(connection: psycopg.Connection) -> None:
    connection.execute("update pgqueue.plans set credits_per_job = 1")
    connection.execute("insert into pgqueue.accounts (user_id, available) values (%s, 10)", [USER])
    connection.execute("insert into pgqueue.ledger (user_id, entry, amount) values (%s, 'granted', 10)", [USER])
    with acting_as(connection, OPERATOR):
        rows = [
            connection.execute("select pgqueue.enqueue('echo', user_id => %s)", [USER]).fetchone() for _ in range(2)
        ]
        ids = [row[0] for row in rows if row is not None]
        connection.execute("select pgqueue.pause()")
        connection.execute("select pgqueue.resume()")
        connection.execute("select pgqueue.pause('another')")
        assert connection.execute("select pgqueue.cancel(%s)", [ids[0]]).fetchone() == ("cancelled",)
        assert connection.execute("select pgqueue.requeue(%s)", [ids[0]]).fetchone()
        assert connection.execute("select pgqueue.prune('0 seconds')").fetchone() == (1,)
        assert connection.execute("select * from pgqueue.check_invariants()").fetchall() == []
        assert connection.execute("select * from pgqueue.forget_user(%s)", [USER]).fetchone() == (2, 2, 0)
        assert connection.execute("select * from pgqueue.check_invariants()").fetchall() == []


@pytest.mark.parametrize("role", [READER, OPERATOR])
def test_every_view_answers_both_roles(connection: psycopg.Connection, role: str) -> None:
    views = connection.execute("select viewname from pg_views where schemaname = 'pgqueue'").fetchall()
    assert len(views) >= 8
    with acting_as(connection, role):
        for (name,) in views:
            if role == READER and name in roles.OPERATORS_VIEWS:
                with pytest.raises(InsufficientPrivilege):
                    connection.execute(sql.SQL("select * from {}").format(sql.Identifier("pgqueue", name)))
            else:
                connection.execute(sql.SQL("select * from {}").format(sql.Identifier("pgqueue", name)))


PRIVATE = [
    "select * from api.users",
    "select * from api.api_keys",
    "select * from api.sessions",
    "select summary from pgqueue.results",
    "select preview, detail from pgqueue.results",
    "select * from engine.bars",
    "insert into pgqueue.results values (gen_random_uuid(), 1, now(), '{}', '', '')",
    "update pgqueue.ledger set amount = 0",
    "delete from pgqueue.ledger",
    "update pgqueue.plans set per_day = null",
    "create table pgqueue.mine (a int)",
]


@pytest.mark.parametrize("statement", PRIVATE)
@pytest.mark.parametrize("role", [READER, OPERATOR])
def test_neither_role_reads_what_is_private_or_changes_the_books(
    connection: psycopg.Connection, role: str, statement: str
) -> None:
    with acting_as(connection, role), pytest.raises(InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "select args from pgqueue.jobs",
        "select error from pgqueue.jobs",
        "select idempotency_key from pgqueue.jobs",
        "update pgqueue.jobs set priority = 1",
        "delete from pgqueue.jobs",
        "select pgqueue.pause()",
        "select pgqueue.enqueue('echo')",
        "select pgqueue.prune()",
    ],
)
def test_a_reader_changes_nothing_and_sees_no_args(connection: psycopg.Connection, statement: str) -> None:
    with acting_as(connection, READER), pytest.raises(InsufficientPrivilege):
        connection.execute(statement.encode())


def test_nothing_is_granted_to_everyone(connection: psycopg.Connection) -> None:
    found = connection.execute(
        "select 'function ' || oid::regprocedure from pg_proc"
        " where pronamespace::regnamespace::text in ('pgqueue', 'engine', 'api')"
        " and has_function_privilege('public', oid, 'execute')"
        " union all select 'relation ' || oid::regclass from pg_class"
        " where relnamespace::regnamespace::text in ('pgqueue', 'engine', 'api') and relkind in ('r', 'v', 'S')"
        " and exists (select from aclexplode(relacl) where grantee = 0)"
        " union all select 'schema ' || nspname from pg_namespace"
        " where nspname in ('pgqueue', 'engine', 'api') and exists (select from aclexplode(nspacl) where grantee = 0)"
    ).fetchall()
    assert found == []


@pytest.fixture
def modest_url(server_url: str, database_url: str) -> Iterator[str]:
    """The database's address for a role that owns it and may make no roles."""
    name = f"modest_{uuid4().hex[:12]}"
    migrate.downgrade(database_url, "base")
    database = make_url(database_url).database
    assert database is not None
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("drop schema pgqueue cascade")
        connection.execute(sql.SQL("create role {} login").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("alter database {} owner to {}").format(sql.Identifier(database), sql.Identifier(name))
        )
    yield make_url(database_url).set(username=name).render_as_string(hide_password=False)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("reassign owned by {} to current_user").format(sql.Identifier(name)))
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def test_what_the_migration_may_not_do_is_printed_for_an_administrator(
    database_url: str, modest_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a name of its own: the server's other databases have the roles already."""
    monkeypatch.setattr(roles, "READER", "another_reader")
    monkeypatch.setattr(roles, "ROLES", {"another_reader": "Reads.", OPERATOR: roles.ROLES[OPERATOR]})
    migrate.upgrade(modest_url)

    left = roles.arrange(modest_url)

    assert left[0] == 'create role "another_reader" nologin;'
    assert any(statement.startswith("grant select") for statement in left)
    with psycopg.connect(database_url) as connection:
        for statement in left:
            connection.execute(statement.encode())
        with acting_as(connection, "another_reader"):
            connection.execute("select * from pgqueue.stuck_jobs")
        connection.rollback()


def test_the_doctor_says_that_serve_will_refuse_a_role_that_may_not_act_for_users(modest_url: str) -> None:
    """A superuser may act as anyone, so the other tests' doctor finds nothing."""
    migrate.upgrade(modest_url)

    doctor = pgqueue("doctor", "--json", database_url=modest_url)
    serve = pgqueue("serve", "--port", "0", database_url=modest_url)
    (told,) = [one for one in map(json.loads, doctor.stdout.splitlines()) if one["check"] == "row-level security"]

    assert told["verdict"] == "warning"
    assert f"`pgqueue serve` refuses to start as {make_url(modest_url).username}" in told["found"]
    assert "grant pgqueue_api to" in told["advice"]
    assert (serve.returncode, serve.stdout) == (1, "")
    assert "cannot act as pgqueue_api" in serve.stderr


def test_migrate_makes_the_roles_where_it_may(database_url: str) -> None:
    done: subprocess.CompletedProcess[str] = pgqueue("migrate", database_url=database_url)

    assert (done.returncode, done.stdout) == (0, "")
    with psycopg.connect(database_url) as connection, acting_as(connection, READER):
        connection.execute("select * from pgqueue.queue_overview")
