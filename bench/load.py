"""The field's load: how quick are answers and runs while users come, up to a hundred at once? And with a thousand?

Locust ramps users up to 50 in one minute and 100 in two, holds them for three and lets them go; each sends one request
a second: press "run", look until the run has ended, press again. `--quick` takes a tenth of the time. Then 1,000 users
do the same for a minute, where the only refusal allowed is 429. Postgres, the API, a worker of two slots and Locust
itself share this machine's cores; Locust paces by wall clock and times each answer from its request. Peers: none, the
figures the field's system was replaced for are in the contract. deploy/k6/load.js is the same profile for k6.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil
import psycopg

from bench.end_to_end import load_prices, make_users
from bench.harness import ROOT, Options, main, own_database, processes, say

PROFILE = [(60, 50), (120, 100), (300, 100), (330, 0)]
CROWD = [(10, 1000), (60, 1000)]
QUICK = 0.07
USERS = 1000


def run(options: Options) -> dict[str, Any]:
    profile = [(seconds * (QUICK if options.quick else 1), users) for seconds, users in PROFILE]
    crowd = [(seconds * (0.2 if options.quick else 1), users) for seconds, users in CROWD]
    with own_database() as database_url, tempfile.TemporaryDirectory() as directory:
        load_prices(database_url)
        allow_the_crowd(database_url)
        keys = [key for _, key in asyncio.run(make_users(database_url, USERS))]
        key_file = Path(directory) / "keys"
        key_file.write_text("\n".join(keys), encoding="utf-8")
        serve = ["-m", "pgqueue", "serve", "--port", "0", "--json", "--no-access-log"]
        worker = [str(Path(__file__).with_name("worker.py")), "2"]
        with processes(database_url, worker, serve) as (_, served):
            before = cpu_seconds(database_url)
            hundred = locust(served["url"], key_file, profile)
            shares = shares_of(before, cpu_seconds(database_url))
            waited = mean_wait(database_url)
            say(options, f"up to 100 users: {json.dumps(hundred)}, mean wait {waited:.3f} s")
            say(options, f"processor time: {', '.join(f'{who} {share:.0%}' for who, share in shares.items())}")
            thousand = locust(served["url"], key_file, crowd)
            say(options, f"1,000 users: {json.dumps(thousand)}")
    require_sense(hundred, thousand)
    return {
        "p95_ms": hundred["run"]["p95_ms"],
        "failed": hundred["failed"] + hundred["limited"] + thousand["failed"],
        "mean_wait_s": round(waited, 3),
        "p95_ms_1000": thousand["run"]["p95_ms"],
        "limited_1000": thousand["limited"],
    }


def allow_the_crowd(database_url: str) -> None:
    """No user meets a plan's daily quota: how quick refusals are is not the question."""
    with psycopg.connect(database_url) as connection:
        connection.execute("update pgqueue.plans set per_day = null")


def locust(url: str, keys: Path, stages: list[tuple[float, int]]) -> dict[str, Any]:
    report = keys.with_name("report.json")
    environment = {
        **os.environ,
        "LOAD_KEYS": str(keys),
        "LOAD_STAGES": json.dumps(stages),
        "LOAD_REPORT": str(report),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-W", "ignore", "-m", "locust", "-f", str(Path(__file__).with_name("locustfile.py"))]
    subprocess.run(
        [*command, "--headless", "--only-summary", "--host", url, "--exit-code-on-error", "0"],
        env=environment,
        check=True,
        capture_output=True,
        timeout=max(seconds for seconds, _ in stages) + 60,
    )
    answer: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return answer


def cpu_seconds(database_url: str) -> dict[str, float]:
    """Of this bench's processes so far, by what they are: its own are Locust, once that has ended."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("select pg_backend_pid()").fetchone()
    assert row is not None
    postgres = psutil.Process(row[0]).parent()
    assert postgres is not None
    ended = os.times()
    found = {"locust": ended.children_user + ended.children_system, "api": 0.0, "worker": 0.0, "runs": 0.0}
    for child in psutil.Process().children():
        if "--port" in child.cmdline():
            found["api"] += _seconds(child)
        elif "worker.py" in " ".join(child.cmdline()):
            found["worker"] += _seconds(child)
            found["runs"] += sum(map(_seconds, child.children(recursive=True)))
    return found | {"postgres": sum(map(_seconds, [postgres, *postgres.children()]))}


def _seconds(process: psutil.Process) -> float:
    """Its own, and those of its children that have ended; none when it has itself, meanwhile: its parent has them."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def shares_of(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    took = {who: after[who] - before[who] for who in after}
    return {who: seconds / sum(took.values()) for who, seconds in took.items()}


def mean_wait(database_url: str) -> float:
    """Seconds from due to started, of all runs so far."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "select avg(extract(epoch from started_at - run_at))::float8 from pgqueue.jobs where started_at is not null"
        ).fetchone()
    assert row is not None
    return float(row[0])


def require_sense(hundred: dict[str, Any], thousand: dict[str, Any]) -> None:
    """Runs that users saw the end of have completed, all of them."""
    for answer in (hundred, thousand):
        if set(answer["ended"]) - {"completed"} or not answer["ended"]:
            raise RuntimeError(f"runs ended otherwise than completed: {answer}")


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
