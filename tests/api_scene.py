"""The scene of API tests: the real application on a test's own database, in process or behind a real uvicorn."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import uvicorn
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from api import accounts
from api.app import create_app
from api.cli.serve import Abortable
from api.settings import ApiSettings
from described_answers import hold_to_the_document

SMA = "123e4567-e89b-12d3-a456-426614174000"
BODY: dict[str, Any] = {
    "strategyId": SMA,
    "params": {"symbol": "AAPL", "startDate": "2020-01-01", "endDate": "2025-12-22", "initialCapital": 10000},
    "priority": 5,
}


def body(**changes: Any) -> dict[str, Any]:
    """The contract's example with other params."""
    return BODY | {"params": BODY["params"] | changes}


@dataclass(frozen=True)
class Person:
    user_id: UUID
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


async def person(pool: AsyncConnectionPool, plan: str = "free", **limits: int) -> Person:
    """A user with a key, and with room for whatever a test enqueues unless it names limits."""
    granted = {"concurrent": 1_000, "per_day": 1_000_000, "waiting": 100_000} | limits
    async with pool.connection() as connection:
        account = await accounts.ensure_user(connection, uuid4(), plan)
        await connection.execute(
            "update pgqueue.accounts set concurrent = %(concurrent)s, per_day = %(per_day)s, waiting = %(waiting)s"
            " where user_id = %(user_id)s",
            {**granted, "user_id": account.user_id},
        )
        _, key = await accounts.create_key(connection, account.user_id)
    return Person(account.user_id, key)


async def know_aapl(pool: AsyncConnectionPool) -> None:
    """AAPL has daily prices here, as far as the API cares."""
    async with pool.connection() as connection:
        await connection.execute("insert into engine.symbols (symbol, name, timezone) values ('AAPL', 'Apple', 'UTC')")
        await connection.execute(
            "insert into engine.series (symbol, timeframe, first_time, last_time, bars, adjusted, close_only, source)"
            " values ('AAPL', '1d', '1990-01-02Z', '2022-12-28Z', 8313, true, true, 'test')"
        )


@asynccontextmanager
async def running_app(database_url: str, **settings: Any) -> AsyncIterator[Starlette]:
    """The application with its lifespan, without a server."""
    app = create_app(ApiSettings(**settings), database_url=database_url)
    async with app.router.lifespan_context(app):
        yield app


@asynccontextmanager
async def calling(app: Starlette, who: Person | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client that talks to the application in process, and holds every answer to the OpenAPI document."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = who.headers if who else {}
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://127.0.0.1",
        headers=headers,
        event_hooks={"response": [hold_to_the_document]},
    ) as client:
        yield client


class Server(uvicorn.Server):
    """Leaves the signals of the test's process alone."""

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return host, port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.address[1]}"


@asynccontextmanager
async def serving(database_url: str, **settings: Any) -> AsyncIterator[tuple[Server, Starlette]]:
    """The application behind a real uvicorn on a free port of the loopback."""
    app = create_app(ApiSettings(**settings), database_url=database_url)
    config = uvicorn.Config(
        Abortable(app), host="127.0.0.1", port=0, log_config=None, access_log=False, timeout_graceful_shutdown=5
    )
    server = Server(config)
    task = asyncio.create_task(server._serve())
    async with asyncio.timeout(30):
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
    if task.done():
        await task
    try:
        yield server, app
    finally:
        app.state.hub.close()
        server.should_exit = True
        await task


@dataclass(frozen=True)
class Heard:
    id: str
    event: str
    data: Any


class Stream:
    """An open event stream, read event by event."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()
        self.comments = 0
        self.retry: str | None = None
        self.last_id = ""

    async def next(self, seconds: float = 30) -> Heard:
        """The next event; StopAsyncIteration when the stream has ended."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(seconds):
            async for line in self._lines:
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif fields:
                    self.retry = fields.get("retry", self.retry)
                    self.last_id = fields.get("id", self.last_id)
                    if "data" in fields:
                        return Heard(fields.get("id", ""), fields["event"], json.loads(fields["data"]))
                    fields = {}
        raise StopAsyncIteration

    async def until(self, status: str, seconds: float = 30) -> dict[str, Any]:
        """Data of the first event in which the job has that status."""
        async with asyncio.timeout(seconds):
            while True:
                heard = await self.next()
                if heard.event == "progress" and heard.data["status"] == status:
                    data: dict[str, Any] = heard.data
                    return data

    async def rest(self) -> list[Heard]:
        """Everything up to the end of the stream."""
        events = []
        try:
            while True:
                events.append(await self.next())
        except StopAsyncIteration:
            return events


@asynccontextmanager
async def stream(url: str, path: str, headers: Mapping[str, str]) -> AsyncIterator[Stream]:
    async with (
        httpx.AsyncClient(base_url=url, timeout=60) as client,
        client.stream("GET", path, headers=dict(headers)) as response,
    ):
        yield Stream(response)
