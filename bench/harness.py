"""What every bench needs: its options, the machine it ran on, percentiles, and a stack of its own to measure."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from pgqueue import Companion, EmbeddedServer
from pgqueue.migrate import upgrade

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Options:
    quick: bool
    as_json: bool


def main(question: str, run: Callable[[Options], Mapping[str, Any]]) -> None:
    """Parse the options, run the bench, print the answer as one JSON object on the last line."""
    parser = argparse.ArgumentParser(description=question)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs, under a minute")
    parser.add_argument("--json", action="store_true", help="nothing on stdout but the answer")
    given = parser.parse_args()
    options = Options(quick=given.quick, as_json=given.json)
    if not options.as_json:
        print(question)
        print(machine())
    print(json.dumps(run(options), allow_nan=False))


def say(options: Options, text: str) -> None:
    """A line for people: on stderr where a program reads stdout."""
    print(text, file=sys.stderr if options.as_json else sys.stdout, flush=True)


def machine() -> str:
    """Where the figures come from."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(
        ["/usr/bin/env", "git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"],
        check=False,
        capture_output=True,
        text=True,
    ).stdout.strip()
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, commit {commit or 'unknown'}"
    )


def percentile(values: Sequence[float], fraction: float) -> float:
    """The smallest value that so large a fraction of the values does not exceed. values: not empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-fraction * len(ordered) // 1) - 1))]


@contextmanager
def own_database(*, max_connections: int = 200) -> Iterator[str]:
    """An embedded server of the bench's own, with the settings it has in use: durable, nothing relaxed."""
    with tempfile.TemporaryDirectory(prefix="pgqueue-bench-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o711)
        settings = {"max_connections": str(max_connections)}
        with EmbeddedServer(Path(directory) / "data", settings=settings) as server:
            upgrade(server.url)
            yield server.url


def beside(database_url: str, name: str) -> str:
    """A new, empty database on the same server; its address."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    return urlsplit(database_url)._replace(path=f"/{name}").geturl()


@contextmanager
def processes(database_url: str, *commands: Sequence[str], **settings: str) -> Iterator[list[dict[str, Any]]]:
    """Python programs that say one JSON line when they are ready; what each of them said."""
    environment = {**os.environ, "DATABASE_URL": database_url, "PYTHONPATH": str(ROOT), **settings}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with ExitStack() as stack:
        started = []
        for command in commands:
            companion = Companion([sys.executable, *command], environment=environment)
            stack.callback(companion.stop)
            started.append(companion)
        yield [json.loads(companion.answer()) for companion in started]
