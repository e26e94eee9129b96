"""The API as a program uses it: submit over HTTP, follow over Server-Sent Events."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any, Self

import httpx

RETRIES = 20


class Client:
    """One caller of one API. Use as a context."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._retry_seconds = 2.0
        self._http = httpx.Client(base_url=url, headers=headers, timeout=httpx.Timeout(30, read=60))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def submit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to POST /api/backtest/queue; httpx.HTTPStatusError when refused."""
        return self._json(self._http.post("/api/backtest/queue", json=body))

    def result(self, job_id: str) -> dict[str, Any]:
        return self._json(self._http.get(f"/api/backtest/queue/{job_id}/result"))

    def follow(self, job_id: str) -> Iterator[dict[str, Any]]:
        """The job at every change, to its end; a stream that breaks off is taken up again."""
        last_event_id = ""
        for _ in range(RETRIES):
            try:
                for event_id, event, data in self._events(job_id, last_event_id):
                    last_event_id = event_id or last_event_id
                    if event == "progress":
                        yield data
                        if data["status"] in ("completed", "failed", "cancelled"):
                            return
            except httpx.TransportError:
                pass
            except httpx.HTTPStatusError as refusal:
                if refusal.response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    raise
            time.sleep(self._retry_seconds)

    def _events(self, job_id: str, last_event_id: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        with self._http.stream("GET", f"/api/backtest/queue/{job_id}/events", headers=headers) as response:
            response.raise_for_status()
            fields: dict[str, str] = {}
            for line in response.iter_lines():
                name, _, value = line.partition(":")
                if line and name:
                    fields[name] = value.removeprefix(" ")
                elif not line and "data" in fields:
                    self._retry_seconds = int(fields.get("retry", self._retry_seconds * 1000)) / 1000
                    yield fields.get("id", ""), fields.get("event", "message"), json.loads(fields["data"])
                    fields = {}

    def _json(self, response: httpx.Response) -> dict[str, Any]:
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer
