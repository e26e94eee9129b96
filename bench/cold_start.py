"""How soon does a fresh worker process have its first result, and how soon is a child that died replaced?

Kernels were warmed once and .pyc files exist, as on any machine that has run before. A fresh process: from its start to
the first result of a real backtest. A child: a worker's own executor, whose child is gone, is given a run; until its
result is there. The first warm-up, which compiles, is timed in a cache of its own.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.handlers import FIRST
from bench.harness import ROOT, Options, main, say

PRINT = "print(json.dumps(found), flush=True)"
WARM = "from engine.jobs import backtest; backtest.warm()"


def environment(**more: str) -> dict[str, str]:
    """As a worker has it: compiled modules are kept."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPATH": str(ROOT)} | more


def process_seconds(code: str, **more: str) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(**more), check=True, capture_output=True, text=True
    )
    return time.perf_counter() - began, done.stdout


def replaced_children(rounds: int) -> list[tuple[float, str]]:
    """In a program of its own, as a worker is: its children start without this one's imports."""
    program = [sys.executable, str(Path(__file__).with_name("replaced_child.py")), str(rounds)]
    done = subprocess.run(program, env=environment(), check=True, capture_output=True, text=True)
    return [(float(seconds), str(answer)) for seconds, answer in json.loads(done.stdout)]


def run(options: Options) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="pgqueue-bench-") as directory:
        compiled, _ = process_seconds(WARM, NUMBA_CACHE_DIR=directory)
        loaded, _ = process_seconds(WARM, NUMBA_CACHE_DIR=directory)
    say(options, f"warm-up: {compiled:.1f} s where nothing is compiled yet, {loaded:.2f} s after")
    process_seconds(FIRST + PRINT)
    rounds = [process_seconds(FIRST + PRINT) for _ in range(5 if options.quick else 15)]

    replaced = replaced_children(20 if options.quick else 60)

    answers = {json.dumps(json.loads(answer)) for _, answer in (*rounds, *replaced)}
    assert len(answers) == 1, answers
    say(options, f"every process and child had the same result: {answers.pop()}")
    return {
        "first_result_s": round(statistics.median(seconds for seconds, _ in rounds), 3),
        "child_ms": round(statistics.median(seconds for seconds, _ in replaced) * 1e3, 1),
        "kernel_warm_up_s": round(compiled, 1),
    }


if __name__ == "__main__":
    main("How soon has a fresh worker its first result, and how soon is a child replaced?", run)
