"""What a completed run left behind, as callers read it: the engine's own output, not one made up."""

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from api.csv_files import cell
from api_scene import BODY, Person, calling, know_aapl, person, running_app
from engine import backtest, sample, strategies
from engine.request import parse_request
from engine.result import BacktestResult, encode
from engine.rules import compile_strategy
from engine.timeframes import iso_time
from engine.trade_table import COLUMNS
from queue_scene import still_worker

pytestmark = pytest.mark.anyio

QUEUE = "/api/backtest/queue"


@pytest.fixture(scope="module")
def ran() -> BacktestResult:
    """The contract's example, run."""
    strategy = compile_strategy(strategies.get("sma-cross").definition)
    return backtest.run(parse_request(BODY), strategy, sample.find("AAPL", "1d").read())


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with running_app(database_url) as app:
        yield app


@pytest.fixture
async def client(app: Starlette, pool: AsyncConnectionPool) -> AsyncIterator[httpx.AsyncClient]:
    me: Person = await person(pool)
    async with calling(app, me) as client:
        yield client


@pytest.fixture
async def path(client: httpx.AsyncClient, pool: AsyncConnectionPool, ran: BacktestResult) -> str:
    """Of the completed job."""
    job_id = (await client.post(QUEUE, json=BODY)).json()["jobId"]
    worker, left = await still_worker(pool), encode(ran)
    job = await worker.claim_one()
    await worker.end(job, summary=json.dumps(left.summary), preview=left.preview, detail=left.detail)
    return f"{QUEUE}/{job_id}"


async def test_a_result_has_metrics_coverage_and_warnings_beside_the_headline(
    client: httpx.AsyncClient, path: str, ran: BacktestResult
) -> None:
    answer = await client.get(f"{path}/result")

    said = answer.json()
    assert answer.status_code == 200, answer.text
    assert said["metrics"] == ran.metrics
    assert said["metricNotes"] == ran.metric_notes
    assert said["coverage"] == ran.coverage.to_json()
    assert (said["coverage"]["closeOnly"], said["coverage"]["complete"]) == (True, False)
    assert said["warnings"] == ran.warnings
    assert said["finalEquity"] == ran.final_equity


async def test_a_completed_job_tells_its_metrics_with_their_reasons(client: httpx.AsyncClient, path: str) -> None:
    job, result = (await client.get(path)).json(), (await client.get(f"{path}/result")).json()

    same = ("metrics", "metricNotes", "coverage", "warnings")
    assert [job[name] for name in same] == [result[name] for name in same]


async def test_a_result_whose_details_were_removed_is_gone_and_says_so(
    client: httpx.AsyncClient, path: str, pool: AsyncConnectionPool
) -> None:
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.jobs set finished_at = finished_at - interval '31 days'")
        await connection.execute("select pgqueue.prune_details('30 days')")

    answer, job = await client.get(f"{path}/result"), await client.get(path)

    assert answer.status_code == 410
    assert "were removed for their age" in answer.json()["detail"]
    assert job.json()["metrics"]


