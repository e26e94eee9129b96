"""Every route and every view, walked as one user who looks for what is another's.

A route that is new has no case here and fails the test: say below what a stranger is told there.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from psycopg import sql as compose
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.routing import Route

from api_scene import BODY, Person, Stream, calling, know_aapl, person, running_app, serving, stream
from pgqueue import Queue, acting_as

pytestmark = pytest.mark.anyio

QUEUE = "/api/backtest/queue"
SECRET_NAME = "Edge of the one who owns it"
STRATEGY = {"name": SECRET_NAME, "entryLong": "close > 1"}

# Whatever names something of another's: told apart from what never was by nothing at all.
NOT_FOUND = {
    f"GET {QUEUE}/{{job_id}}",
    f"DELETE {QUEUE}/{{job_id}}",
    f"GET {QUEUE}/{{job_id}}/events",
    f"GET {QUEUE}/{{job_id}}/result",
    f"POST {QUEUE}/{{job_id}}/requeue",
    "GET /api/strategies/{strategy_id}",
    "PUT /api/strategies/{strategy_id}",
    "DELETE /api/strategies/{strategy_id}",
}
# Lists, totals and what a caller sends: with and without another's belongings, the answer is the same.
SAME_FOR_ALL = {
    "GET /api/backtest/jobs",
    "GET /api/strategies",
    "GET /api/symbols",
    "GET /api/strategies/functions",
    "GET /api/symbols/{symbol}/bars",
    "POST /api/strategies",
    "POST /api/strategies/check",
}
# Totals that are everyone's, by the contract.
TOTALS = {f"GET {QUEUE}"}
# Adds a job; by another's strategy it adds none.
BY_STRATEGY = {f"POST {QUEUE}", "POST /api/backtest/sweeps"}
STREAMS = {"GET /api/backtest/events"}
ACCOUNT = {"GET /api/account"}
SESSION = {"GET /api/session", "POST /api/session"}
# For operators and whoever scrapes: a user is told to keep out, whatever is asked for.
FORBIDDEN_PATHS = ("/api/admin/", "/metrics")
# For everyone: the page, and what tells of the process. Ending a session needs none.
OPEN = {"GET /", "GET /admin", "GET /livez", "GET /readyz", "GET /openapi.json", "DELETE /api/session"}


@dataclass(frozen=True)
class Belongings:
    owner: Person
    job_id: UUID
    strategy_id: str

    @property
    def marks(self) -> tuple[str, ...]:
        return (str(self.owner.user_id), str(self.job_id), self.strategy_id, SECRET_NAME, self.owner.key)


def routes(app: Starlette) -> list[str]:
    """Every route and method, as "GET /path/{parameter}"."""
    return sorted(
        f"{method} {route.path}"
        for route in app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    )


def forbidden(found: list[str]) -> list[str]:
    return [route for route in found if route.split(" ")[1].startswith(FORBIDDEN_PATHS)]


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with running_app(database_url) as app:
        yield app


async def belongings(app: Starlette, pool: AsyncConnectionPool) -> Belongings:
    """A user with a strategy, and a job of it that completed and left a result."""
    owner = await person(pool, "pro")
    async with calling(app, owner) as client:
        strategy = (await client.post("/api/strategies", json={"definition": STRATEGY})).json()["id"]
        answer = await client.post(QUEUE, json=BODY | {"strategyId": strategy})
    job = UUID(answer.json()["jobId"])
    async with pool.connection() as connection:
        for statement in (
            (
                "update pgqueue.jobs set state = 'completed', attempt = 1, started_at = now(), finished_at = now()"
                " where id = %(job)s"
            ),
            "insert into pgqueue.progress (job_id, attempt, percent) values (%(job)s, 1, 100)",
            (
                "insert into pgqueue.attempts (job_id, attempt, worker_id, started_at, finished_at, outcome)"
                " values (%(job)s, 1, gen_random_uuid(), now(), now(), 'completed')"
            ),
            "insert into pgqueue.results (job_id, attempt, summary, preview, detail) values (%(job)s, 1, '{}', '', '')",
        ):
            await connection.execute(statement.encode(), {"job": job})
    return Belongings(owner, job, strategy)


def filled(route: str, *, job_id: object, strategy_id: object) -> tuple[str, str]:
    method, path = route.split(" ")
    return method, path.format(
        job_id=job_id, strategy_id=strategy_id, user_id=job_id, key_id=job_id, queue="backtest", symbol="AAPL"
    )


def sent(route: str) -> dict[str, Any]:
    """A body for those that want one."""
    if route.startswith(("GET", "DELETE")) or route.endswith("/requeue"):
        return {}
    return {"json": {"definition": {"name": "Mine", "entryLong": "close > 2"}}}


def told(answer: httpx.Response, *ids: object) -> tuple[int, str, dict[str, str]]:
    """What an answer says but for the ids that were asked for, the time, and how much may still be asked."""
    text = answer.text
    for one in ids:
        text = text.replace(str(one), "ID")
    varying = ("ratelimit", "date", "etag", "location")
    return answer.status_code, text, {k: v for k, v in answer.headers.items() if k not in varying}


def test_every_route_has_a_case(app_routes: list[str]) -> None:
    known = NOT_FOUND | SAME_FOR_ALL | TOTALS | BY_STRATEGY | STREAMS | ACCOUNT | SESSION | OPEN

    assert set(app_routes) - set(forbidden(app_routes)) == known, "say here what a stranger is told by a new route"


@pytest.fixture
def app_routes(database_url: str) -> list[str]:
    from api.app import create_app
    from api.settings import ApiSettings

    return routes(create_app(ApiSettings(), database_url=database_url))


async def test_nobody_gets_in_anywhere_but_at_the_page_and_the_probes(
    app: Starlette, pool: AsyncConnectionPool
) -> None:
    theirs = await belongings(app, pool)
    refused = {}
    async with calling(app) as client:
        for route in routes(app):
            if route not in OPEN | {"POST /api/session"}:
                method, path = filled(route, job_id=theirs.job_id, strategy_id=theirs.strategy_id)
                answer = await client.request(method, path, **sent(route))
                refused[route] = (answer.status_code, answer.json()["error"], answer.headers["WWW-Authenticate"])
        no_code = await client.post("/api/session", json={"code": "guessed"})

    assert set(refused.values()) == {(401, "Unauthorized", "Bearer")}, refused
    assert no_code.status_code == 401


async def test_a_user_is_kept_out_of_what_operators_see_whatever_is_asked_for(
    app: Starlette, pool: AsyncConnectionPool
) -> None:
    theirs, me = await belongings(app, pool), await person(pool, "pro")
    found = forbidden(routes(app))
    told = {}
    async with calling(app, me) as client:
        for route in found:
            method, path = filled(route, job_id=theirs.job_id, strategy_id=theirs.strategy_id)
            answer = await client.request(method, path, **sent(route))
            told[route] = (answer.status_code, answer.json()["code"])

    assert len(found) > 15
    assert set(told.values()) == {(403, "insufficient_scope")}, told


async def test_what_is_anothers_is_told_apart_from_what_never_was_by_nothing(
    app: Starlette, pool: AsyncConnectionPool
) -> None:
    theirs, me = await belongings(app, pool), await person(pool, "pro")
    async with calling(app, me) as client:
        for route in NOT_FOUND:
            answers = []
            for job_id, strategy_id in ((theirs.job_id, theirs.strategy_id), (uuid4(), uuid4())):
                method, path = filled(route, job_id=job_id, strategy_id=strategy_id)
                answers.append(told(await client.request(method, path, **sent(route)), job_id, strategy_id))

            assert answers[0][0] == 404, route
            assert answers[0] == answers[1], route

    async with calling(app, theirs.owner) as client:
        assert (await client.get(f"{QUEUE}/{theirs.job_id}")).json()["status"] == "completed"
        assert (await client.get(f"/api/strategies/{theirs.strategy_id}")).json()["name"] == SECRET_NAME


async def test_another_query_form_finds_nothing_either(app: Starlette, pool: AsyncConnectionPool) -> None:
    theirs, me = await belongings(app, pool), await person(pool, "pro")
    tries = (
        f"{QUEUE}?jobId={theirs.job_id}",
        f"{QUEUE}/{theirs.job_id}/result?format=csv",
        f"{QUEUE}/{theirs.job_id}/result?best=1",
        f"/api/backtest/events?jobs={theirs.job_id}",
        f"{QUEUE}/{str(theirs.job_id).upper()}",
        f"{QUEUE}/{theirs.job_id.hex}",
    )
    async with calling(app, me) as client:
        found = [(await client.get(path)).status_code for path in tries]
        by_tag = await client.get(f"{QUEUE}/{theirs.job_id}", headers={"If-None-Match": "*"})
        replayed = await client.post(QUEUE, json=BODY, headers={"Idempotency-Key": "k"})

    assert found == [404] * len(tries)
    assert by_tag.status_code == 404
    async with calling(app, theirs.owner) as client:
        own = await client.post(QUEUE, json=BODY, headers={"Idempotency-Key": "k"})
    assert own.json()["jobId"] != replayed.json()["jobId"]


async def test_lists_are_the_same_whatever_others_have(app: Starlette, pool: AsyncConnectionPool) -> None:
    before = await lists(app, await person(pool, "pro"))
    theirs = await belongings(app, pool)
    after = await lists(app, await person(pool, "pro"))
    filters = [f"?symbol=AAPL&strategyId={theirs.strategy_id}", "?status=completed", f"?cursor={uuid4()}"]
    async with calling(app, await person(pool, "pro")) as client:
        searched = [(await client.get(f"/api/backtest/jobs{query}")).json()["jobs"] for query in filters]

    assert after == before
    assert searched == [[], [], []]
    assert not [mark for mark in theirs.marks if mark in json.dumps(after)]


async def lists(app: Starlette, who: Person) -> dict[str, Any]:
    found = {}
    async with calling(app, who) as client:
        for route in sorted(SAME_FOR_ALL):
            method, path = filled(route, job_id=uuid4(), strategy_id=uuid4())
            answer = await client.request(method, path, **sent(route))
            made = answer.json().get("id") if route == "POST /api/strategies" else None
            body = {k: v for k, v in answer.json().items() if k not in ("createdAt", "updatedAt")}
            found[route] = (answer.status_code, json.dumps(body).replace(str(made), "ID"))
    return found


async def test_the_totals_name_nobody(app: Starlette, pool: AsyncConnectionPool) -> None:
    theirs, me = await belongings(app, pool), await person(pool, "pro")
    async with calling(app, me) as client:
        answer = await client.get(QUEUE)

    assert answer.status_code == 200
    assert not [mark for mark in theirs.marks if mark in answer.text]
    assert all(value is None or isinstance(value, int | bool | str) for value in answer.json().values())


async def test_anothers_strategy_runs_for_nobody_else(app: Starlette, pool: AsyncConnectionPool) -> None:
    theirs, me = await belongings(app, pool), await person(pool, "pro")
    async with calling(app, me) as client:
        for route in BY_STRATEGY:
            body = BODY | {"strategyId": theirs.strategy_id, "grid": {"n": "1:2:1"}}
            answer = await client.post(route.split(" ")[1], json=body)
            unknown = await client.post(route.split(" ")[1], json=body | {"strategyId": str(uuid4())})

            assert told(answer) == told(unknown), route
            assert answer.status_code in (400, 404), route


async def test_a_stream_of_all_ones_jobs_tells_of_nobody_elses(database_url: str, pool: AsyncConnectionPool) -> None:
    await know_aapl(pool)
    me = await person(pool, "pro")
    async with serving(database_url) as (server, app), stream(server.url, "/api/backtest/events", me.headers) as events:
        assert (await events.next()).event == "hello"
        theirs = await belongings(app, pool)
        async with calling(app, me) as client:
            mine = (await client.post(QUEUE, json=BODY)).json()["jobId"]
        heard = await heard_until(events, mine)

    assert not [mark for mark in theirs.marks if mark in heard]


async def heard_until(events: Stream, job_id: str) -> str:
    """All that was told, up to the first event of that job: what came before it in time is before it here."""
    heard = ""
    while job_id not in heard:
        event = await events.next()
        heard += json.dumps(event.data)
    return heard


async def test_the_session_tells_of_its_own_user(app: Starlette, pool: AsyncConnectionPool) -> None:
    theirs, me = await belongings(app, pool), await person(pool, "pro")
    async with calling(app) as client:
        began = await client.post("/api/session", headers=me.headers)
        shown = await client.get("/api/session")

    assert began.json()["userId"] == shown.json()["userId"] == str(me.user_id)
    assert not [mark for mark in theirs.marks if mark in shown.text]


async def test_the_account_counts_nothing_of_anothers(app: Starlette, pool: AsyncConnectionPool) -> None:
    me = await person(pool, "pro")
    async with calling(app, me) as client:
        before = (await client.get("/api/account")).json()
        theirs = await belongings(app, pool)
        after = (await client.get("/api/account")).json()

    assert before == after
    assert not [mark for mark in theirs.marks if mark in json.dumps(after)]


async def test_every_view_and_table_shows_a_stranger_the_same_whatever_others_have(
    app: Starlette, pool: AsyncConnectionPool
) -> None:
    """As the users' role, and granted to look: what it may not look at shows nothing at all."""
    stranger = await person(pool)
    async with pool.connection() as connection:
        await connection.execute("grant select on all tables in schema pgqueue, api to pgqueue_api")
    before = await relations(pool, stranger)
    theirs = await belongings(app, pool)
    after = await relations(pool, stranger)

    assert len(after) > 15
    assert {name: shown for name, shown in after.items() if shown != before[name]} == {}
    assert not [mark for mark in theirs.marks if mark in str(after)]


