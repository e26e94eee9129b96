"""`pgqueue keys …`, as operators call it; and what `serve` says of what is missing."""

import json
import os
import subprocess
import sys
from uuid import uuid4

import psycopg
import pytest

SHORT = "too short"


def pgqueue(*command: str, database_url: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URL": database_url, "COLUMNS": "250", "TERM": "dumb", **settings}
    return subprocess.run(
        [sys.executable, "-m", "pgqueue", *command], env=environment, capture_output=True, text=True, check=False
    )


def test_a_key_is_made_with_scopes_and_an_end_listed_and_revoked(database_url: str) -> None:
    made = pgqueue(
        *("keys", "create", "--scope", "read", "--scope", "metrics", "--expires", "12h", "--json"),
        database_url=database_url,
    )
    key = json.loads(made.stdout)
    listed = json.loads(pgqueue("keys", "list", "--json", database_url=database_url).stdout)
    table = pgqueue("keys", "list", database_url=database_url)
    revoked = pgqueue("keys", "revoke", listed["prefix"], database_url=database_url)
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "select expires_at - created_at between interval '11 h 59 min' and interval '12 h 1 min',"
            " revoked_at is not null, position(%s::bytea in hash) from api.api_keys",
            [key["key"].encode()],
        ).fetchone()

    assert key["scopes"] == listed["scopes"] == ["metrics", "read"]
    assert "metrics, read" in table.stdout
    assert "metrics: scrape /metrics, and nothing else." in table.stderr
    assert key["key"] not in table.stdout
    assert revoked.returncode == 0
    assert row == (True, True, 0)


@pytest.mark.parametrize(
    "wrong",
    [["--scope", "root"], ["--expires", "12"], ["--expires", "0d"], ["--expires", "4000d"], ["--expires", "½h"]],
)
def test_a_wrong_scope_or_time_is_wrong_usage(database_url: str, wrong: list[str]) -> None:
    done = pgqueue("keys", "create", *wrong, database_url=database_url)

    assert (done.returncode, done.stdout) == (2, "")
    assert wrong[0] in done.stderr


def test_the_list_says_what_a_key_may_and_when_it_was_used(database_url: str) -> None:
    def table() -> list[str]:
        return pgqueue("keys", "list", database_url=database_url).stdout.splitlines()

    user = json.loads(pgqueue("keys", "create", "--json", database_url=database_url).stdout)["userId"]
    fresh = table()
    pgqueue("keys", "role", "admin", "--user", user, database_url=database_url)
    pgqueue("keys", "create", "--user", user, "--scope", "jobs", database_url=database_url)
    with psycopg.connect(database_url) as connection:
        connection.execute("update api.api_keys set last_used_at = '2026-03-04 05:06:07'")
    narrowed, whole = table()[1:]
    listed = pgqueue("keys", "list", "--json", database_url=database_url)

    assert fresh[0].split()[-2:] == ["revoked_at", "last_used_at"]
    assert "  jobs, read  " in fresh[1]
    assert fresh[1].rstrip().endswith("never")
    assert "  admin, jobs, metrics, read  " in whole
    assert "  jobs, read  " in narrowed
    assert whole.rstrip().endswith("2026-03-04 05:06")
    grants = [json.loads(line)["grants"] for line in listed.stdout.splitlines()]
    assert grants == [["jobs", "read"], ["admin", "jobs", "metrics", "read"]]


def test_a_key_moves_no_account_to_another_plan_unless_that_is_asked(database_url: str) -> None:
    def create(*more: str) -> subprocess.CompletedProcess[str]:
        return pgqueue("keys", "create", *more, database_url=database_url)

    user = json.loads(create("--plan", "basic", "--json").stdout)["userId"]
    refused = create("--user", user, "--plan", "pro")
    kept = create("--user", user, "--json")
    same = create("--user", user, "--plan", "basic", "--json")
    changed = create("--user", user, "--plan", "pro", "--change-plan")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"user {user} has the plan basic, not pro; no key was made." in refused.stderr
    assert [json.loads(done.stdout)["plan"] for done in (kept, same)] == ["basic", "basic"]
    assert f"User {user}, plan pro, which was basic." in changed.stderr
    assert len(pgqueue("keys", "list", "--json", database_url=database_url).stdout.splitlines()) == 4
    assert create("--change-plan").returncode == 2


