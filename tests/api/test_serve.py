"""`pgqueue serve` as the process it is: says where it listens, logs without secrets, ends quickly and cleanly."""

import asyncio
import json
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool

from admin_scene import ADMIN, administrator
from api.cli.listening import listen
from api_scene import Person, person, stream
from command_line import pgqueue

pytestmark = pytest.mark.anyio

EVENTS = "/api/backtest/events"


@dataclass
class Served:
    process: asyncio.subprocess.Process
    url: str

    async def end(self, number: signal.Signals) -> str:
        """Send the signal; everything it had to say on stderr."""
        self.process.send_signal(number)
        async with asyncio.timeout(30):
            _, said = await self.process.communicate()
        return said.decode()


@asynccontextmanager
async def served(database_url: str, *options: str) -> AsyncIterator[Served]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pgqueue", "serve", *(options or ("--port", "0")), "--json"),
        env=os.environ | {"DATABASE_URL": database_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            line = await process.stdout.readline()
        yield Served(process, json.loads(line)["url"])
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.fixture
async def me(pool: AsyncConnectionPool) -> Person:
    return await person(pool)


async def test_a_taken_port_is_one_sentence_with_what_to_do(database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = pgqueue("serve", "--port", str(port), database_url=database_url)

    assert (done.returncode, done.stdout) == (1, "")
    assert f"pgqueue: serve: 127.0.0.1:{port} is taken. End what listens there, or choose another" in done.stderr
    assert "Traceback" not in done.stderr


async def test_an_address_that_is_none_is_one_sentence(database_url: str) -> None:
    for host in ("192.0.2.1", "no.such.host.invalid"):
        done = pgqueue("serve", "--host", host, "--port", "0", database_url=database_url)

        assert (done.returncode, done.stdout) == (1, ""), host
        assert f"pgqueue: serve: cannot listen on {host}:0: " in done.stderr


async def test_many_that_want_one_port_at_the_same_moment_all_get_one_of_their_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        wanted = probe.getsockname()[1]
    together = threading.Barrier(8)

    def take() -> list[socket.socket]:
        together.wait(30)
        return listen("127.0.0.1", wanted, or_any=True)

    with ThreadPoolExecutor(8) as threads:
        taken = [one for future in [threads.submit(take) for _ in range(8)] for one in future.result()]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()

    assert len(set(ports)) == 8
    assert ports.count(wanted) == 1


async def test_it_takes_any_port_where_that_is_allowed(database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with served(database_url, "--port", str(port), "--any-port") as api:
            assert urlsplit(api.url).port not in (port, None)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_within_seconds_with_streams_open_each_told_and_exit_code_0(
    database_url: str, me: Person, number: signal.Signals
) -> None:
    async with served(database_url) as api:
        async with stream(api.url, EVENTS, me.headers) as one, stream(api.url, EVENTS, me.headers) as other:
            await one.next()
            await other.next()
            began = time.monotonic()
            api.process.send_signal(number)
            rests = [await one.rest(), await other.rest()]
        async with asyncio.timeout(30):
            await api.process.communicate()

    assert [[event.event for event in rest] for rest in rests] == [["bye"], ["bye"]]
    assert api.process.returncode == 0
    assert time.monotonic() - began < 3


async def test_an_operators_stream_is_told_of_the_end_too(database_url: str, pool: AsyncConnectionPool) -> None:
    chief = await administrator(pool)
    async with served(database_url) as api:
        async with stream(api.url, f"{ADMIN}/events", chief.headers) as looking:
            await looking.next()
            api.process.send_signal(signal.SIGTERM)
            rest = await looking.rest()
        async with asyncio.timeout(30):
            _, said = await api.process.communicate()

    assert rest[-1].event == "bye"
    assert "without completing response" not in said.decode()


@pytest.mark.parametrize("most_seconds", [30, pytest.param(3, marks=pytest.mark.faults)])
async def test_sigterm_with_a_thousand_streams_open_tells_each_and_is_quick(
    database_url: str, pool: AsyncConnectionPool, most_seconds: float
) -> None:
    """Three seconds is the promise; a machine that runs all tests at once is given more."""
    people = [await person(pool) for _ in range(50)]
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))
    async with served(database_url) as api:
        address = urlsplit(api.url)

        async def open_stream(who: Person) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(f"GET {EVENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {who.key}\r\n\r\n".encode())
            await reader.readuntil(b"event: hello\n")
            return reader, writer

        async with asyncio.timeout(120):
            streams = [
                opened for _ in range(20) for opened in await asyncio.gather(*(open_stream(who) for who in people))
            ]
            # What this process still has to do itself is not what is timed.
            reading = [asyncio.create_task(reader.read()) for reader, _ in streams]
            await asyncio.sleep(0)
            began = time.monotonic()
            api.process.send_signal(signal.SIGTERM)
            await api.process.communicate()
            seconds = time.monotonic() - began
            rests = await asyncio.gather(*reading)
            for _, writer in streams:
                writer.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, files)

    assert len(rests) == 1000
    assert sum(b"event: bye\n" in rest for rest in rests) == 1000
    assert api.process.returncode == 0
    assert seconds < most_seconds


async def test_its_log_has_a_line_per_request_no_secret_and_nothing_forged(database_url: str, me: Person) -> None:
    async with served(database_url) as api:
        async with httpx.AsyncClient(base_url=api.url, headers=me.headers) as client:
            await client.get("/api/backtest/queue?token=in-a-query")
            await client.get("/nowhere%0a12:00:00%20INFO%20forged=1")
        said = await api.end(signal.SIGTERM)

    lines = [line for line in said.splitlines() if "request" in line]
    assert len(lines) == 2, said
    assert "method=GET path=/api/backtest/queue status=200 ms=" in lines[0]
    assert "path=/nowhere%0A" in lines[1]
    assert not [line for line in said.splitlines() if line.startswith("12:00:00 INFO forged")]
    assert me.key not in said
    assert "in-a-query" not in said
    assert "Traceback" not in said


async def test_the_api_never_loads_the_compiler_of_the_kernels() -> None:
    program = "import sys, api.app, api.cli.serve, api.cli.keys; sys.exit('numba' in sys.modules)"

    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)

    assert await process.wait() == 0


async def test_its_log_is_one_object_a_line_for_collectors(
    database_url: str, me: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGQUEUE_LOG_FORMAT", "json")
    async with served(database_url) as api:
        async with httpx.AsyncClient(base_url=api.url, headers=me.headers) as client:
            await client.get("/api/backtest/queue?token=in-a-query")
        said = await api.end(signal.SIGTERM)

    lines = [json.loads(line) for line in said.splitlines()]
    (request,) = [line for line in lines if line["event"] == "request"]
    assert request["logger"] == "api.access"
    assert (request["method"], request["path"], request["status"]) == ("GET", "/api/backtest/queue", 200)
    assert request["ms"] > 0
    assert me.key not in said
    assert "in-a-query" not in said
