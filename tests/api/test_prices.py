"""Prices to draw: what a chart is given, when it is given nothing new, and what is refused."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from api_scene import BODY, calling, person, running_app
from engine import backtest, sample, store, strategies
from engine.bars import Bars
from engine.request import parse_request
from engine.result import decode_detail, encode
from engine.rules import compile_strategy
from engine.store import Listing

pytestmark = pytest.mark.anyio
BARS = "/api/symbols/AAPL/bars"


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[Starlette]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        store.import_bars(connection, Listing("AAPL", "1d", "sample"), sample.find("AAPL", "1d").read().bars)
        store.import_bars(connection, Listing("^GS=F-1.X", "1d", "sample"), sample.find("MSFT", "1d").read().bars)
    async with running_app(database_url) as app:
        yield app


@pytest.fixture
async def client(app: Starlette, pool: AsyncConnectionPool) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(app, await person(pool)) as client:
        yield client


async def test_a_chart_has_whole_bars_in_at_most_so_many_buckets(client: httpx.AsyncClient) -> None:
    whole = (await client.get(BARS)).json()
    days = {"start": "2020-01-02", "end": "2020-12-31"}
    year = (await client.get(BARS, params=days)).json()
    few = (await client.get(BARS, params=days | {"limit": 100})).json()

    assert len(whole["time"]) == len(whole["close"]) <= 2000
    assert (whole["bars"], whole["barsPerBucket"]) == (8313, 5)
    assert (year["bars"], year["barsPerBucket"], len(year["time"])) == (253, 1, 253)
    assert (few["bars"], few["barsPerBucket"], len(few["time"])) == (253, 3, 85)
    assert few["time"][:2] == [year["time"][0], year["time"][3]]
    assert few["lastTime"] == year["time"][-1]


async def test_every_trade_of_a_run_is_entered_in_a_bucket_of_its_chart(client: httpx.AsyncClient) -> None:
    prices = sample.find("AAPL", "1d").read()
    ran = backtest.run(parse_request(BODY), compile_strategy(strategies.get("sma-cross").definition), prices)
    covered = ran.coverage
    asked: dict[str, Any] = {"start": covered.data_start, "end": covered.data_end, "limit": 300}
    chart = (await client.get(BARS, params=asked)).json()
    entries = [int(time) // 1_000_000 for time in ran.time[ran.trades["entry"]]]

    assert decode_detail(encode(ran).detail).time.tolist() == ran.time.tolist()
    assert chart["bars"] == len(ran.time)
    assert entries
    assert all(chart["time"][0] <= entry <= chart["lastTime"] for entry in entries)


async def test_what_the_caller_has_costs_a_304_until_the_prices_change(
    client: httpx.AsyncClient, database_url: str
) -> None:
    first = await client.get(BARS)
    tag = {"If-None-Match": f"W/{first.headers['etag']}"}
    again, other = await client.get(BARS, headers=tag), await client.get(BARS, headers=tag, params={"limit": 7})
    with psycopg.connect(database_url, autocommit=True) as connection:
        bars = sample.find("AAPL", "1d").read().bars
        store.import_bars(connection, Listing("AAPL", "1d", "sample"), Bars.of_closes(bars.time[-1:], [1.5]))
    changed = await client.get(BARS, headers=tag)

    assert (again.status_code, other.status_code, changed.status_code) == (304, 200, 200)
    assert (first.json()["version"], changed.json()["version"]) == (1, 2)
    assert changed.json()["close"][-1] == 1.5


async def test_a_symbol_of_odd_characters_has_its_address(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/symbols/%5EGS%3DF-1.X/bars")

    assert (answer.status_code, answer.json()["symbol"]) == (200, "^GS=F-1.X")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("NONE/bars", 404),
        ("AAPL/bars?timeframe=1m", 404),
        ("AAPL%2FX/bars", 404),
        ("AAPL%00/bars", 404),
        ("AAPL/bars?timeframe=2d", 400),
        ("AAPL/bars?start=2020-02-30", 400),
        ("AAPL/bars?end=yesterday", 400),
        ("AAPL/bars?limit=2001", 400),
        ("AAPL/bars?limit=0", 400),
    ],
)
async def test_what_cannot_be_drawn_is_refused(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer: Any = await client.get(f"/api/symbols/{path}")

    assert answer.status_code == status, answer.text


async def test_days_without_prices_are_an_empty_chart(client: httpx.AsyncClient) -> None:
    answer = await client.get(BARS, params={"start": "1950-01-01", "end": "1950-02-01"})

    assert (answer.status_code, answer.json()["time"], answer.json()["lastTime"]) == (200, [], None)