def test_roles_and_locks_are_the_operators(database_url: str) -> None:
    user = json.loads(pgqueue("keys", "create", "--json", database_url=database_url).stdout)["userId"]
    codes = [
        pgqueue("keys", "role", "read_only_admin", "--user", user, database_url=database_url).returncode,
        pgqueue("keys", "lock", "--user", user, database_url=database_url).returncode,
        pgqueue("keys", "role", "king", "--user", user, database_url=database_url).returncode,
        pgqueue("keys", "lock", "--user", str(uuid4()), database_url=database_url).returncode,
    ]
    with psycopg.connect(database_url) as connection:
        row = connection.execute("select is_admin, is_read_only_admin, locked_at is not null from api.users").fetchone()
    pgqueue("keys", "unlock", "--user", user, database_url=database_url)
    with psycopg.connect(database_url) as connection:
        unlocked = connection.execute("select locked_at is null from api.users").fetchone()

    assert codes == [0, 0, 2, 1]
    assert (row, unlocked) == ((False, True, True), (True,))


def test_serve_names_every_wrong_setting_at_once_and_no_secret(database_url: str) -> None:
    done = pgqueue(
        *("serve", "--port", "0"),
        database_url=database_url,
        PGQUEUE_API_JWT_SECRET=SHORT,
        PGQUEUE_API_JWT_ISSUER="",
        PGQUEUE_API_POOL_SIZE="0",
    )

    assert done.returncode == 2
    for name in ("JWT_SECRET must have", "JWT_ISSUER is required", "JWT_AUDIENCE is required", "POOL_SIZE='0'"):
        assert f"PGQUEUE_API_{name}" in done.stderr
    assert SHORT not in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_says_in_a_sentence_that_the_wall_does_not_stand(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("alter table pgqueue.results disable row level security")

    done = pgqueue("serve", "--port", "0", database_url=database_url)

    assert done.returncode == 1
    assert "it sees every row of pgqueue.results" in done.stderr
    assert "Traceback" not in done.stderr


def test_migrate_puts_the_wall_up_again(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("alter table pgqueue.results disable row level security")
        connection.execute("drop policy own_rows on pgqueue.jobs")

    assert pgqueue("migrate", database_url=database_url).returncode == 0

    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "select (select relrowsecurity from pg_class where oid = 'pgqueue.results'::regclass),"
            " (select count(*) from pg_policy where polrelid = 'pgqueue.jobs'::regclass)"
        ).fetchone()
    assert row == (True, 2)


def test_a_login_for_operators_is_for_operators(database_url: str) -> None:
    user = json.loads(pgqueue("keys", "create", "--json", database_url=database_url).stdout)["userId"]

    def login(*options: str) -> subprocess.CompletedProcess[str]:
        return pgqueue("keys", "login", "--user", user, "--json", *options, database_url=database_url)

    plain = json.loads(login().stdout)["url"]
    refused = login("--admin")
    wrong = login("--role", "user")
    made = json.loads(login("--role", "read_only_admin").stdout)["url"]
    again = json.loads(login("--admin", "--url", "https://host/queue/").stdout)["url"]
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "select is_admin, is_read_only_admin, (select count(*) from api.login_codes) from api.users where id = %s",
            [user],
        ).fetchone()

    assert plain.startswith("http://127.0.0.1:8000/#code=")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"pgqueue keys role admin --user {user}" in refused.stderr
    assert wrong.returncode == 2
    assert made.startswith("http://127.0.0.1:8000/admin#code=")
    assert again.startswith("https://host/queue/admin#code=")
    assert row == (False, True, 3)
