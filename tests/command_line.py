"""The command line, run as its users run it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence

GROUPS = ("accounts", "jobs", "queue", "keys", "data", "strategies")


def pgqueue(*command: str, database_url: str | None = None) -> subprocess.CompletedProcess[str]:
    """What it answers; without a database unless one is given."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    if database_url is not None:
        environment["DATABASE_URL"] = database_url
    return subprocess.run(
        [sys.executable, "-m", "pgqueue", *command], env=environment, capture_output=True, text=True, check=False
    )


def hold_to_their_helps(commands: Iterable[Sequence[str]]) -> None:
    """Fails when a command or option, as words after `pgqueue`, is none that its own --help names."""
    helps: dict[tuple[str, ...], str] = {}
    for words in commands:
        names = [word for word in words[:2] if re.fullmatch(r"[a-z]+", word)]
        path = tuple(names[: 2 if names[0] in GROUPS else 1])
        if path not in helps:
            done = subprocess.run(
                [sys.executable, "-m", "pgqueue", *path, "--help"],
                env={**os.environ, "COLUMNS": "200", "TERM": "dumb"},
                check=False,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, (path, done.stderr)
            helps[path] = done.stdout
        for option in (word for word in words if word.startswith("--")):
            assert option in helps[path], f"pgqueue {' '.join(path)} knows no {option}"
