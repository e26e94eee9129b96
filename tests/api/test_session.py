"""The page's session, and the header that local tests may switch on."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from api import accounts
from api_scene import BODY, Person, calling, know_aapl, person, running_app

pytestmark = pytest.mark.anyio

QUEUE = "/api/backtest/queue"
SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with running_app(database_url) as app:
        yield app


@pytest.fixture
async def me(pool: AsyncConnectionPool) -> Person:
    return await person(pool, "pro")


async def log_in(client: httpx.AsyncClient, me: Person) -> httpx.Response:
    return await client.post("/api/session", headers=me.headers)


async def test_a_key_becomes_a_cookie_that_opens_the_api(app: Starlette, me: Person) -> None:
    async with calling(app) as client:
        answer = await log_in(client, me)
        shown = await client.get("/api/session")

        assert answer.status_code == 200
        assert shown.json() == answer.json()
        assert (answer.json()["userId"], answer.json()["plan"]) == (str(me.user_id), "pro")
        assert (await client.post(QUEUE, json=BODY, headers=SAME)).status_code == 200

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "max-age=43200" in cookie
    assert "secure" not in cookie


@pytest.mark.parametrize(
    ("https", "origin", "status"),
    [
        (True, "https://127.0.0.1", 204),
        (True, "http://127.0.0.1", 403),
        (False, "http://127.0.0.1", 204),
        (False, "https://127.0.0.1", 204),
        (True, "https://other.example", 403),
        (False, "null", 403),
    ],
)
async def test_over_https_only_pages_over_https_act_with_the_cookie(
    database_url: str, me: Person, https: bool, origin: str, status: int
) -> None:
    name = "__Host-session" if https else "pgqueue_session"
    async with running_app(database_url, https=https) as app, calling(app) as client:
        token = (await log_in(client, me)).headers["set-cookie"].split("=")[1].split(";")[0]
        client.cookies.clear()
        headers = {"Cookie": f"{name}={token}", "Origin": origin}
        ended = await client.delete("/api/session", headers=headers)

    assert ended.status_code == status


async def test_over_https_the_cookie_is_bound_to_the_host(database_url: str, me: Person) -> None:
    async with running_app(database_url, https=True) as app, calling(app) as client:
        cookie = (await log_in(client, me)).headers["set-cookie"]

    assert cookie.startswith("__Host-session=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


async def test_a_login_code_works_once(app: Starlette, me: Person, pool: AsyncConnectionPool) -> None:
    async with pool.connection() as connection:
        code = await accounts.create_login_code(connection, me.user_id)
    async with calling(app) as client:
        first = await client.post("/api/session", json={"code": code})
    async with calling(app) as client:
        second = await client.post("/api/session", json={"code": code})

    assert (first.status_code, first.json()["userId"]) == (200, str(me.user_id))
    assert (second.status_code, second.json()["error"]) == (401, "Unauthorized")


async def test_an_expired_login_code_opens_nothing(app: Starlette, me: Person, pool: AsyncConnectionPool) -> None:
    async with pool.connection() as connection:
        code = await accounts.create_login_code(connection, me.user_id)
        await connection.execute("update api.login_codes set created_at = now() - interval '1 h', expires_at = now()")
    async with calling(app) as client:
        assert (await client.post("/api/session", json={"code": code})).status_code == 401


async def test_logging_out_ends_the_session_for_every_copy_of_its_cookie(app: Starlette, me: Person) -> None:
    async with calling(app) as client, calling(app) as thief:
        await log_in(client, me)
        thief.cookies = client.cookies
        assert (await thief.get(QUEUE)).status_code == 200

        assert (await client.delete("/api/session", headers=SAME)).status_code == 204

        assert (await thief.get(QUEUE)).status_code == 401


async def test_an_expired_session_opens_nothing(app: Starlette, me: Person, pool: AsyncConnectionPool) -> None:
    async with calling(app) as client:
        await log_in(client, me)
        async with pool.connection() as connection:
            await connection.execute("update api.sessions set created_at = now() - interval '1 d', expires_at = now()")

        assert (await client.get(QUEUE)).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://127.0.0.1"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
async def test_another_site_cannot_act_with_our_cookie(
    app: Starlette, me: Person, headers: dict[str, str], status: int
) -> None:
    async with calling(app) as client:
        await log_in(client, me)

        answer = await client.post(QUEUE, json=BODY, headers=headers)

        assert answer.status_code == status
        assert (await client.get(QUEUE)).status_code == 200


async def test_the_user_id_header_counts_for_nothing_unless_switched_on(app: Starlette) -> None:
    async with calling(app) as client:
        assert (await client.get(QUEUE, headers={"x-user-id": str(uuid4())})).status_code == 401


async def test_switched_on_it_names_a_user_on_the_loopback(database_url: str, pool: AsyncConnectionPool) -> None:
    await know_aapl(pool)
    user = uuid4()
    async with running_app(database_url, trust_user_id_header=True) as app, calling(app) as client:
        answer = await client.post(QUEUE, json=BODY, headers={"x-user-id": str(user)})
        job = (await client.get(answer.json()["links"]["self"], headers={"x-user-id": str(user)})).json()
        names = [
            (await client.post(QUEUE, json=BODY, headers={"x-user-id": "test-user"})).json()["links"]["self"]
            for _ in range(2)
        ]
        users = {(await client.get(name, headers={"x-user-id": "test-user"})).json()["userId"] for name in names}

    assert job["userId"] == str(user)
    assert len(users) == 1
    assert UUID(users.pop()).version == 5


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "10.0.0.1"},
        {"forwarded": "for=10.0.0.1"},
        {"x-real-ip": "127.0.0.1"},
        {"via": "1.1 proxy"},
        {"host": "public.example"},
    ],
)
async def test_switched_on_it_still_counts_for_nothing_through_a_proxy_or_another_name(
    database_url: str, headers: dict[str, str]
) -> None:
    async with running_app(database_url, trust_user_id_header=True) as app, calling(app) as client:
        answer = await client.get(QUEUE, headers={"x-user-id": str(uuid4()), **headers})

    assert answer.status_code == 401
