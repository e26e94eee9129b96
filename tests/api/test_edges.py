"""What callers may send by accident or on purpose, and what the answers must not give away."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from api_scene import BODY, Person, calling, know_aapl, person, running_app
from described_answers import BREAKS
from queue_scene import still_worker

pytestmark = pytest.mark.anyio

QUEUE = "/api/backtest/queue"


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with running_app(database_url) as app:
        yield app


@pytest.fixture
async def me(pool: AsyncConnectionPool) -> Person:
    return await person(pool)


@pytest.fixture
async def client(app: Starlette, me: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(app, me) as client:
        yield client


@pytest.mark.parametrize("name", ["symbol", "strategyId"])
@pytest.mark.parametrize("value", ["%00", "", "x" * 101])
async def test_a_filter_that_no_job_can_have_is_400(client: httpx.AsyncClient, name: str, value: str) -> None:
    answer = await client.get(f"/api/backtest/jobs?{name}={value}")

    assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, name)


@pytest.mark.parametrize("text", [b'"\\ud800"', b'{"\\udfff": 1}', b'["a", {"b": "\\ud800x"}]'])
async def test_half_a_surrogate_pair_is_400(client: httpx.AsyncClient, text: bytes) -> None:
    """JSON can escape what UTF-8 cannot write: no answer that quotes it could be sent."""
    content = b'{"strategyId": "sma-cross", "odd": ' + text + b"}"

    answer = await client.post(QUEUE, content=content, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["error"]) == (400, "Invalid input")


async def test_a_whole_surrogate_pair_is_a_character_like_any_other(client: httpx.AsyncClient) -> None:
    content = b'{"strategyId": "\\ud83d\\ude00", "startDate": "2020-01-01", "endDate": "2021-01-01"}'

    answer = await client.post(QUEUE, content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == 404


async def test_the_coming_of_a_worker_is_not_hidden_by_a_304(
    client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    """The job itself has not changed; how long it will wait has."""
    job = (await client.post(QUEUE, json=BODY)).json()["links"]["self"]
    first = await client.get(job)
    assert first.json()["reason"] == "no_workers"

    await still_worker(pool)
    again = await client.get(job, headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.json()["estimatedWaitTime"]) == (200, 0)


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", W/{}'])
async def test_a_tag_is_known_again_in_every_form_that_proxies_give_it(client: httpx.AsyncClient, form: str) -> None:
    job = (await client.post(QUEUE, json=BODY)).json()["links"]["self"]
    tag = (await client.get(job)).headers["etag"]

    assert (await client.get(job, headers={"If-None-Match": form.format(tag)})).status_code == 304


async def test_a_tag_of_one_language_does_not_hide_the_other(client: httpx.AsyncClient) -> None:
    job = (await client.post(QUEUE, json=BODY)).json()["links"]["self"]
    english = await client.get(job, headers={"Accept-Language": "en"})

    korean = await client.get(job, headers={"Accept-Language": "ko", "If-None-Match": english.headers["etag"]})

    assert (korean.status_code, korean.headers["content-language"]) == (200, "ko")


async def test_too_many_named_jobs_are_refused_for_their_number(client: httpx.AsyncClient) -> None:
    jobs = ",".join(str(uuid4()) for _ in range(201))

    answer = await client.get("/api/backtest/events", params={"jobs": jobs})

    assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, "jobs")


async def test_an_answer_to_what_nobody_foresaw_binds_a_browser_like_any_other(
    client: httpx.AsyncClient, app: Starlette
) -> None:
    usual = await client.get(QUEUE)
    app.state.queue = None

    broken = await client.get(QUEUE, extensions={BREAKS: True})

    binding = ("content-security-policy", "x-content-type-options", "referrer-policy")
    assert broken.status_code == 500
    assert [broken.headers[name] for name in binding] == [usual.headers[name] for name in binding]


@pytest.mark.parametrize(("method", "path"), [("POST", "/static/x"), ("DELETE", "/static/app.js"), ("PUT", "/static/")])
async def test_files_are_only_read_and_say_so(app: Starlette, method: str, path: str) -> None:
    async with calling(app) as client:
        answer = await client.request(method, path)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("name", ["X-Forwarded-Port", "X-Forwarded-Server", "X-Client-Ip", "True-Client-Ip"])
async def test_no_header_of_any_proxy_lets_a_user_id_be_trusted(database_url: str, name: str) -> None:
    async with running_app(database_url, trust_user_id_header=True) as app, calling(app) as client:
        trusted = await client.get(QUEUE, headers={"x-user-id": str(uuid4())})
        forwarded = await client.get(QUEUE, headers={"x-user-id": str(uuid4()), name: "1"})

    assert (trusted.status_code, forwarded.status_code) == (200, 401)


@pytest.mark.parametrize("path", ["/", "/static/trader/main.js"])
async def test_the_page_and_its_modules_cost_a_304_until_a_new_release(app: Starlette, path: str) -> None:
    async with calling(app) as client:
        first = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, again.status_code) == (200, 304)
    assert first.headers["cache-control"] == "no-cache"
    assert "content-security-policy" in first.headers


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/%2e%2e%2fapp.py", "/static/"])
async def test_nothing_but_the_pages_files_is_served(app: Starlette, path: str) -> None:
    async with calling(app) as client:
        assert (await client.get(path)).status_code == 404
