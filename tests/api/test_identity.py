"""What keys, sessions and roles open, and what they do not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api import accounts
from api.accounts import Account
from api.auth import authenticate, require_admin, require_scope
from api_scene import BODY, Person, calling, know_aapl, person, running_app

pytestmark = pytest.mark.anyio

QUEUE = "/api/backtest/queue"
SAME = {"Sec-Fetch-Site": "same-origin"}


def answering(who: Callable[[Request], Awaitable[Account]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        account = await who(request)
        return JSONResponse({"role": account.role, "scopes": sorted(account.scopes), "plan": account.plan})

    return endpoint


@asynccontextmanager
async def operated(database_url: str, **settings: Any) -> AsyncIterator[Starlette]:
    """The application with a route for operators, one for scrapers, and one that tells who is calling."""
    async with running_app(database_url, **settings) as app:
        app.router.routes += [
            Route("/operate", answering(require_admin), methods=["GET", "POST"]),
            Route("/scrape", answering(lambda request: require_scope(request, "metrics")), methods=["GET"]),
            Route("/me", answering(authenticate), methods=["GET"]),
        ]
        yield app


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with operated(database_url) as app:
        yield app


@pytest.fixture
async def me(pool: AsyncConnectionPool) -> Person:
    return await person(pool, "pro")


async def key_of(pool: AsyncConnectionPool, me: Person, *scopes: str, seconds: float | None = None) -> Person:
    async with pool.connection() as connection:
        _, key = await accounts.create_key(connection, me.user_id, scopes=scopes, expires_seconds=seconds)
    return Person(me.user_id, key)


async def make(pool: AsyncConnectionPool, me: Person, role: str) -> None:
    async with pool.connection() as connection:
        assert await accounts.set_role(connection, me.user_id, role)


async def statuses(client: httpx.AsyncClient) -> dict[str, int]:
    return {
        "read": (await client.get(QUEUE)).status_code,
        "jobs": (await client.post(QUEUE, json=BODY)).status_code,
        "metrics": (await client.get("/scrape")).status_code,
        "look": (await client.get("/operate")).status_code,
        "operate": (await client.post("/operate")).status_code,
    }


MATRIX = pytest.mark.parametrize(
    ("scopes", "role", "allowed"),
    [
        ((), "user", {"read", "jobs"}),
        ((), "admin", {"read", "jobs", "metrics", "look", "operate"}),
        ((), "read_only_admin", {"read", "jobs", "metrics", "look"}),
        (("read",), "user", {"read"}),
        (("read",), "admin", {"read"}),
        (("jobs",), "admin", {"read", "jobs"}),
        (("metrics",), "user", {"metrics"}),
        (("admin",), "user", set()),
        (("admin",), "admin", {"metrics", "look", "operate"}),
        (("admin",), "read_only_admin", {"metrics", "look"}),
        (("read", "metrics"), "user", {"read", "metrics"}),
    ],
)


@MATRIX
async def test_a_key_opens_what_its_scopes_and_its_users_role_both_allow(
    app: Starlette, pool: AsyncConnectionPool, me: Person, scopes: tuple[str, ...], role: str, allowed: set[str]
) -> None:
    await make(pool, me, role)
    async with calling(app, await key_of(pool, me, *scopes)) as client:
        found = await statuses(client)

    assert found == {name: 200 if name in allowed else 403 for name in found}


async def test_a_scope_that_is_missing_is_named(app: Starlette, pool: AsyncConnectionPool, me: Person) -> None:
    async with calling(app, await key_of(pool, me, "read")) as client:
        refused = await client.post(QUEUE, json=BODY)

    assert refused.json()["code"] == "insufficient_scope"
    assert refused.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="jobs"'


async def test_keys_rotate_without_a_moment_in_which_none_works(
    app: Starlette, pool: AsyncConnectionPool, me: Person
) -> None:
    new = await key_of(pool, me)
    async with calling(app) as client:
        both = [(await client.get(QUEUE, headers=one.headers)).status_code for one in (me, new)]
        async with pool.connection() as connection:
            await connection.execute("update api.api_keys set revoked_at = now() where prefix = %s", [me.key[:12]])
        after = [(await client.get(QUEUE, headers=one.headers)).status_code for one in (me, new)]

    assert (both, after) == ([200, 200], [401, 200])


async def test_an_expired_key_opens_nothing(app: Starlette, pool: AsyncConnectionPool, me: Person) -> None:
    async with calling(app, await key_of(pool, me, seconds=3600)) as client:
        before = (await client.get(QUEUE)).status_code
        async with pool.connection() as connection:
            await connection.execute("update api.api_keys set expires_at = now() where expires_at is not null")
        after = (await client.get(QUEUE)).status_code

    assert (before, after) == (200, 401)


async def test_a_busy_key_is_written_once_a_minute(app: Starlette, pool: AsyncConnectionPool, me: Person) -> None:
    async def row(connection: object) -> tuple[object, ...]:
        cursor = await connection.execute(  # type: ignore[attr-defined]
            "select last_used_at, xmin::text from api.api_keys where prefix = %s", [me.key[:12]]
        )
        found: tuple[object, ...] = await cursor.fetchone()
        return found

    async with calling(app, me) as client, pool.connection() as connection:
        await client.get(QUEUE)
        first = await row(connection)
        for _ in range(5):
            await client.get(QUEUE)
        again = await row(connection)
        await connection.execute("update api.api_keys set last_used_at = last_used_at - interval '2 minutes'")
        await client.get(QUEUE)
        later = await row(connection)

    assert first[0] is not None
    assert again == first
    assert later[0] > first[0]  # type: ignore[operator]


async def log_in(client: httpx.AsyncClient, who: Person) -> httpx.Response:
    answer = await client.post("/api/session", headers=who.headers)
    assert answer.status_code == 200
    return answer


async def test_a_session_may_what_the_key_that_opened_it_may(
    app: Starlette, pool: AsyncConnectionPool, me: Person
) -> None:
    async with calling(app) as client:
        await log_in(client, await key_of(pool, me, "read"))
        looked = await client.get(QUEUE)
        added = await client.post(QUEUE, json=BODY, headers=SAME)

    assert (looked.status_code, added.status_code, added.json()["code"]) == (200, 403, "insufficient_scope")


@MATRIX
async def test_a_session_opens_what_the_key_that_began_it_opens(
    app: Starlette, pool: AsyncConnectionPool, me: Person, scopes: tuple[str, ...], role: str, allowed: set[str]
) -> None:
    await make(pool, me, role)
    key = await key_of(pool, me, *scopes)
    async with calling(app) as client:
        begun = await client.post("/api/session", headers=key.headers)
        client.headers.update(SAME)
        found = await statuses(client)

    assert begun.status_code == (200 if allowed else 403)
    assert found == {name: 200 if name in allowed else 403 if allowed else 401 for name in found}


@pytest.mark.parametrize("scopes", [(), ("admin",), ("jobs", "admin")])
async def test_a_session_may_no_more_than_its_users_role_still_allows(
    app: Starlette, pool: AsyncConnectionPool, me: Person, scopes: tuple[str, ...]
) -> None:
    await make(pool, me, "admin")
    async with calling(app) as client:
        await log_in(client, await key_of(pool, me, *scopes))
        client.headers.update(SAME)
        before = await statuses(client)
        await make(pool, me, "user")
        after = await statuses(client)

    assert before["metrics"] == before["operate"] == 200
    own = 403 if scopes == ("admin",) else 200
    assert after == {"read": own, "jobs": own, "metrics": 403, "look": 403, "operate": 403}


async def test_a_session_that_names_no_scope_opens_nothing(
    app: Starlette, pool: AsyncConnectionPool, me: Person
) -> None:
    async with calling(app) as client:
        await log_in(client, me)
        async with pool.connection() as connection:
            await connection.execute("update api.sessions set scopes = '{}'")
        client.headers.update(SAME)
        found = await statuses(client)

    assert set(found.values()) == {403}


async def test_a_session_ends_with_the_key_that_opened_it(
    app: Starlette, pool: AsyncConnectionPool, me: Person
) -> None:
    async with calling(app) as client, calling(app) as other:
        await log_in(client, me)
        await log_in(other, await key_of(pool, me))
        async with pool.connection() as connection:
            await connection.execute("update api.api_keys set revoked_at = now() where prefix = %s", [me.key[:12]])
        ended, goes_on = await client.get(QUEUE), await other.get(QUEUE)

    assert (ended.status_code, goes_on.status_code) == (401, 200)


async def test_a_session_lasts_no_longer_than_the_key_that_opened_it(
    app: Starlette, pool: AsyncConnectionPool, me: Person
) -> None:
    async with calling(app) as client:
        answer = await log_in(client, await key_of(pool, me, seconds=600))
    async with pool.connection() as connection:
        row = await (
            await connection.execute("select (select expires_at from api.sessions) = max(expires_at) from api.api_keys")
        ).fetchone()

    assert row == (True,)
    assert 0 < int(answer.headers["set-cookie"].split("Max-Age=")[1].split(";")[0]) <= 600


async def test_a_locked_out_user_gets_in_by_nothing(
    database_url: str, pool: AsyncConnectionPool, me: Person, app: Starlette
) -> None:
    async with calling(app) as client, calling(app, me) as program:
        await log_in(client, me)
        async with pool.connection() as connection:
            code = await accounts.create_login_code(connection, me.user_id)
            assert await accounts.lock_out(connection, me.user_id, locked=True)
        locked = [
            (await client.get(QUEUE)).status_code,
            (await program.get(QUEUE)).status_code,
            (await client.post("/api/session", json={"code": code})).status_code,
        ]
        async with pool.connection() as connection:
            await accounts.lock_out(connection, me.user_id, locked=False)
        unlocked = [(await client.get(QUEUE)).status_code, (await program.get(QUEUE)).status_code]

    assert (locked, unlocked) == ([401, 401, 401], [200, 200])


async def test_an_operator_named_by_the_local_header_is_none(
    database_url: str, pool: AsyncConnectionPool, me: Person
) -> None:
    await make(pool, me, "admin")
    async with operated(database_url, trust_user_id_header=True) as app, calling(app) as client:
        headers = {"x-user-id": str(me.user_id)}
        found = [(await client.get(path, headers=headers)).status_code for path in (QUEUE, "/scrape", "/operate")]

    assert found == [200, 403, 403]


async def test_nobody_is_no_user(database_url: str) -> None:
    """What belongs to nobody (jobs that programs add for themselves) is not for whoever names that id."""
    async with operated(database_url, trust_user_id_header=True) as app, calling(app) as client:
        answer = await client.get(QUEUE, headers={"x-user-id": "00000000-0000-0000-0000-000000000000"})

    assert answer.status_code == 401


async def test_the_local_header_counts_for_nothing_on_a_listener_that_others_reach(database_url: str) -> None:
    async with operated(database_url, trust_user_id_header=True, host="0.0.0.0") as app, calling(app) as client:
        answer = await client.get(QUEUE, headers={"x-user-id": "5f1a2b3c-0000-4000-8000-000000000001"})

    assert answer.status_code == 401
