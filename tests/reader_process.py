"""Readers of event streams that come back as browsers do, in a process of their own: `python reader_process.py SPEC`.

SPEC is a file of JSON: {"urls": [one per API process], "streams": [[path, key, [ids of the jobs to see end]], …]}.
Says "reading" once all were greeted, and at the end, when all saw what they wait for, one JSON list of what they saw.
"""

import asyncio
import json
import socket
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FINAL = {"completed", "failed", "cancelled"}


@dataclass
class Saw:
    last: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Job to seq and status of its last event."""
    opened: int = 0
    recovered: list[bool] = field(default_factory=list)
    modes: list[str] = field(default_factory=list)
    steps_back: int = 0
    told_to_stay_away: bool = False


class Follower:
    def __init__(self, urls: list[str], path: str, key: str, job_ids: list[str]) -> None:
        self.saw = Saw()
        self.greeted = asyncio.Event()
        self._urls = cycle(urls)
        self._path, self._key, self._wanted = path, key, set(job_ids)
        self._last_id = ""
        self._retry_seconds = 2.0

    @property
    def is_done(self) -> bool:
        ended = {job_id for job_id, (_, status) in self.saw.last.items() if status in FINAL}
        return self.saw.told_to_stay_away or self._wanted <= ended

    async def follow(self) -> None:
        """Open, read, and open again a while after each end, until all that was waited for has ended."""
        while not self.is_done:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._read_one(next(self._urls))
            if not self.is_done:
                await asyncio.sleep(self._retry_seconds)

    async def _read_one(self, url: str) -> None:
        address = urlsplit(url)
        with socket.socket() as connection:
            # Small, so that a reader which stands still is soon noticed.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            connection.setblocking(False)
            await asyncio.get_running_loop().sock_connect(connection, (address.hostname, address.port))
            reader, writer = await asyncio.open_connection(sock=connection.dup(), limit=1 << 22)
        try:
            headers = f"Host: test\r\nAuthorization: Bearer {self._key}\r\n"
            if self._last_id:
                headers += f"Last-Event-ID: {self._last_id}\r\n"
            writer.write(f"GET {self._path} HTTP/1.1\r\n{headers}\r\n".encode())
            status = int((await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1])
            self.saw.told_to_stay_away = status == 204
            if status == 200:
                self.saw.opened += 1
                await self._read_events(reader)
        finally:
            writer.close()

    async def _read_events(self, reader: asyncio.StreamReader) -> None:
        fields: dict[str, str] = {}
        # Lines with the lengths of chunks hold no colon.
        while not self.is_done and (line := (await reader.readline()).decode()):
            name, colon, value = line.rstrip("\n").partition(": ")
            if colon:
                fields[name] = value
            elif line == "\n":
                self._take(fields)
                fields = {}

    def _take(self, fields: dict[str, str]) -> None:
        self._last_id = fields.get("id", self._last_id)
        self._retry_seconds = int(fields.get("retry", self._retry_seconds * 1000)) / 1000
        if "data" not in fields:
            return
        data = json.loads(fields["data"])
        match fields.get("event"):
            case "hello":
                self.saw.recovered.append(data["recovered"])
                self.saw.modes.append(data["mode"])
                self.greeted.set()
            case "mode":
                self.saw.modes.append(data["mode"])
            case "progress":
                before = self.saw.last.get(data["jobId"], (-1, ""))
                self.saw.steps_back += data["seq"] < before[0]
                self.saw.last[data["jobId"]] = (data["seq"], data["status"])


async def main(spec: dict[str, Any]) -> None:
    followers = [Follower(spec["urls"], *stream) for stream in spec["streams"]]
    following = [asyncio.create_task(follower.follow()) for follower in followers]
    for follower in followers:
        await follower.greeted.wait()
    say("reading")
    await asyncio.gather(*following)
    say(json.dumps([asdict(follower.saw) for follower in followers]))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
