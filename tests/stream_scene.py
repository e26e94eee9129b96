"""The scene of the faults of event streams: API processes, readers in processes of their own, and what must hold."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool

from pgqueue import Queue

EVENTS = "/api/backtest/events"
READER = Path(__file__).with_name("reader_process.py")
PATIENCE_SECONDS = 120
"""Far beyond what anything here takes: machines that run tests are busy."""


def job_events(job_id: UUID) -> str:
    return f"/api/backtest/queue/{job_id}/events"


@dataclass
class ApiProcess:
    process: asyncio.subprocess.Process
    url: str

    async def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.process.wait()


@asynccontextmanager
async def api_process(database_url: str, **settings: Any) -> AsyncIterator[ApiProcess]:
    """`pgqueue serve` with these settings (heartbeat_seconds=1 and so on)."""
    chosen = {f"PGQUEUE_API_{name.upper()}": str(value) for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pgqueue", "serve", "--port", "0", "--json", "--no-access-log"),
        env=os.environ | {"DATABASE_URL": database_url} | chosen,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            url = json.loads(await process.stdout.readline())["url"]
        yield ApiProcess(process, url)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


Stream = tuple[str, str, Sequence[UUID]]
"""Path, key, and the jobs of which the reader waits to see the end."""


@dataclass
class Readers:
    process: asyncio.subprocess.Process

    async def line(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            return (await self.process.stdout.readline()).decode()

    async def saw(self) -> list[Mapping[str, Any]]:
        """What each of them saw, once all saw what they waited for."""
        seen: list[Mapping[str, Any]] = json.loads(await self.line())
        return seen


@asynccontextmanager
async def reading(urls: Sequence[str], streams: Sequence[Stream]) -> AsyncIterator[Readers]:
    """Readers in one process, all greeted."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as spec:
        json.dump({"urls": urls, "streams": [(path, key, list(map(str, ids))) for path, key, ids in streams]}, spec)
        spec.flush()
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(READER), spec.name, stdout=asyncio.subprocess.PIPE, limit=1 << 26
        )
        try:
            readers = Readers(process)
            assert await readers.line() == "reading\n"
            yield readers
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.kill()
            await process.wait()


async def violations(
    queue: Queue, streams: Sequence[Stream], saw: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str, Any, Any]]:
    """Where the last event a reader saw of a job is not its row, or where it was shown a step back."""
    job_ids = {job_id for _, _, ids in streams for job_id in ids}
    rows = {job.id: (job.seq, job.status) for job in await queue.read(list(job_ids))}
    assert len(rows) == len(job_ids)
    wrong: list[tuple[str, str, Any, Any]] = []
    for (path, _, ids), seen in zip(streams, saw, strict=True):
        if seen["steps_back"]:
            wrong.append((path, "steps back", seen["steps_back"], 0))
        for job_id in ids:
            last = tuple(seen["last"].get(str(job_id), (-1, "never seen")))
            if last != rows[job_id]:
                wrong.append((path, str(job_id), last, rows[job_id]))
    return wrong


async def terminate_listener(pool: AsyncConnectionPool) -> None:
    """End the backend that listens for the API on this database; waits until there is one."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            async with pool.connection() as connection:
                cursor = await connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = 'pgqueue listener' and datname = current_database()"
                    " and query ilike 'listen %' and state = 'idle'"
                )
                if await cursor.fetchall():
                    return
            await asyncio.sleep(0.01)


@dataclass
class HalfOpen:
    """A proxy before Postgres. Connections of the application that is named go silent: nothing passes, nothing ends."""

    address: str
    url: str = ""
    silenced: bytes = b""
    held: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def silence(self, application: str) -> None:
        self.silenced = application.encode()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_unix_connection(self.address)
        self.writers += [writer, there_writer]
        said = bytearray()
        for source, sink in ((reader, there_writer), (there_reader, writer)):
            task = asyncio.create_task(self._pass_on(source, sink, said, is_client=source is reader))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, said: bytearray, *, is_client: bool
    ) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                if is_client and len(said) < 1000:
                    # The name stands in the packet that opens a session.
                    said += data
                if self.silenced and self.silenced in said:
                    self.held += 1
                    await asyncio.Event().wait()
                sink.write(data)
                await sink.drain()
        sink.close()


@asynccontextmanager
async def half_open_proxy(database_url: str) -> AsyncIterator[HalfOpen]:
    real = conninfo_to_dict(database_url)
    proxy = HalfOpen(f"{real['host']}/.s.PGSQL.{real['port']}")
    listening = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    proxy.url = f"postgresql://{quote(str(real['user']))}@127.0.0.1:{port}/{quote(str(real['dbname']))}"
    try:
        yield proxy
    finally:
        listening.close()
        for task in list(proxy.tasks):
            task.cancel()
        await asyncio.gather(*proxy.tasks, return_exceptions=True)
        for writer in proxy.writers:
            writer.close()
