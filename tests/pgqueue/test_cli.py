"""The command line as people and programs use it: real processes, real exit codes, nothing on stdout but the answer."""

import json
import os
import subprocess
import sys
from uuid import UUID, uuid4

import psycopg
import pytest


def pgqueue(*words: str, database_url: str | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    if database_url is not None:
        clean["DATABASE_URL"] = database_url
    return subprocess.run(
        [sys.executable, "-m", "pgqueue", *words],
        env=clean | {"PGQUEUE_DATA_DIR": "/nonexistent", "COLUMNS": "200", "TERM": "dumb"} | environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def add_job(database_url: str, *more: str) -> str:
    """A job of a kind that nobody serves is added by SQL: `enqueue` would refuse it."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute(
            "insert into pgqueue.jobs (queue, kind, rank, turn, state, args)"
            " values ('backtest', 'test', 1, 1, 'ready', '{}') returning id"
        ).fetchone()
    assert row is not None
    return str(row[0])


def test_jobs_are_listed_shown_and_cancelled(database_url: str) -> None:
    job_id = add_job(database_url)

    listed = pgqueue("jobs", "list", "--json", database_url=database_url)
    shown = pgqueue("jobs", "show", job_id, "--json", database_url=database_url)
    cancelled = pgqueue("jobs", "cancel", job_id, "--json", database_url=database_url)
    again = pgqueue("jobs", "cancel", job_id, database_url=database_url)

    assert json.loads(listed.stdout)["jobId"] == job_id
    assert json.loads(shown.stdout)["status"] == "waiting"
    assert json.loads(cancelled.stdout) == {"jobId": job_id, "outcome": "cancelled"}
    assert "had been cancelled before" in again.stdout
    assert [done.returncode for done in (listed, shown, cancelled, again)] == [0, 0, 0, 0]


def test_a_table_for_people_has_the_whole_id(database_url: str) -> None:
    job_id = add_job(database_url)

    assert job_id in pgqueue("jobs", "list", database_url=database_url).stdout


def test_an_empty_list_says_so_beside_the_answer(database_url: str) -> None:
    done = pgqueue("jobs", "list", database_url=database_url)

    assert (done.returncode, done.stdout) == (0, "")
    assert "No jobs." in done.stderr


def test_requeue_runs_a_final_job_again_and_dry_run_changes_nothing(database_url: str) -> None:
    job_id = add_job(database_url)
    pgqueue("jobs", "cancel", job_id, database_url=database_url)

    dry = pgqueue("requeue", job_id, "--dry-run", "--json", database_url=database_url)
    done = pgqueue("requeue", job_id, "--json", database_url=database_url)

    assert json.loads(dry.stdout) == {"requeuedFrom": job_id, "jobId": None}
    assert "1 would be requeued; nothing was changed." in dry.stderr
    assert UUID(json.loads(done.stdout)["jobId"]) != UUID(job_id)


def test_a_job_is_moved_deleted_and_its_history_shown(database_url: str) -> None:
    job_id = add_job(database_url)

    moved = pgqueue("jobs", "priority", job_id, "--to", "9", database_url=database_url, PGQUEUE_ACTOR="anna")
    early = pgqueue("jobs", "delete", job_id, "--yes", database_url=database_url)
    pgqueue("jobs", "cancel", job_id, database_url=database_url, PGQUEUE_ACTOR="bert")
    people = pgqueue("jobs", "show", job_id, database_url=database_url)
    deleted = pgqueue("jobs", "delete", job_id, "--yes", "--json", database_url=database_url, PGQUEUE_ACTOR="carl")
    shown = json.loads(pgqueue("jobs", "show", job_id, "--json", database_url=database_url).stdout)

    assert "priority 9" in moved.stdout
    assert (early.returncode, early.stdout) == (1, "")
    assert "cannot delete a job that is waiting" in early.stderr
    assert "priority_changed" in people.stdout
    assert json.loads(deleted.stdout) == {"jobId": job_id, "outcome": "deleted"}
    assert [(moment["event"], moment["actor"]) for moment in shown["history"]] == [
        ("priority_changed", "anna"),
        ("cancelled", "bert"),
        ("deleted", "carl"),
    ]


def test_a_user_is_forgotten_only_when_that_is_confirmed(database_url: str) -> None:
    user = str(uuid4())
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("select pgqueue.enqueue('test', user_id => %s)", (user,))

    dry = pgqueue("accounts", "forget", user, "--json", database_url=database_url)
    done = pgqueue("accounts", "forget", user, "--yes", "--json", database_url=database_url)
    left = pgqueue("accounts", "forget", user, "--json", database_url=database_url)

    would = {"cancelled": 1, "removed": 1, "running": 0}
    assert json.loads(dry.stdout) == would | {"done": False}
    assert "Nothing was changed" in dry.stderr
    assert json.loads(done.stdout) == would | {"done": True}
    assert json.loads(left.stdout)["removed"] == 0


def test_unknown_jobs_fail_with_one_sentence(database_url: str) -> None:
    unknown = str(uuid4())
    for words in (
        ("jobs", "show", unknown),
        ("jobs", "cancel", unknown),
        ("requeue", unknown),
        ("jobs", "watch", unknown),
    ):
        done = pgqueue(*words, database_url=database_url)

        assert (done.returncode, done.stdout) == (1, ""), words
        assert done.stderr.strip() == f"pgqueue: job {unknown}: not found. List jobs with `pgqueue jobs list`."


def test_an_unknown_kind_names_the_nearest(database_url: str) -> None:
    done = pgqueue("enqueue", "backtset", database_url=database_url)

    assert done.returncode == 1
    assert "no handler for kind 'backtset'; did you mean 'backtest'?" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("requeue",),
        ("requeue", str(uuid4()), "--failed"),
        ("enqueue", "backtest", "--args", "{"),
        ("enqueue", "backtest", "--args", "[]"),
        ("enqueue", "backtest", "--args", "@/nonexistent.json"),
        ("enqueue", "backtest", "--user", "me"),
        ("enqueue", "backtest", "--priority", "11"),
        ("enqueue", "backtest", "--at", "tomorrow"),
        ("enqueue", "backtest", "--at", "2020-01-01T00:00Z"),
        ("enqueue", "backtest", "--at", "0001-01-01T00:00"),
        ("jobs", "list", "--status", "lost"),
        ("jobs", "show", "nonsense"),
        ("jobs", "delete", str(uuid4())),
        ("jobs", "priority", str(uuid4()), "--to", "11"),
        ("nonsense",),
    ],
)
def test_wrong_usage_exits_with_two(database_url: str, words: tuple[str, ...]) -> None:
    done = pgqueue(*words, database_url=database_url)

    assert (done.returncode, done.stdout) == (2, ""), done.stderr


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("bactest",), "backtest"),
        (("enque", "backtest"), "enqueue"),
        (("key", "list"), "keys"),
        (("queue", "puase"), "pause"),
        (("keys", "creat"), "create"),
        (("data", "improt"), "import"),
    ],
)
def test_a_misspelt_command_is_told_the_nearest(words: tuple[str, ...], meant: str) -> None:
    done = pgqueue(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"id you mean {meant!r}?" in done.stderr


def test_a_command_like_no_other_is_told_none() -> None:
    done = pgqueue("zzzzzz")

    assert done.returncode == 2
    assert "no command 'zzzzzz'." in done.stderr


def test_the_queue_is_paused_and_resumed(database_url: str) -> None:
    pgqueue("queue", "pause", database_url=database_url)
    paused = json.loads(pgqueue("queue", "stats", "--json", database_url=database_url).stdout)
    pgqueue("queue", "resume", database_url=database_url)
    resumed = json.loads(pgqueue("queue", "stats", "--json", database_url=database_url).stdout)

    assert (paused["paused"], resumed["paused"]) == (True, False)
    assert paused["workers"] == []


@pytest.mark.parametrize("words", [("pause",), ("resume",), ("stats",), ("limit", "--max-running", "3")])
def test_a_misspelt_queue_is_refused_with_the_nearest_and_not_made(database_url: str, words: tuple[str, ...]) -> None:
    done = pgqueue("queue", *words, "backtset", database_url=database_url)

    assert (done.returncode, done.stdout) == (1, "")
    assert "no queue 'backtset'; did you mean 'backtest'?" in done.stderr
    assert queue_names(database_url) == []


@pytest.mark.parametrize("words", [("pause",), ("limit", "--max-running", "3")])
def test_a_queue_is_made_ahead_of_its_first_job_where_that_is_asked(database_url: str, words: tuple[str, ...]) -> None:
    made = pgqueue("queue", *words, "reports", "--create", database_url=database_url)
    resumed = pgqueue("queue", "resume", "reports", database_url=database_url)

    assert (made.returncode, resumed.returncode) == (0, 0), made.stderr + resumed.stderr
    assert queue_names(database_url) == ["reports"]


def queue_names(database_url: str) -> list[str]:
    with psycopg.connect(database_url) as connection:
        return [row[0] for row in connection.execute("select name from pgqueue.queues order by name")]


def test_without_a_database_every_command_says_what_to_do() -> None:
    for words in (("jobs", "list"), ("worker",), ("serve",), ("migrate",), ("keys", "list")):
        done = pgqueue(*words)

        assert (done.returncode, done.stdout) == (1, ""), words
        assert "Set DATABASE_URL, or start one with `pgqueue up`." in done.stderr, words


def test_a_dead_address_is_one_sentence() -> None:
    for words in (("jobs", "list"), ("worker",), ("serve",), ("migrate",), ("doctor",)):
        done = pgqueue(*words, database_url="postgresql://nobody@127.0.0.1:1/none")

        assert done.returncode == 1, words
        assert done.stderr.startswith("pgqueue: database: connection"), words
        assert "Traceback" not in done.stderr


def test_a_database_that_was_never_migrated_says_so(server_url: str) -> None:
    for words in (("jobs", "list"), ("worker",), ("serve",)):
        done = pgqueue(*words, database_url=server_url)

        assert done.returncode == 1, words
        assert "found revision none" in done.stderr, words
        assert "Run `pgqueue migrate`." in done.stderr, words


def test_wrong_settings_are_one_sentence(database_url: str) -> None:
    done = pgqueue("jobs", "list", database_url=database_url, PGQUEUE_SLOTS="many")

    assert done.returncode == 2
    assert "PGQUEUE_SLOTS='many'" in done.stderr
    assert "Traceback" not in done.stderr


def test_keys_are_made_listed_and_revoked(database_url: str) -> None:
    made = json.loads(pgqueue("keys", "create", "--plan", "pro", "--json", database_url=database_url).stdout)
    listed = [
        json.loads(line) for line in pgqueue("keys", "list", "--json", database_url=database_url).stdout.splitlines()
    ]
    revoked = pgqueue("keys", "revoke", listed[0]["prefix"], database_url=database_url)
    unknown = pgqueue("keys", "revoke", "pgq_nothing", database_url=database_url)

    assert made["key"].startswith(listed[0]["prefix"])
    assert (made["plan"], listed[0]["plan"], listed[0]["user_id"]) == ("pro", "pro", made["userId"])
    assert "hash" not in listed[0]
    assert (revoked.returncode, unknown.returncode) == (0, 1)


def test_args_that_can_never_run_are_refused_in_the_handlers_own_words(database_url: str) -> None:
    done = pgqueue("enqueue", "backtest", "--args", '{"symbol": "AAPL"}', database_url=database_url)

    assert done.returncode == 2
    assert "strategyId is required" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
