"""What Locust runs for bench.load: users who each send one request a second.

A user presses "run", looks once a second until the run has ended, and presses again. Environment: LOAD_KEYS (a file of
API keys, one a line), LOAD_STAGES (JSON: [seconds from the start, users at that moment] …), LOAD_REPORT (where the
answer goes).
"""

import itertools
import json
import os
from pathlib import Path
from typing import Any

from locust import FastHttpUser, LoadTestShape, constant_pacing, events, task

KEYS = itertools.cycle(Path(os.environ["LOAD_KEYS"]).read_text(encoding="utf-8").split())
STAGES: list[tuple[float, int]] = json.loads(os.environ["LOAD_STAGES"])
QUEUE = "/api/backtest/queue"
BODY = {
    "strategyId": "123e4567-e89b-12d3-a456-426614174000",
    "params": {"symbol": "AAPL", "startDate": "2020-01-01", "endDate": "2022-12-28", "initialCapital": 10000},
    "priority": 5,
}
FINAL = ("completed", "failed", "cancelled")

limited = 0
ended: dict[str, int] = {}


class Trader(FastHttpUser):  # type: ignore[misc]
    wait_time = constant_pacing(1)
    network_timeout = 30.0
    connection_timeout = 30.0

    def on_start(self) -> None:
        self.headers = {"Authorization": f"Bearer {next(KEYS)}"}
        self.job: str | None = None

    @task  # type: ignore[untyped-decorator]
    def one_request(self) -> None:
        if self.job is None:
            answer = self._ask("POST", QUEUE, "run", json=BODY)
            self.job = None if answer is None else answer["jobId"]
            return
        answer = self._ask("GET", f"{QUEUE}/{self.job}", "look")
        if answer is not None and answer["status"] in FINAL:
            ended[answer["status"]] = ended.get(answer["status"], 0) + 1
            self.job = None

    def _ask(self, method: str, path: str, name: str, **more: Any) -> dict[str, Any] | None:
        """The answer; None when there was none, or the user was told to wait."""
        global limited  # noqa: PLW0603 - Locust makes the users, so their count has no other home
        with self.client.request(
            method, path, name=name, headers=self.headers, catch_response=True, **more
        ) as response:
            if response.status_code == 429:
                limited += 1
                response.success()
                return None
            if response.status_code != 200:
                response.failure(f"status {response.status_code}: {(response.text or '')[:200]}")
                return None
            answer: dict[str, Any] = response.json()
            return answer


class Profile(LoadTestShape):  # type: ignore[misc]
    """As many users as the line between two stages says."""

    def tick(self) -> tuple[int, float] | None:
        now = self.get_run_time()
        for (since, before), (until, after) in itertools.pairwise([(0.0, 0), *STAGES]):
            if now < until:
                users = before + (after - before) * (now - since) / max(until - since, 0.001)
                return max(1, round(users)), 100.0
        return None


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def report(environment: Any, **_more: Any) -> None:
    stats = environment.stats
    answer: dict[str, Any] = {"limited": limited, "ended": ended, "failed": stats.total.num_failures}
    answer["errors"] = [f"{error.method} {error.name}: {error.error}" for error in stats.errors.values()][:5]
    for name, method in (("run", "POST"), ("look", "GET")):
        entry = stats.get(name, method)
        answer[name] = {
            "count": entry.num_requests,
            "p50_ms": entry.get_response_time_percentile(0.5),
            "p95_ms": entry.get_response_time_percentile(0.95),
            "max_ms": entry.max_response_time,
        }
    Path(os.environ["LOAD_REPORT"]).write_text(json.dumps(answer), encoding="utf-8")
