"""Plans, accounts and credits by the command line, as an operator changes them."""

import json
import os
import subprocess
import sys
from uuid import uuid4

import psycopg
import pytest


def pgqueue(*words: str, database_url: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "DATABASE_URL": database_url, "COLUMNS": "200", "TERM": "dumb"}
    return subprocess.run(
        [sys.executable, "-m", "pgqueue", *words],
        env=environment, check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_an_account_is_made_changed_and_goes_back_to_its_plan(database_url: str) -> None:
    user = str(uuid4())
    empty = pgqueue("accounts", "list", database_url=database_url)
    assert (empty.returncode, empty.stdout) == (0, "")
    assert "No accounts yet" in empty.stderr

    made = pgqueue("accounts", "set", user, "--plan", "basic", "--concurrent", "7", database_url=database_url)
    assert made.returncode == 0, made.stderr
    shown = json.loads(pgqueue("accounts", "show", user, "--json", database_url=database_url).stdout)
    assert (shown["plan"], shown["concurrent"], shown["per_day"]) == ("basic", 7, None)

    pgqueue("accounts", "set", user, "--concurrent", "plan", "--per-day", "5", database_url=database_url)
    shown = json.loads(pgqueue("accounts", "show", user, "--json", database_url=database_url).stdout)
    assert (shown["plan"], shown["concurrent"], shown["per_day"]) == ("basic", 2, 5)


def test_credits_are_granted_with_a_reason_and_taken_back_only_as_far_as_they_go(database_url: str) -> None:
    user = str(uuid4())
    granted = pgqueue("accounts", "grant", user, "100", "--note", "welcome", database_url=database_url)
    assert granted.stdout.strip() == "100 available, 0 held"
    assert pgqueue("accounts", "grant", user, "--", "-40", database_url=database_url).stdout.startswith("60 available")

    refused = pgqueue("accounts", "grant", user, "--", "-61", database_url=database_url)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "fewer than 61 credits are available" in refused.stderr
    shown = json.loads(pgqueue("accounts", "show", user, "--json", database_url=database_url).stdout)
    assert [entry["amount"] for entry in shown["ledger"]] == [-40, 100]
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select * from pgqueue.check_invariants()").fetchall() == []


def test_plans_are_shown_and_changed(database_url: str) -> None:
    changed = pgqueue(
        "accounts", "plans", "free", "--per-day", "none", "--concurrent", "2", "--credits", "3", "--json",
        database_url=database_url,
    )  # fmt: skip
    free = json.loads(changed.stdout.splitlines()[0])
    assert (free["name"], free["per_day"], free["concurrent"], free["credits_per_job"]) == ("free", None, 2, 3)
    assert "no limit" in pgqueue("accounts", "plans", database_url=database_url).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", str(uuid4())), "no account of user"),
        (("set", str(uuid4()), "--plan", "gold"), "no plan 'gold'. Plans are: free, basic, pro."),
        (("set", str(uuid4()), "--concurrent", "0"), "neither a whole number from 1 nor 'plan'"),
        (("plans", "gold", "--waiting", "3"), "no plan 'gold'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(
    database_url: str, words: tuple[str, ...], said: str
) -> None:
    done = pgqueue("accounts", *words, database_url=database_url)
    assert done.returncode in (1, 2)
    assert said in " ".join(done.stderr.replace("│", " ").split())
    assert done.stdout == ""
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select count(*) from pgqueue.accounts").fetchone() == (0,)


def test_a_queue_is_limited_and_freed_again(database_url: str) -> None:
    limited = pgqueue(
        "queue", "limit", "--max-running", "3", "--starts", "10", "--per", "10", "--json", database_url=database_url
    )
    assert json.loads(limited.stdout) | {"paused": False} == {
        "paused": False, "max_waiting": 100000, "max_running": 3, "starts": 10, "per_seconds": 10.0,
    }  # fmt: skip
    freed = pgqueue(
        "queue",
        "limit",
        "--max-running",
        "none",
        "--starts",
        "none",
        "--per",
        "10",
        "--json",
        database_url=database_url,
    )
    assert json.loads(freed.stdout)["max_running"] is None
    assert pgqueue("queue", "limit", "--starts", "3", database_url=database_url).returncode == 2
