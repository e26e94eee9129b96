"""Long answers are compressed for who asks for it; short ones, event streams and who one is never are."""

import gzip
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.compression import LEAST_BYTES, THREAD_BYTES
from api_scene import Person, body, calling, know_aapl, person, running_app, serving, stream

pytestmark = pytest.mark.anyio

GZIP = {"Accept-Encoding": "gzip"}
QUEUE = "/api/backtest/queue"


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with running_app(database_url) as app:
        yield app


@pytest.fixture
async def me(pool: AsyncConnectionPool) -> Person:
    return await person(pool)


async def test_a_long_list_is_compressed_and_the_same(app: Starlette, me: Person) -> None:
    async with calling(app, me) as client:
        for _ in range(5):
            (await client.post(QUEUE, json=body())).raise_for_status()
        plain = await client.get("/api/backtest/jobs", headers={"Accept-Encoding": "identity"})
        short = await client.get("/api/backtest/jobs", headers=GZIP)

    assert (plain.headers.get("content-encoding"), short.headers["content-encoding"]) == (None, "gzip")
    assert "Accept-Encoding" in short.headers["vary"]
    assert int(short.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert [job["jobId"] for job in short.json()["jobs"]] == [job["jobId"] for job in plain.json()["jobs"]]


@pytest.mark.parametrize("size", [LEAST_BYTES - 1, LEAST_BYTES, THREAD_BYTES - 1, THREAD_BYTES, 1_000_000])
async def test_from_a_kilobyte_on_it_is_compressed_whatever_the_size(app: Starlette, size: int) -> None:
    async def answer(_request: Request) -> Response:
        return JSONResponse("x" * (size - 2))

    app.router.routes.insert(0, Route("/long", answer))
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client,
        client.stream("GET", "/long", headers=GZIP) as got,
    ):
        raw = b"".join([piece async for piece in got.aiter_raw()])

    assert ("content-encoding" in got.headers) == (size >= LEAST_BYTES)
    assert len(json.loads(gzip.decompress(raw) if size >= LEAST_BYTES else raw)) == size - 2
    assert int(got.headers["content-length"]) == len(raw)


async def test_who_one_is_is_never_compressed(app: Starlette, me: Person) -> None:
    async with calling(app, me) as client:
        begun = await client.post("/api/session", headers=GZIP)
        shown = await client.get("/api/session", headers=GZIP)

    assert (begun.status_code, shown.status_code) == (200, 200)
    for answer in (begun, shown):
        assert "content-encoding" not in answer.headers
        assert len(answer.content) < LEAST_BYTES


async def test_event_streams_leave_as_they_are_written(database_url: str, me: Person) -> None:
    async with (
        serving(database_url) as (server, _),
        stream(server.url, "/api/backtest/events", me.headers | GZIP) as events,
    ):
        assert (await events.next()).event == "hello"

        assert "content-encoding" not in events.response.headers
        assert events.response.headers["content-type"].startswith("text/event-stream")
        assert "content-length" not in events.response.headers
