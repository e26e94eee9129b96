"""Many readers of event streams in one process, as lean as they can be: `python stream_readers.py SPEC`.

SPEC is a file of JSON: {"url", "streams": [[path, key], …], "uncounted_seconds"}. Says {"open": n} once every stream
was greeted and had its snapshot; then reads until a line comes in on stdin, and says what it saw.
"""

import asyncio
import json
import resource
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import uvloop

CONNECTING_AT_ONCE = 50


@dataclass
class Seen:
    """Of all readers together. An event's age counts from `updatedAt`, the database's clock at its flush, cut to ms."""

    ages_ms: list[float] = field(default_factory=list)
    gaps_ms: list[float] = field(default_factory=list)
    """How old what was shown had become by the time it was replaced."""
    steps: int = 0
    """Changes that the events passed over, and the events themselves."""
    last: dict[str, dict[str, tuple[int, str]]] = field(default_factory=dict)
    closed: int = 0


class Reading(asyncio.Protocol):
    """One stream. Events come whole, one or more to a chunk."""

    def __init__(self, path: str, key: str, name: str, seen: Seen) -> None:
        self._request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
        self._seen = seen
        self._last = seen.last.setdefault(name, {})
        self._rest = b""
        self._shown: dict[str, float] = {}
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_measured = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one without saying so.
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        *events, self._rest = (self._rest + data).split(b"\n\n")
        for event in events:
            begin = event.find(b"\ndata: ")
            if begin < 0:
                continue
            if event.find(b"event: progress", 0, begin) >= 0:
                self._progress(json.loads(event[begin + 7 :]))
            elif b"event: hello" in event and not self.greeted.done():
                self.greeted.set_result(None)

    def _progress(self, job: dict[str, Any]) -> None:
        now = time.time()
        job_id, seq = job["jobId"], job["seq"]
        before = self._last.get(job_id)
        self._last[job_id] = (seq, job["status"])
        if self.is_measured and job["status"] == "processing" and before is not None:
            at = datetime.fromisoformat(job["updatedAt"]).timestamp()
            self._seen.ages_ms.append((now - at) * 1000)
            self._seen.steps += seq - before[0]
            if job_id in self._shown:
                self._seen.gaps_ms.append((now - self._shown[job_id]) * 1000)
            self._shown[job_id] = at

    def connection_lost(self, _error: Exception | None) -> None:
        self._seen.closed += 1
        if not self.greeted.done():
            self.greeted.set_exception(ConnectionError(self._rest[:200].decode()))


async def main(spec: dict[str, Any]) -> None:
    seen = Seen()
    address = urlsplit(spec["url"])
    room = asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def open_one(number: int, path: str, key: str) -> Reading:
        async with room:
            loop = asyncio.get_running_loop()
            _, reading = await loop.create_connection(
                lambda: Reading(path, key, str(number), seen), address.hostname, address.port
            )
            async with asyncio.timeout(60):
                await reading.greeted
            return reading

    readings = await asyncio.gather(*(open_one(n, path, key) for n, (path, key) in enumerate(spec["streams"])))
    say({"open": len(readings)})
    for _ in range(2):
        # Twice: "measure", and "enough".
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        for reading in readings:
            reading.is_measured = not reading.is_measured
    say(
        {
            "ages_ms": seen.ages_ms,
            "gaps_ms": seen.gaps_ms,
            "steps": seen.steps,
            "last": seen.last,
            "closed": seen.closed,
            "cpu_s": time.process_time(),
        }
    )


def say(facts: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