async def test_the_equity_curve_is_sampled_unless_all_of_it_is_asked_for(
    client: httpx.AsyncClient, path: str, ran: BacktestResult
) -> None:
    sampled = (await client.get(f"{path}/result")).json()
    full = (await client.get(f"{path}/result", params={"equity": "full"})).json()

    milliseconds = (ran.time // 1_000_000).tolist()
    assert len(sampled["equity"]["points"]) <= 2_000
    assert full["equity"]["points"] == [list(point) for point in zip(milliseconds, ran.equity.tolist(), strict=True)]
    assert min(depth for _, depth in full["drawdown"]["points"]) == pytest.approx(ran.metrics["maxDrawdown"], abs=1e-15)


async def test_both_curves_tell_the_same_drawdown(client: httpx.AsyncClient, path: str) -> None:
    """Fewer bars than the preview holds: then sampling leaves every point where it was."""
    sampled = (await client.get(f"{path}/result")).json()
    full = (await client.get(f"{path}/result", params={"equity": "full"})).json()

    assert len(full["equity"]["points"]) < 2_000
    assert sampled["drawdown"] == full["drawdown"]
    assert sampled["equity"] == full["equity"]


async def test_trades_come_by_page(client: httpx.AsyncClient, path: str, ran: BacktestResult) -> None:
    items: list[dict[str, Any]] = []
    following, pages = f"{path}/result?limit=5", 0
    while following:
        trades = (await client.get(following)).json()["trades"]
        items, following, pages = items + trades["items"], trades["next"], pages + 1

    assert trades["total"] == len(items) == len(ran.trades)
    assert pages == -(-len(items) // 5)
    assert [trade["isOpen"] for trade in items].count(False) == ran.metrics["totalTrades"]
    assert [trade["entryTime"] for trade in items] == sorted(trade["entryTime"] for trade in items)


async def test_trades_come_as_csv_too(client: httpx.AsyncClient, path: str, ran: BacktestResult) -> None:
    answer = await client.get(f"{path}/result", params={"format": "csv"})

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert [float(row["pnl"]) for row in rows] == ran.trades["pnl"].tolist()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@cmd", "\t=1", "\r=1"])
def test_a_cell_that_a_spreadsheet_would_run_is_escaped(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", [-1.5, 3, None, "signal", "2020-01-02"])
def test_any_other_cell_is_left_as_it_is(value: object) -> None:
    assert cell(value) == value


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_trades_are_sorted_over_all_pages_and_what_is_not_there_yet_is_last(
    client: httpx.AsyncClient, path: str, ran: BacktestResult, name: str, order: str
) -> None:
    limit = len(ran.trades) // 2 + 1
    asked: dict[str, Any] = {"sort": name, "order": order, "limit": limit}
    pages = [
        (await client.get(f"{path}/result", params=asked | {"offset": offset})).json()["trades"]
        for offset in (0, limit)
    ]
    items = [item for page in pages for item in page["items"]]
    values = [item[name] for item in items if item[name] is not None]

    assert (pages[0]["sort"], pages[0]["order"], len(items)) == (name, order, len(ran.trades))
    assert values == sorted(values, reverse=order == "desc") == [item[name] for item in items[: len(values)]]
    assert len({item["entryTime"] for item in items}) == len(items)


async def test_equal_trades_stay_as_they_were_entered(client: httpx.AsyncClient, path: str) -> None:
    asked: dict[str, Any] = {"sort": "side", "order": "desc", "limit": 1000}
    items = (await client.get(f"{path}/result", params=asked)).json()["trades"]["items"]

    assert {item["side"] for item in items} == {"long"}
    assert [item["entryTime"] for item in items] == sorted(item["entryTime"] for item in items)


async def test_sorted_trades_are_a_csv_file_too(client: httpx.AsyncClient, path: str, ran: BacktestResult) -> None:
    answer = await client.get(f"{path}/result", params={"format": "csv", "sort": "pnl", "order": "desc"})

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert tuple(rows[0]) == COLUMNS
    assert [float(row["pnl"]) for row in rows] == sorted(ran.trades["pnl"].tolist(), reverse=True)


async def test_the_curves_are_a_csv_file_with_every_bar(
    client: httpx.AsyncClient, path: str, ran: BacktestResult
) -> None:
    answer = await client.get(f"{path}/result", params={"format": "csv", "of": "equity"})

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert tuple(rows[0]) == ("time", "equity", "drawdown")
    assert [float(row["equity"]) for row in rows] == ran.equity.tolist()
    assert min(float(row["drawdown"]) for row in rows) == pytest.approx(ran.metrics["maxDrawdown"], abs=1e-15)
    assert rows[0]["time"] == iso_time(int(ran.time[0]))


async def test_a_result_with_all_points_differs_in_its_curves_alone(client: httpx.AsyncClient, path: str) -> None:
    sampled, full = [
        (await client.get(f"{path}/result", params={"equity": equity})).json() for equity in ("sampled", "full")
    ]

    assert sampled == full


@pytest.mark.parametrize(
    "query",
    [
        "sort=profit",
        "order=up",
        "of=all",
        "format=xml",
        "equity=some",
        "limit=0",
        "limit=1001",
        "offset=-1",
        "offset=x",
    ],
)
async def test_bad_result_parameters_are_400(client: httpx.AsyncClient, path: str, query: str) -> None:
    answer = await client.get(f"{path}/result?{query}")

    assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, query.split("=", maxsplit=1)[0])


async def test_a_job_that_has_not_completed_has_no_result_yet(client: httpx.AsyncClient) -> None:
    job_id = (await client.post(QUEUE, json=BODY)).json()["jobId"]

    answer = await client.get(f"{QUEUE}/{job_id}/result")

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