# Not a user's: what there is of queues, plans and workers says nothing of anyone.
OF_NOBODY = ("queues", "turns", "workers", "live_workers", "queue_overview", "alembic_version")


async def relations(pool: AsyncConnectionPool, who: Person) -> dict[str, str]:
    """All that the user sees of each table and view, as text."""
    shown = {}
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select nspname, relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
            " where nspname in ('pgqueue', 'api') and relkind in ('r', 'v', 'm', 'p') order by 1, 2"
        )
        for schema, name in await cursor.fetchall():
            if name in OF_NOBODY:
                continue
            query = compose.SQL("select coalesce(string_agg(t::text, ' ' order by t::text), '') from {} as t")
            try:
                async with acting_as(connection, who.user_id):
                    row = await (await connection.execute(query.format(compose.Identifier(schema, name)))).fetchone()
            except psycopg.errors.InsufficientPrivilege:
                row = ("",)
            assert row is not None
            shown[f"{schema}.{name}"] = str(row[0])
    return shown


async def test_every_view_asks_with_the_rights_of_who_looks(pool: AsyncConnectionPool) -> None:
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select relname from pg_class where relkind = 'v' and relnamespace in ('pgqueue'::regnamespace,"
            " 'api'::regnamespace, 'engine'::regnamespace)"
            " and not coalesce('security_invoker=true' = any(reloptions), false)"
        )
        assert await cursor.fetchall() == []


async def test_the_queue_keeps_users_apart_without_the_wall_as_well(pool: AsyncConnectionPool) -> None:
    """Two walls: each holds alone."""
    mine, theirs = await person(pool), await person(pool)
    async with Queue(pool) as queue:
        job = (await queue.enqueue("echo", {}, user_id=theirs.user_id)).job_id

        assert await queue.read([job], user_id=mine.user_id) == []
        assert await queue.list(user_id=mine.user_id) == []
        assert await queue.result(job, user_id=mine.user_id) is None
