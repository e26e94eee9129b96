"""A sweep through the API: asked for, refused with the count, and its table and best runs read."""

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from api_scene import BODY, calling, know_aapl, person, running_app
from engine import sample, strategies, sweep
from engine.rules import read
from engine.sweep_plan import plan
from engine.sweep_request import parse_sweep
from engine.sweep_result import encode
from queue_scene import still_worker

pytestmark = pytest.mark.anyio

SWEEPS = "/api/backtest/sweeps"
SWEEP = BODY | {"grid": {"fast": [5, 10, 20], "slow": {"from": 30, "to": 60, "step": 10}}, "where": "fast < slow"}


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with running_app(database_url) as app:
        yield app


@pytest.fixture
async def client(app: Starlette, pool: AsyncConnectionPool) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(app, await person(pool)) as client:
        yield client


@pytest.fixture
async def path(client: httpx.AsyncClient, pool: AsyncConnectionPool) -> str:
    """Of the result of a completed sweep."""
    queued = await client.post(SWEEPS, json=SWEEP | {"top": 2, "rankBy": "totalReturn"})
    assert queued.status_code == 200
    worker = await still_worker(pool)
    job = await worker.claim_one()
    request = parse_sweep(SWEEP | {"top": 2, "rankBy": "totalReturn"})
    template = read(strategies.get("sma-cross").definition)
    left = encode(sweep.run(request, plan(request, template), sample.find("AAPL", "1d").read()))
    await worker.end(job, summary=json.dumps(left.summary), preview=left.preview, detail=left.detail)
    return f"/api/backtest/queue/{queued.json()['jobId']}/result"


async def test_a_sweep_is_queued_as_a_job_of_its_kind(client: httpx.AsyncClient) -> None:
    queued = await client.post(SWEEPS, json=SWEEP)
    assert queued.status_code == 200
    job = (await client.get(queued.json()["links"]["self"])).json()

    assert (job["kind"], job["status"], job["symbol"]) == ("sweep", "waiting", "AAPL")
    assert job["combinations"] == 12


async def test_a_job_says_how_to_ask_for_it_again(client: httpx.AsyncClient) -> None:
    for address, asked in ((SWEEPS, SWEEP), ("/api/backtest/queue", BODY | {"priority": 7})):
        job = (await client.get((await client.post(address, json=asked)).json()["links"]["self"])).json()
        again = (await client.post(address, json=job["request"])).json()
        assert (await client.get(again["links"]["self"])).json()["request"] == job["request"]


async def test_the_same_key_for_a_sweep_and_for_a_run_is_a_conflict(client: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "one"}
    first, again = [await client.post(SWEEPS, json=SWEEP, headers=key) for _ in range(2)]
    assert first.json()["jobId"] == again.json()["jobId"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await client.post("/api/backtest/queue", json=BODY, headers=key)).status_code == 422


@pytest.mark.parametrize(
    ("changes", "where", "said"),
    [
        ({"grid": {"fast": {"from": 2, "to": 5_000}}}, "grid.fast", "2 to 400"),
        (
            {"grid": {n: {"from": 2, "to": 200, "step": 0.0001} for n in ("fast", "slow")}, "where": None},
            "grid",
            "combinations, the limit is 100,000",
        ),
        ({"grid": {"fsat": [5]}, "where": None}, "grid.fsat", "did you mean 'fast'"),
        ({"grid": {}}, "grid", "names no parameter"),
        ({"grid": None}, "grid", "must be an object"),
        ({"where": "fast > 100"}, "where", "holds for no combination"),
        ({"where": "fast < slwo"}, "where", "did you mean 'slow'"),
        ({"rankBy": "luck"}, "rankBy", "sharpeRatio"),
        ({"top": 11}, "top", "from 1 to 10"),
        ({"top": 0}, "top", "from 1 to 10"),
    ],
)
async def test_what_is_no_sweep_is_refused_at_its_member(
    client: httpx.AsyncClient, changes: dict[str, Any], where: str, said: str
) -> None:
    answer = await client.post(SWEEPS, json=SWEEP | changes)

    assert answer.status_code == 400
    (error,) = answer.json()["details"]
    assert error["path"] == where
    assert said in error["message"]
    assert (await client.get("/api/backtest/jobs")).json()["jobs"] == []


async def test_a_grid_of_a_hundred_million_is_refused_with_the_count_and_the_limit(client: httpx.AsyncClient) -> None:
    many = {"type": "float", "default": 0.5, "min": 0, "max": 1}
    definition = {
        "version": 1,
        "name": "Four numbers",
        "params": dict.fromkeys("abcd", many),
        "entryLong": "close > a + b + c + d",
    }
    own = (await client.post("/api/strategies", json={"name": "Four", "definition": definition})).json()
    grid = {name: {"from": 0, "to": 0.99, "step": 0.01} for name in "abcd"}
    answer = await client.post(SWEEPS, json=SWEEP | {"strategyId": own["id"], "grid": grid, "where": None})

    assert answer.status_code == 400
    (error,) = answer.json()["details"]
    assert error == {
        "path": "grid",
        "message": "is 100,000,000 combinations, the limit is 100,000; take larger steps or fewer parameters",
        "code": "too_many_combinations",
        "figures": {"count": "100,000,000", "limit": "100,000"},
    }


