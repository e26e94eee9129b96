"""The command line, run as its users run it."""

import os
import subprocess
import sys


def pgqueue(*command: str, database_url: str | None = None) -> subprocess.CompletedProcess[str]:
    """What it answers; without a database unless one is given."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    if database_url is not None:
        environment["DATABASE_URL"] = database_url
    return subprocess.run(
        [sys.executable, "-m", "pgqueue", *command], env=environment, capture_output=True, text=True, check=False
    )
