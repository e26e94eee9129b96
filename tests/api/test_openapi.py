"""The document says what there is: every route, every documented example, and nothing that is not JSON Schema."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.routing import Route

from api.openapi import document
from api_scene import calling, know_aapl, person, running_app

pytestmark = pytest.mark.anyio
HTTP = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
EXAMPLES = [
    (method, path, name, example["value"])
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
    for media in operation.get("requestBody", {}).get("content", {}).values()
    for name, example in media.get("examples", {}).items()
]


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with running_app(database_url) as app:
        yield app


@pytest.fixture
async def client(app: Starlette, pool: AsyncConnectionPool) -> AsyncIterator[httpx.AsyncClient]:
    """A user who is an administrator, too."""
    me = await person(pool)
    async with pool.connection() as connection:
        await connection.execute("update api.users set is_admin = true where id = %s", (me.user_id,))
    async with calling(app, me) as client:
        client.headers["x-test-user"] = str(me.user_id)
        yield client


async def test_the_document_is_served_and_costs_a_304_until_a_new_release(app: Starlette) -> None:
    async with calling(app) as client:
        first = await client.get("/openapi.json")
        again = await client.get("/openapi.json", headers={"If-None-Match": first.headers["etag"]})

    assert first.json() == json.loads(json.dumps(document()))
    assert (first.json()["openapi"], again.status_code) == ("3.1.0", 304)


def routes(app: Starlette) -> set[tuple[str, str]]:
    found = set()
    for route in app.routes:
        if isinstance(route, Route) and route.path not in ("/", "/admin"):
            path = re.sub(
                r"{(\w+?)_(\w)(\w+)}", lambda match: f"{{{match[1]}{match[2].upper()}{match[3]}}}", route.path
            )
            found |= {(method, path) for method in route.methods or () if method != "HEAD"}
    return found


ADDING = ("/api/backtest/queue", "/api/backtest/sweeps", "/api/backtest/queue/{jobId}/requeue")


async def test_every_route_is_described_and_nothing_else(app: Starlette) -> None:
    described = {(method.upper(), path) for path, methods in document()["paths"].items() for method in methods}

    assert described == routes(app)


def test_the_document_says_what_callers_must_know_of_sessions_limits_and_streams() -> None:
    whole = document("/backtests")
    named = {scheme["name"] for scheme in whole["components"]["securitySchemes"].values() if scheme["type"] == "apiKey"}
    queued = [whole["paths"][path]["post"]["responses"]["200"]["headers"] for path in ADDING]

    assert whole["servers"] == [{"url": "/backtests"}]
    assert named == {"pgqueue_session", "__Host-session"}
    assert [{name for one in whole["security"] for name in one}] == [set(whole["components"]["securitySchemes"])]
    assert all(headers.keys() == {"Location", "RateLimit", "RateLimit-Policy"} for headers in queued)
    assert "204" in whole["paths"]["/api/backtest/events"]["get"]["responses"]
    assert whole["paths"]["/api/session"]["post"]["requestBody"]["required"] is False


def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    whole = document()
    text = json.dumps(whole)
    named = set(re.findall(r'"#/components/schemas/(\w+)"', text))

    assert named <= whole["components"]["schemas"].keys()
    for schema in whole["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    assert len({operation["operationId"] for path in whole["paths"].values() for operation in path.values()}) == sum(
        map(len, whole["paths"].values())
    )


@pytest.mark.parametrize(
    ("method", "path", "name", "example"), EXAMPLES, ids=[f"{e[0]} {e[1]} {e[2]}" for e in EXAMPLES]
)
async def test_a_documented_example_is_taken(
    client: httpx.AsyncClient, method: str, path: str, name: str, example: Any
) -> None:
    job_id = (await client.post("/api/backtest/queue", json=document_example("run"))).json()["jobId"]
    kept = {"version": 1, "name": "Kept", "params": {}, "entryLong": "close > 1"}
    strategy = (await client.post("/api/strategies", json={"definition": kept})).json()["id"]
    places = {"queue": "backtest", "userId": client.headers["x-test-user"], "strategyId": strategy, "jobId": job_id}

    answer = await client.request(method, path.format(**places), json=example)

    assert answer.status_code in (200, 201), answer.text


def document_example(name: str) -> Any:
    return next(value for _, _, found, value in EXAMPLES if found == name)


async def test_the_documentations_examples_do_what_they_say(client: httpx.AsyncClient) -> None:
    """One after the other, as a reader would."""
    blocks = re.findall(r"```http (\d+)(?: admin)?\n(\w+) (\S+)\n(.*?)```", HTTP, flags=re.DOTALL)
    assert len(blocks) > 15
    job_id = ""
    for status, method, path, rest in blocks:
        head, _, content = rest.partition("\n") if rest.startswith("\n") else rest.partition("\n\n")
        headers = dict(line.split(": ", 1) for line in head.splitlines() if line)
        if content.strip():
            headers["Content-Type"] = "application/json"
        answer = await client.request(method, path.format(jobId=job_id), headers=headers, content=content.strip())

        assert answer.status_code == int(status), (method, path, answer.text)
        job_id = answer.json().get("jobId", job_id)


async def test_the_documented_refusal_is_the_one_given(client: httpx.AsyncClient) -> None:
    asked, said = re.findall(r"```http 400\n.*?\n\n(.*?)```.*?```json\n(.*?)```", HTTP, flags=re.DOTALL)[0]

    answer = await client.post(
        "/api/backtest/queue", content=asked.strip(), headers={"Content-Type": "application/json"}
    )

    documented = json.loads(said)
    assert {**answer.json(), "detail": ""} == {**documented, "detail": ""}
    assert answer.json()["detail"].startswith(documented["detail"].removesuffix("…"))
