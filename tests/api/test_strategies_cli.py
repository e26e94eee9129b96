"""`pgqueue strategies …`, as people and programs call it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

USER = str(uuid4())
MINE: dict[str, Any] = {
    "name": "Mine",
    "params": {"n": {"type": "int", "default": 20, "min": 2, "max": 200}},
    "entryLong": "close > sma(close, n)",
}


def strategies(
    *command: str, database_url: str | None = None, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    # No embedded server of whoever runs the tests is found here.
    environment["PGQUEUE_DATA_DIR"] = "/nonexistent"
    if database_url is not None:
        environment["DATABASE_URL"] = database_url
    return subprocess.run(
        [sys.executable, "-m", "pgqueue", "strategies", *command],
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(MINE))
    return path


@pytest.fixture
def users_database(database_url: str) -> str:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("insert into api.users (id) values (%s)", (USER,))
    return database_url


def test_a_file_is_checked_without_server_or_database(file: Path) -> None:
    done = strategies("check", str(file))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "ok: Mine; n = 20 (2 to 200); looks back 19 bars.\n"


def test_a_check_may_be_of_other_parameters_and_for_programs(file: Path) -> None:
    done = strategies("check", str(file), "--param", "n=50", "--json")

    assert json.loads(done.stdout) == {
        "valid": True,
        "name": "Mine",
        "parameters": [{"name": "n", "type": "int", "default": 20, "min": 2, "max": 200}],
        "lookBack": 49,
        "errors": [],
    }


def test_an_error_is_shown_under_the_text_it_is_about() -> None:
    wrong = json.dumps(MINE | {"entryLong": "close > 1\nand close > smaa(close, n)"})

    people, programs = (strategies("check", "-", *options, stdin=wrong) for options in ((), ("--json",)))

    assert (people.returncode, people.stdout) == (1, "")
    assert people.stderr == (
        "pgqueue: standard input: strategy: entryLong, column 23: unknown function 'smaa'; did you mean 'sma'?\n"
        "    close > 1 and close > smaa(close, n)\n"
        "                          ^\n"
    )
    assert programs.returncode == 1
    (error,) = json.loads(programs.stdout)["errors"]
    assert (error["path"], error["column"], error["near"]) == ("entryLong", 23, "sma")


@pytest.mark.parametrize(
    ("command", "code", "sentence"),
    [
        (("check", "nowhere.json"), 1, "nowhere.json: No such file"),
        (("check", "-"), 1, "standard input: not JSON"),
        (("check", "-", "--param", "n"), 2, "is not NAME=NUMBER"),
        (("show", "sma-crss"), 1, "did you mean 'sma-cross'?"),
        (("save", "-"), 2, "--user"),
        (("list", "--user", "x"), 2, "UUID"),
        (("list", "--user", USER), 1, "DATABASE_URL"),
    ],
)
def test_what_fails_is_one_sentence_on_stderr(command: tuple[str, ...], code: int, sentence: str) -> None:
    done = strategies(*command, stdin="{}{")

    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_shown_can_be_changed_and_checked() -> None:
    shown = strategies("show", "sma-cross")
    changed = json.loads(shown.stdout) | {"name": "Faster"}

    assert strategies("check", "-", stdin=json.dumps(changed)).stdout.startswith("ok: Faster; fast = 10 (2 to 400)")
    assert "SMA crossover, 123e4567-e89b-12d3-a456-426614174000." in shown.stderr
    assert json.loads(strategies("show", "test", "--json").stdout)["definition"] == json.loads(shown.stdout)


def test_a_users_own_is_saved_replaced_listed_and_deleted(file: Path, users_database: str) -> None:
    owner = ("--user", USER)

    saved = strategies("save", str(file), *owner, database_url=users_database)
    assert saved.returncode == 0, saved.stderr
    assert saved.stderr == "Saved Mine, revision 1.\n"
    again = strategies("save", str(file), *owner, "--json", database_url=users_database)
    assert (json.loads(again.stdout)["id"], json.loads(again.stdout)["revision"]) == (saved.stdout.strip(), 2)
    strategies("save", str(file), *owner, "--name", "Yours", database_url=users_database)

    listed = strategies("list", *owner, "--json", database_url=users_database).stdout.splitlines()
    assert [one["name"] for one in map(json.loads, listed) if not one["builtIn"]] == ["Mine", "Yours"]
    assert "revision 2" in strategies("list", *owner, database_url=users_database).stdout
    shown = strategies("show", "Yours", *owner, database_url=users_database)
    assert json.loads(shown.stdout) == MINE | {"name": "Yours"}

    for name in ("Yours", saved.stdout.strip()):
        assert strategies("delete", name, *owner, database_url=users_database).returncode == 0
    gone = strategies("delete", "Mine", *owner, database_url=users_database)
    assert (gone.returncode, gone.stderr) == (1, "pgqueue: There is no such strategy.\n")


def test_another_users_strategy_and_a_user_who_is_not_there(file: Path, users_database: str) -> None:
    strategies("save", str(file), "--user", USER, database_url=users_database)
    stranger = ("--user", str(uuid4()))

    lists = strategies("list", *stranger, "--json", database_url=users_database)
    assert "Mine" not in lists.stdout
    assert strategies("delete", "Mine", *stranger, database_url=users_database).returncode == 1
    assert "no such user" in strategies("save", str(file), *stranger, database_url=users_database).stderr
