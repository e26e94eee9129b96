"""The first start says that loops are compiled, and how far it is; the second one says nothing."""

import logging
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli.warming import followed
from engine import compiling
from engine.kernels import SOURCES, cache_directory
from pgqueue.logs import FactsFormatter, JsonFormatter

SMA = "rolling.sma-*"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache that lacks one loop; the one of an installation that never ran lacks them all."""
    copy = tmp_path / "cache"
    shutil.copytree(cache_directory(), copy)
    for file in copy.rglob(SMA):
        file.unlink()
    return copy


def run(cache: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run(
        [sys.executable, *command],
        env=environment | {"NUMBA_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )


def test_all_loops_with_a_signature_are_counted_and_those_in_the_cache_are_not(tmp_path: Path) -> None:
    source = "import numba\nfrom numba import njit, types\n\n\n"
    (tmp_path / "one.py").write_text(
        f"{source}@njit(types.void(), **OPTIONS)\ndef a():\n    ...\n\n\n@helper\ndef b(): ...\n"
    )
    (tmp_path / "two.py").write_text(f"{source}@njit(\n    types.void(\n    ),\n    **OPTIONS,\n)\ndef c(): ...\n")
    (tmp_path / "one.a-4.py311.nbi").touch()

    assert compiling.missing(tmp_path, tmp_path / "none") == ["one.a", "two.c"]
    assert compiling.missing(tmp_path, tmp_path) == ["two.c"]


def test_every_indicator_is_among_those_counted() -> None:
    from engine.kernels.catalogue import KERNELS

    counted = {name.partition(".")[2] for name in compiling.missing(SOURCES, Path("/nonexistent"))}
    assert counted > set(KERNELS)


def test_a_backtest_says_so_once(cache: Path) -> None:
    first, second = (run(cache, "-m", "pgqueue", "backtest", "AAPL", "--json") for _ in range(2))

    assert first.stderr.count("compiling the engine's loops, once, ") == 1
    assert "compiling" not in second.stderr
    assert first.stdout == second.stdout


def test_a_warming_worker_logs_it_once_with_all_that_was_to_be_done(cache: Path) -> None:
    program = (
        "from pgqueue import logs; logs.configure(); from engine import jobs; jobs.backtest.warm(); jobs.sweep.warm()"
    )
    first, second = (run(cache, "-c", program) for _ in range(2))

    told = re.findall(r"INFO compiling the engine's loops, once, .* done=(\d+) of=(\d+)", first.stderr)
    assert told[0][0] == "0"
    assert told[-1][0] == told[-1][1] == told[0][1]
    assert second.stderr == ""


@pytest.mark.parametrize("formatter", [FactsFormatter(), JsonFormatter()])
def test_who_waits_for_the_worker_reads_it_in_its_log(tmp_path: Path, formatter: logging.Formatter) -> None:
    log, told = tmp_path / "worker.log", []
    log.touch()
    with followed(log, lambda *facts: told.append(facts)), log.open("a") as lines:
        for done in (0, 7, 32):
            record = logging.makeLogRecord({"msg": compiling.sentence(32), "done": done, "of": 32})
            lines.write(f"{formatter.format(record)}\nsomething else\n")

    assert told == [(compiling.sentence(32), done, 32) for done in (0, 7, 32)]