async def test_the_table_comes_by_page_the_best_first(client: httpx.AsyncClient, path: str) -> None:
    whole = (await client.get(path)).json()
    assert whole["parameters"] == ["fast", "slow"]
    assert whole["sweep"]["combinations"] == whole["table"]["total"] == len(whole["table"]["items"]) == 12
    returns = [row["totalReturn"] for row in whole["table"]["items"]]
    assert returns == sorted(returns, reverse=True)
    assert whole["metrics"]["totalReturn"] == returns[0]

    pages = []
    following = f"{path}?limit=5"
    while following:
        table = (await client.get(following)).json()["table"]
        pages += table["items"]
        following = table["next"]
    assert pages == whole["table"]["items"]


async def test_the_table_is_a_csv_file_too(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    table = (await client.get(path)).json()["table"]["items"]

    assert [float(row["totalReturn"]) for row in rows] == [row["totalReturn"] for row in table]
    assert "attachment" in answer.headers["content-disposition"]


async def test_each_of_the_best_is_read_like_a_run(client: httpx.AsyncClient, path: str) -> None:
    table = (await client.get(path)).json()["table"]["items"]
    for rank in (1, 2):
        run = (await client.get(path, params={"best": rank})).json()
        row = table[rank - 1]
        assert run["params"] == {"fast": row["fast"], "slow": row["slow"]}
        assert run["metrics"]["totalReturn"] == row["totalReturn"]
        assert run["trades"]["total"] >= row["totalTrades"]
        assert len(run["equity"]["points"]) == len(run["drawdown"]["points"]) > 100
    beyond = await client.get(path, params={"best": 3})
    assert beyond.status_code == 400
    assert "at most 2" in beyond.json()["details"][0]["message"]


async def test_another_users_sweep_is_not_found(app: Starlette, pool: AsyncConnectionPool, path: str) -> None:
    async with calling(app, await person(pool)) as stranger:
        assert (await stranger.get(path)).status_code == 404
        assert (await stranger.get(path, params={"best": 1})).status_code == 404


async def test_the_table_is_sorted_by_any_column_and_says_how_each_row_ranks(
    client: httpx.AsyncClient, path: str
) -> None:
    own = (await client.get(path)).json()["table"]
    asked: dict[str, Any] = {"sort": "slow", "order": "desc", "limit": 5}
    first = (await client.get(path, params=asked)).json()["table"]
    rest = [(await client.get(path, params=asked | {"offset": offset})).json()["table"] for offset in (5, 10)]
    items = [item for table in (first, *rest) for item in table["items"]]
    ranks = [rank for table in (first, *rest) for rank in table["ranks"]]

    assert (own["sort"], own["order"], own["ranks"]) == (None, "asc", list(range(1, 13)))
    assert (first["sort"], first["order"], first["total"]) == ("slow", "desc", 12)
    assert [item["slow"] for item in items] == sorted((item["slow"] for item in items), reverse=True)
    assert items == [own["items"][rank - 1] for rank in ranks]
    assert sorted(ranks) == own["ranks"]
    as_file = await client.get(path, params={"format": "csv", "sort": "fast"})
    assert [row["fast"] for row in csv.DictReader(io.StringIO(as_file.text))] == ["5"] * 4 + ["10"] * 4 + ["20"] * 4


async def test_a_heat_map_has_a_cell_for_each_pair_and_leads_to_its_row(client: httpx.AsyncClient, path: str) -> None:
    items = (await client.get(path)).json()["table"]["items"]
    drawn = (await client.get(path, params={"heatmap": "fast,slow", "metric": "totalReturn"})).json()

    assert drawn["x"] == {"name": "fast", "values": [5, 10, 20]}
    assert drawn["y"] == {"name": "slow", "values": [30, 40, 50, 60]}
    assert (drawn["metric"], drawn["reduce"], drawn["others"]) == ("totalReturn", "max", {})
    for fast, column in zip(drawn["x"]["values"], range(3), strict=True):
        for slow, line in zip(drawn["y"]["values"], range(4), strict=True):
            row = items[drawn["ranks"][line][column] - 1]
            assert (row["fast"], row["slow"], row["totalReturn"]) == (fast, slow, drawn["cells"][line][column])


async def test_a_heat_map_of_one_parameter_is_one_line_with_the_best_of_each(
    client: httpx.AsyncClient, path: str
) -> None:
    items = (await client.get(path)).json()["table"]["items"]
    for reduce, pick in (("max", max), ("min", min)):
        asked = {"heatmap": "fast", "metric": "cagr", "reduce": reduce}
        drawn = (await client.get(path, params=asked)).json()
        best = [pick(item["cagr"] for item in items if item["fast"] == fast) for fast in (5, 10, 20)]

        assert (drawn["y"], drawn["cells"]) == (None, [best])
        assert drawn["others"]["slow"] == [[items[rank - 1]["slow"] for rank in drawn["ranks"][0]]]


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("heatmap=fast,fast", "heatmap"),
        ("heatmap=fast,slow,fast", "heatmap"),
        ("heatmap=", "heatmap"),
        ("heatmap=quick", "heatmap"),
        ("heatmap=fast&metric=fast", "metric"),
        ("heatmap=fast&reduce=mean", "reduce"),
        ("sort=quick", "sort"),
        ("sort=fast&order=up", "order"),
    ],
)
async def test_what_is_no_column_of_the_sweep_is_400(
    client: httpx.AsyncClient, path: str, query: str, where: str
) -> None:
    answer = await client.get(f"{path}?{query}")

    assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, where)
