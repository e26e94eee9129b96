"""What administrators may look at and do, and that all of it is written down."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from admin_scene import ADMIN, QUEUE, administrator, fail, submit
from api import accounts
from api.admin import bulk, dashboard
from api.admin.figures import read_hour
from api.queries import sql
from api_scene import Person, Stream, body, calling, know_aapl, person, running_app, serving, stream
from pgqueue import Outcome
from queue_scene import running_worker, still_worker

pytestmark = pytest.mark.anyio


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with running_app(database_url) as app:
        yield app


@pytest.fixture
async def me(pool: AsyncConnectionPool) -> Person:
    return await person(pool, "basic")


@pytest.fixture
async def client(app: Starlette, me: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(app, me) as client:
        yield client


@pytest.fixture
async def admin(app: Starlette, pool: AsyncConnectionPool) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(app, await administrator(pool)) as client:
        yield client


ROUTES = [
    ("GET", "stats"), ("GET", "events"), ("GET", "doctor"), ("GET", "queues"), ("PATCH", "queues/backtest"),
    ("POST", "queues/backtest/pause"), ("POST", "queues/backtest/resume"), ("GET", "workers"), ("GET", "jobs"),
    ("POST", "jobs/requeue"), ("POST", "jobs/cancel"), ("GET", f"jobs/{uuid4()}"), ("POST", f"jobs/{uuid4()}/requeue"),
    ("POST", f"jobs/{uuid4()}/cancel"), ("POST", "jobs/delete"), ("POST", "jobs/priority"),
    ("PATCH", f"jobs/{uuid4()}"), ("DELETE", f"jobs/{uuid4()}"), ("GET", f"jobs/{uuid4()}/result"),
    ("GET", "accounts"), ("GET", f"accounts/{uuid4()}"),
    ("PATCH", f"accounts/{uuid4()}"), ("POST", f"accounts/{uuid4()}/credits"), ("GET", "audit"),
    ("GET", f"accounts/{uuid4()}/ledger"), ("GET", f"accounts/{uuid4()}/keys"),
    ("DELETE", f"accounts/{uuid4()}/keys/{uuid4()}"),
]  # fmt: skip


async def test_nobody_but_an_administrator_gets_past_the_door(app: Starlette, client: httpx.AsyncClient) -> None:
    assert len(ROUTES) == sum(getattr(route, "path", "").startswith(ADMIN) for route in app.routes)
    async with calling(app) as nobody:
        for method, path in ROUTES:
            refused = await client.request(method, f"{ADMIN}/{path}", json={})
            unknown = await nobody.request(method, f"{ADMIN}/{path}", json={})

            assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope"), path
            assert unknown.status_code == 401, path


async def test_a_queue_is_paused_resumed_limited_and_each_is_in_the_audit_log(
    admin: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    await submit(client)
    path = f"{ADMIN}/queues/backtest"

    paused = (await admin.post(f"{path}/pause")).json()
    waiting = (await client.get(QUEUE)).json()
    resumed = (await admin.post(f"{path}/resume")).json()
    limited = (await admin.patch(path, json={"maxRunning": 3, "starts": 10, "perSeconds": 10})).json()
    kept = (await admin.patch(path, json={"maxRunning": None})).json()

    assert (paused["paused"], resumed["paused"], paused["waiting"]) == (True, False, 1)
    assert (waiting["estimatedWaitTime"], waiting["reason"]) == (None, "paused")
    assert (limited["maxRunning"], limited["starts"], limited["perSeconds"]) == (3, 10, 10)
    assert (kept["maxRunning"], kept["starts"]) == (None, 10)
    entries = (await admin.get(f"{ADMIN}/audit", params={"target": "queue:backtest"})).json()["entries"]
    assert [entry["action"] for entry in entries] == ["queue.limit", "queue.limit", "queue.resume", "queue.pause"]
    assert {entry["outcome"] for entry in entries} == {"done"}
    assert entries[1]["facts"] == {"maxRunning": 3, "starts": 10, "perSeconds": 10.0}


@pytest.mark.parametrize("path", ["nope/pause", "nope/resume"])
async def test_a_queue_that_is_not_there_is_not_made_by_a_slip(admin: httpx.AsyncClient, path: str) -> None:
    assert (await admin.post(f"{ADMIN}/queues/{path}")).status_code == 404
    assert (await admin.patch(f"{ADMIN}/queues/nope", json={})).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"maxRunning": 0}, "maxRunning"),
        ({"starts": "9"}, "starts"),
        ({"perSeconds": -1}, "perSeconds"),
        ({"maxRuning": 3}, "maxRuning"),
    ],
)
async def test_a_limit_that_is_none_is_400_at_its_place(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, wrong: dict[str, Any], path: str
) -> None:
    await submit(client)

    answer = await admin.patch(f"{ADMIN}/queues/backtest", json=wrong)

    assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, path)


async def test_jobs_are_found_by_what_is_known_of_them(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool, me: Person
) -> None:
    failed = await submit(client)
    await fail(await still_worker(pool), "lease lost: 100% of it")
    waiting = await submit(client)

    async def found(**query: str) -> list[str]:
        answer = await admin.get(f"{ADMIN}/jobs", params=query)
        return [job["jobId"] for job in answer.json()["jobs"]]

    assert await found() == [waiting, failed]
    assert await found(userId=str(me.user_id)) == [waiting, failed]
    assert await found(userId=str(uuid4())) == []
    assert await found(jobId=waiting) == [waiting]
    assert await found(status="failed") == [failed]
    assert await found(status="waiting", symbol="AAPL", queue="backtest", kind="backtest") == [waiting]
    assert await found(symbol="MSFT") == []
    assert await found(error="LEASE LOST: 100%") == [failed]
    assert await found(error="100_") == []
    assert await found(since="2020-01-01T00:00:00Z", until="2100-01-01T00:00:00Z") == [waiting, failed]
    assert await found(until="2020-01-01T00:00:00Z") == []


async def test_pages_follow_each_other_to_the_end_and_say_how_far_they_looked(
    admin: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    ids = [await submit(client) for _ in range(5)][::-1]

    first = await admin.get(f"{ADMIN}/jobs", params={"limit": 3, "symbol": "AAPL"})
    second = await admin.get(first.json()["next"])

    assert [job["jobId"] for job in first.json()["jobs"] + second.json()["jobs"]] == ids
    assert 'rel="next"' in first.headers["link"]
    assert (first.json()["lookedAt"], second.json()["next"]) == (5, None)


async def test_a_search_that_finds_little_goes_on_where_it_stopped_looking(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgqueue.search.LOOK_AT", 2)
    oldest = await submit(client, initialCapital=777)
    for _ in range(4):
        await submit(client)

    found: list[str] = []
    path: str | None = f"{ADMIN}/jobs?kind=backtest&status=waiting&limit=50"
    pages = 0
    while path is not None:
        answer = (await admin.get(path)).json()
        found += [job["jobId"] for job in answer["jobs"]]
        path, pages = answer["next"], pages + 1

    assert (len(found), found[-1], pages) == (5, oldest, 3)


@pytest.mark.parametrize(
    "query", ["status=lost", "userId=x", "jobId=1", "since=yesterday", "limit=0", "cursor=x", "color=red", "error=%00"]
)
async def test_a_search_for_what_cannot_be_is_400_at_its_place(admin: httpx.AsyncClient, query: str) -> None:
    answer = await admin.get(f"{ADMIN}/jobs?{query}")

    assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, query.split("=", maxsplit=1)[0])


async def test_a_job_is_seen_with_its_args_its_attempts_and_its_errors(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    job_id = await submit(client)
    worker = await still_worker(pool)
    await worker.end(await worker.claim_one(), Outcome.CRASHED, error={"type": "Crash", "message": "killed"})
    await fail(worker, "no more")

    seen = (await admin.get(f"{ADMIN}/jobs/{job_id}")).json()

    assert (seen["state"], seen["args"]["symbol"], seen["failure"]["type"]) == ("failed", "AAPL", "Broken")
    assert [(one["attempt"], one["outcome"], one["error"]) for one in seen["attempts"]] == [
        (1, "crashed", "killed"),
        (2, "failed", "no more"),
    ]


async def test_one_job_is_cancelled_and_run_again_whoever_owns_it(
    admin: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    job_id = await submit(client)

    early = await admin.post(f"{ADMIN}/jobs/{job_id}/requeue")
    cancelled = await admin.post(f"{ADMIN}/jobs/{job_id}/cancel")
    again = await admin.post(f"{ADMIN}/jobs/{job_id}/requeue")

    assert (early.status_code, cancelled.json()["status"], again.json()["status"]) == (409, "cancelled", "waiting")
    assert again.json()["requeuedFrom"] == job_id
    entries = (await admin.get(f"{ADMIN}/audit", params={"target": f"job:{job_id}"})).json()["entries"]
    assert [entry["outcome"].split(":")[0] for entry in entries] == ["done", "done", "refused"]
    assert entries[0]["facts"]["jobId"] == again.json()["jobId"]


async def test_many_are_counted_before_they_are_acted_on_and_never_more_than_were_counted(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    worker = await still_worker(pool)
    for _ in range(3):
        await submit(client)
        await fail(worker, "lease lost")
    await submit(client)
    path, chosen = f"{ADMIN}/jobs/requeue", {"filter": {"status": "failed"}}

    counted = (await admin.post(path, json=chosen)).json()
    unsure = await admin.post(path, json=chosen | {"dryRun": False})
    done = (await admin.post(path, json=chosen | {"dryRun": False, "atMost": 2})).json()

    assert (counted["matched"], counted["isAll"], counted["acted"]) == (3, True, 0)
    assert (unsure.status_code, unsure.json()["code"]) == (400, "dry_run_first")
    assert (done["matched"], done["acted"], done["refused"]) == (2, 2, {})
    cancelled = (await admin.post(f"{ADMIN}/jobs/cancel", json={"filter": {}, "dryRun": False, "atMost": 100})).json()
    assert cancelled["acted"] == 3
    (entry, *_) = (await admin.get(f"{ADMIN}/audit", params={"action": "jobs.requeue"})).json()["entries"]
    assert entry["facts"] == {"filter": {"status": "failed"}, "atMost": 2, "acted": 2, "refused": {}}


async def test_an_action_that_breaks_half_way_says_so_and_how_far_it_came(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await submit(client)
    act, asked = app.state.queue.act_on_many, list[Any]()

    async def away_at_the_second(*given: Any, **others: Any) -> object:
        asked.append(given)
        if len(asked) == 2:
            raise psycopg.OperationalError
        return await act(*given, **others)

    monkeypatch.setattr(app.state.queue, "act_on_many", away_at_the_second)
    monkeypatch.setattr(bulk, "BATCH", 2)
    broken = await admin.post(f"{ADMIN}/jobs/cancel", json={"filter": {}, "dryRun": False, "atMost": 9})

    (entry,) = (await admin.get(f"{ADMIN}/audit", params={"action": "jobs.cancel"})).json()["entries"]
    assert broken.status_code == 503
    assert (entry["outcome"], entry["facts"]["acted"]) == ("failed: OperationalError", 2)


async def test_the_history_names_the_administrator(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, app: Starlette
) -> None:
    job_id = await submit(client)
    await admin.post(f"{ADMIN}/jobs/{job_id}/cancel")
    await admin.post(f"{ADMIN}/jobs/{job_id}/requeue")

    (entry, *_) = (await admin.get(f"{ADMIN}/audit")).json()["entries"]
    actors = {each.event: each.actor for each in await app.state.queue.history(UUID(job_id))}
    assert [actors["cancelled"], actors["requeued"]] == [f"admin {entry['userId']}"] * 2


async def test_what_an_owner_may_not_an_administrator_may_not_for_him(
    admin: httpx.AsyncClient, app: Starlette, pool: AsyncConnectionPool
) -> None:
    async with calling(app, await person(pool, per_day=1)) as poor:
        await submit(poor)
    await fail(await still_worker(pool), "broken")

    done = await admin.post(f"{ADMIN}/jobs/requeue", json={"filter": {}, "dryRun": False, "atMost": 9})

    assert (done.json()["acted"], done.json()["refused"]) == (0, {"DailyQuotaReached": 1})


async def test_workers_are_shown_with_what_their_slots_run(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    job_id = await submit(client)
    worker = await still_worker(pool)
    await worker.claim_one()

    (shown,) = (await admin.get(f"{ADMIN}/workers")).json()["workers"]

    assert (shown["id"], shown["slots"], shown["draining"]) == (str(worker.id), 2, False)
    assert [slot["jobId"] for slot in shown["running"]] == [job_id]


async def test_workers_count_before_their_queue_has_had_a_job_and_not_while_they_drain(
    admin: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    async def counted() -> tuple[int, int]:
        stats = (await admin.get(f"{ADMIN}/stats")).json()
        return stats["workers"], stats["slots"]

    assert await counted() == (0, 0)
    await still_worker(pool)
    assert await counted() == (1, 2)
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.workers set draining = true")
    assert await counted() == (0, 0)


async def test_an_account_is_shown_changed_and_granted_credits(admin: httpx.AsyncClient, me: Person) -> None:
    path = f"{ADMIN}/accounts/{me.user_id}"

    changed = (await admin.patch(path, json={"plan": "pro", "perDay": 7, "concurrent": None})).json()
    own, plans = changed["own"], changed["plans"]
    back = (await admin.patch(path, json={"perDay": None})).json()
    granted = (await admin.post(f"{path}/credits", json={"amount": 50, "note": "welcome"})).json()
    taken = await admin.post(f"{path}/credits", json={"amount": -51})
    listed = (await admin.get(f"{ADMIN}/accounts")).json()["accounts"]

    assert (changed["plan"], changed["perDay"], changed["concurrent"]) == ("pro", 7, 4)
    assert own == {"concurrent": None, "perDay": 7, "waiting": 100_000}
    assert plans["free"]["perDay"] == 3
    assert list(plans) == ["free", "basic", "pro"]
    assert (back["own"]["perDay"], back["perDay"]) == (None, plans["pro"]["perDay"])
    assert (granted["credits"], granted["ledger"][0]["note"]) == ({"available": 50, "held": 0}, "welcome")
    assert (taken.status_code, taken.json()["code"]) == (409, "wrong_state")
    assert str(me.user_id) in {account["userId"] for account in listed}
    assert (await admin.patch(f"{ADMIN}/accounts/{uuid4()}", json={"plan": "pro"})).status_code == 404
    assert (await admin.patch(path, json={"plan": "gold", "perDay": -1})).status_code == 400


async def test_a_key_is_listed_without_its_secret_and_revoked_for_good(
    admin: httpx.AsyncClient, app: Starlette, pool: AsyncConnectionPool, me: Person
) -> None:
    path = f"{ADMIN}/accounts/{me.user_id}/keys"
    async with pool.connection() as connection:
        key_id, second = await accounts.create_key(
            connection, me.user_id, name="night shift", scopes=["read"], expires_seconds=3600
        )
    async with calling(app) as nobody:
        seen = await nobody.get("/api/account", headers={"Authorization": f"Bearer {second}"})
        (listed, first) = (await admin.get(path)).json()["keys"]
        revoked = await admin.delete(f"{path}/{key_id}")
        again = await admin.delete(f"{path}/{str(key_id).upper()}")
        refused = await nobody.get("/api/account", headers={"Authorization": f"Bearer {second}"})
    strangers = [await admin.delete(f"{ADMIN}/accounts/{uuid4()}/keys/{first['id']}")]
    strangers += [await admin.delete(f"{path}/{unknown}") for unknown in (uuid4(), first["prefix"])]
    async with calling(app, await administrator(pool, "read_only_admin")) as looker:
        looked, forbidden = await looker.get(path), await looker.delete(f"{path}/{first['id']}")
    mine = (await admin.get(f"{ADMIN}/accounts/{(await admin.get('/api/account')).json()['userId']}/keys")).json()[
        "keys"
    ]

    assert (seen.status_code, refused.status_code) == (200, 401)
    assert (listed["name"], listed["prefix"], listed["scopes"]) == ("night shift", second[:12], ["read"])
    assert (listed["revokedAt"], listed["isYours"], listed["lastUsedAt"] is None) == (None, False, False)
    assert second not in str(listed)
    assert revoked.json()["revokedAt"] is not None
    assert again.json()["revokedAt"] == revoked.json()["revokedAt"]
    assert [answer.status_code for answer in strangers] == [404, 404, 404]
    assert (looked.status_code, forbidden.status_code, forbidden.json()["code"]) == (200, 403, "read_only")
    assert [key["isYours"] for key in mine] == [True]
    (_, entry) = (await admin.get(f"{ADMIN}/audit", params={"action": "key.revoke"})).json()["entries"]
    assert entry["target"] == f"account:{me.user_id}"
    assert entry["facts"] == {"keyId": str(key_id), "prefix": second[:12], "name": "night shift"}


async def test_accounts_that_were_made_at_one_moment_are_all_listed(
    admin: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    made = {uuid4() for _ in range(5)}
    async with pool.connection() as connection:
        for user_id in made:
            await connection.execute("insert into pgqueue.accounts (user_id) values (%s)", (user_id,))
    address, listed = f"{ADMIN}/accounts?limit=2", list[str]()
    while address:
        answer = (await admin.get(address)).json()
        listed += [account["userId"] for account in answer["accounts"]]
        address = answer["next"]

    assert len(listed) == len(set(listed))
    assert {str(user_id) for user_id in made} <= set(listed)
    assert (await admin.get(f"{ADMIN}/accounts?cursor=x")).json()["details"][0]["path"] == "cursor"


async def test_an_account_tells_what_it_does_now_and_who_it_is(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool, me: Person
) -> None:
    for _ in range(3):
        await submit(client)
    await (await still_worker(pool)).claim_one()
    async with pool.connection() as connection:
        await connection.execute("update api.users set locked_at = now() where id = %s", (me.user_id,))

    async def listed(**query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await admin.get(f"{ADMIN}/accounts", params=query)).json()["accounts"]
        return found

    (mine,) = await listed(userId=str(me.user_id))
    free = await listed(plan="free")

    assert (mine["processing"], mine["waiting"], mine["running"], mine["today"]) == (1, 2, 3, 3)
    assert (mine["role"], mine["isLocked"], mine["resetsAt"][10:]) == ("user", True, "T00:00:00.000Z")
    assert [(account["role"], account["plan"]) for account in free] == [("admin", "free")]
    assert await listed(userId=str(uuid4())) == []
    assert (await admin.get(f"{ADMIN}/accounts?plan=gold")).json()["details"][0]["path"] == "plan"


async def test_a_ledger_has_pages(admin: httpx.AsyncClient, me: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.admin.accounts.PAGE_LIMIT", 3)
    path = f"{ADMIN}/accounts/{me.user_id}"
    for amount in range(1, 8):
        await admin.post(f"{path}/credits", json={"amount": amount})

    shown = (await admin.get(path)).json()
    pages, following = [shown["ledger"]], f"{shown['ledgerNext']}&limit=3"
    while following:
        answer = (await admin.get(following)).json()
        pages.append(answer["movements"])
        following = answer["next"]

    assert [each["amount"] for page in pages for each in page] == [7, 6, 5, 4, 3, 2, 1]
    assert (await admin.get(f"{ADMIN}/accounts/{uuid4()}/ledger")).status_code == 404
    assert (await admin.get(f"{path}/ledger?cursor=x")).json()["details"][0]["path"] == "cursor"


async def test_the_audit_log_says_with_which_key_and_since_when(
    admin: httpx.AsyncClient, app: Starlette, client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    await submit(client)
    await admin.post(f"{ADMIN}/queues/backtest/pause")
    chief = await administrator(pool)
    async with pool.connection() as connection:
        await connection.execute("update api.api_keys set name = 'night shift' where user_id = %s", (chief.user_id,))
        code = await accounts.create_login_code(connection, chief.user_id)
    async with calling(app, chief) as named:
        await named.post(f"{ADMIN}/queues/backtest/resume")
    async with calling(app) as browser:
        await browser.post("/api/session", json={"code": code})
        await browser.post(f"{ADMIN}/queues/backtest/pause", headers={"sec-fetch-site": "same-origin"})

    entries = (await admin.get(f"{ADMIN}/audit")).json()["entries"]
    late = (await admin.get(f"{ADMIN}/audit", params={"since": "2100-01-01T00:00:00Z"})).json()["entries"]
    early = (await admin.get(f"{ADMIN}/audit", params={"until": "2000-01-01T00:00:00Z"})).json()["entries"]

    assert [entry["keyName"] for entry in entries[:2]] == [None, "night shift"]
    assert entries[2]["keyName"].startswith("pgq_")
    assert (late, early) == ([], [])
    assert (await admin.get(f"{ADMIN}/audit?since=noon")).json()["details"][0]["path"] == "since"


async def test_the_audit_log_of_a_time_is_read_no_further_than_that_time(
    admin: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    """An entry a minute, of which two in a row are written in the other order."""
    async with pool.connection() as connection:
        await connection.execute(
            "insert into api.audit (at, user_id, action, target, facts)"
            " select timestamptz '2022-01-01 00:00Z' + make_interval(mins => n + (n = 3000)::int - (n = 3001)::int),"
            " gen_random_uuid(), case when n % 2 = 0 then 'even' else 'odd' end, n::text, '{}'"
            " from generate_series(1, 5000) as written(n) order by written.n; analyze api.audit"
        )
        window = {"since": "2022-01-03T02:00:00Z", "until": "2022-01-03T02:03:00Z"}
        asked: dict[str, Any] = dict.fromkeys(("before", "target", "user_id", "action", "since", "until"))
        read = dict[str, int]()
        late, early = {"since": "2022-01-04T11:00:00Z"}, {"until": "2022-01-01T00:30:00Z"}
        for name, given in {"both": window, "since": late, "until": early}.items():
            statement = f"explain (analyze, format json) {sql('list_audit')}"
            (plan,) = await (await connection.execute(statement, asked | given | {"limit": 50})).fetchone() or ()
            read[name] = sum(_removed(plan[0]["Plan"]))

    async def targets(**query: str) -> list[str]:
        entries = (await admin.get(f"{ADMIN}/audit", params=query)).json()["entries"]
        return [entry["target"] for entry in entries]

    assert await targets(**window) == ["3002", "3001", "3000"]
    assert await targets(**window, action="even") == ["3002", "3000"]
    assert await targets(since="2022-01-03T02:01:00Z", until="2022-01-03T02:02:00Z") == ["3000"]
    assert await targets(since="2022-01-04T11:20:00Z") == ["5000"]
    assert await targets(until="2022-01-01T00:02:00Z") == ["1"]
    assert max(read.values()) <= 200, read


def _removed(plan: dict[str, Any]) -> Iterator[int]:
    yield plan.get("Rows Removed by Filter", 0)
    for part in plan.get("Plans", ()):
        yield from _removed(part)


async def test_the_figures_of_a_dashboard_add_up(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    worker = await still_worker(pool)
    for _ in range(3):
        await submit(client)
    await worker.end(await worker.claim_one())
    await fail(worker, "broken")

    shown = (await admin.get(f"{ADMIN}/stats")).json()

    counts = {(one["status"], one["plan"]): one["jobs"] for one in shown["counts"]}
    assert counts == {("completed", "basic"): 1, ("failed", "basic"): 1, ("waiting", "basic"): 1}
    assert (shown["isExact"], shown["estimatedTotal"], shown["slots"]) == (True, None, 2)
    assert shown["oldestWaitingSeconds"] >= 0
    assert shown["lastHour"]["jobs"] == 2
    assert sum(minute["completed"] for minute in shown["lastHour"]["minutes"]) == 1
    assert shown["lastHour"]["wholeFrom"] is None
    assert shown["lastHour"]["runSeconds"]["p50"] >= 0


async def test_estimates_are_said_to_be_estimates(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgqueue.overview.COUNTED", 2)
    for _ in range(3):
        await submit(client)

    shown = (await admin.get(f"{ADMIN}/stats")).json()

    assert (shown["isExact"], shown["counts"][0]["jobs"]) == (False, 2)
    assert shown["estimatedTotal"] >= 2


async def test_the_doctors_findings_are_told(admin: httpx.AsyncClient) -> None:
    findings = (await admin.get(f"{ADMIN}/doctor")).json()["findings"]

    assert {"schema", "invariants", "workers"} <= {one["check"] for one in findings}
    assert all(one["advice"] for one in findings if one["verdict"] != "ok")


async def test_the_audit_log_pages_and_outlives_what_was_cut_short(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    await submit(client)
    for _ in range(3):
        await admin.post(f"{ADMIN}/queues/backtest/pause")
    async with pool.connection() as connection:
        await connection.execute("update api.audit set outcome = null where id = (select max(id) from api.audit)")

    first = await admin.get(f"{ADMIN}/audit", params={"limit": 2})
    second = await admin.get(first.json()["next"])

    entries = first.json()["entries"] + second.json()["entries"]
    assert [entry["outcome"] for entry in entries] == [None, "done", "done"]
    assert json.dumps(entries).count("queue.pause") == 3


async def test_however_many_ask_for_the_figures_at_once_the_last_hour_is_read_once(
    admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[object]()

    async def counted(connection: Any) -> Any:
        asked.append(connection)
        return await read_hour(connection)

    monkeypatch.setattr("api.admin.dashboard.read_hour", counted)
    monkeypatch.setattr(dashboard, "SHARED_SECONDS", 3600.0)
    answers = await asyncio.gather(*(admin.get(f"{ADMIN}/stats") for _ in range(8)))
    once = len(asked)
    monkeypatch.setattr(dashboard, "SHARED_SECONDS", 0.0)
    await admin.get(f"{ADMIN}/stats")

    assert {answer.status_code for answer in answers} == {200}
    assert (once, len(asked)) == (1, 2)


async def test_a_dashboards_stream_outlives_an_error_nobody_foresaw(
    app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, asked = dashboard.read_all, list[object]()

    async def broken_at_first(*given: Any) -> Any:
        asked.append(given)
        if len(asked) == 1:
            raise ZeroDivisionError
        return await read(*given)

    monkeypatch.setattr(dashboard, "read_all", broken_at_first)
    async with asyncio.timeout(60), aclosing(app.state.dashboard.follow(closing=asyncio.Event())) as events:
        first = await anext(events)

    assert first.startswith(b"event: stats\n")
    assert len(asked) >= 2


async def test_a_dashboard_that_nobody_looks_at_asks_nothing_and_its_reader_ends_with_the_application(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, asked = dashboard.read_all, list[object]()

    async def counted(*given: Any) -> Any:
        asked.append(given)
        return await read(*given)

    monkeypatch.setattr(dashboard, "read_all", counted)
    monkeypatch.setattr(dashboard, "EVERY_SECONDS", 0.01)
    async with asyncio.timeout(60), running_app(database_url) as app:
        board = app.state.dashboard
        await asyncio.sleep(0)
        before = len(asked)
        async with (
            aclosing(board.follow(closing=asyncio.Event())) as one,
            aclosing(board.follow(closing=asyncio.Event())) as other,
        ):
            await anext(one)
            await anext(other)
        (reading,) = [task for task in asyncio.all_tasks() if task.get_name() == "dashboard"]
        # What was asked for as the last one left may still come; after that nothing more does.
        await asyncio.sleep(0.1)
        after = len(asked)
        await asyncio.sleep(0.2)
        still = len(asked)

    assert (before, still) == (0, after)
    assert reading.done()


async def heard(events: Stream, name: str, *, until: Callable[[Any], bool] = lambda _: True) -> Any:
    """Data of the next event of that name for which that holds."""
    async with asyncio.timeout(60):
        while True:
            event = await events.next()
            if event.event == name and until(event.data):
                return event.data


async def test_a_dashboards_stream_tells_what_changed_and_nothing_twice(
    database_url: str, pool: AsyncConnectionPool
) -> None:
    await know_aapl(pool)
    chief = await administrator(pool)
    async with serving(database_url) as (server, app), stream(server.url, f"{ADMIN}/events", chief.headers) as open_one:
        told = [await open_one.next() for _ in range(4)]
        async with httpx.AsyncClient(base_url=server.url, headers=chief.headers) as caller:
            assert (await caller.post(QUEUE, json=body())).status_code == 200
        while not (told[-1].event == "stats" and told[-1].data["counts"]):
            told.append(await open_one.next())
        app.state.hub.close()
        told += await open_one.rest()

    assert {event.event for event in told[:4]} == {"stats", "queues", "workers", "audit"}
    assert {event.event: event.data for event in told[:4]}["stats"]["counts"] == []
    assert told[-1].event == "bye"
    for name in ("stats", "queues", "workers", "audit"):
        data = [event.data for event in told if event.event == name]
        assert all(before != after for before, after in pairwise(data)), name


async def test_a_dashboards_stream_tells_of_queues_and_workers_as_their_routes_do(
    database_url: str, pool: AsyncConnectionPool
) -> None:
    await know_aapl(pool)
    chief = await administrator(pool)
    async with (
        serving(database_url) as (server, _),
        stream(server.url, f"{ADMIN}/events", chief.headers) as open_one,
        httpx.AsyncClient(base_url=server.url, headers=chief.headers) as caller,
    ):
        assert (await caller.post(QUEUE, json=body())).status_code == 200
        worker = await still_worker(pool)
        await worker.claim_one()
        shown = await heard(
            open_one, "workers", until=lambda data: any(worker["running"] for worker in data["workers"])
        )
        asked = (await caller.get(f"{ADMIN}/workers")).json()
        await caller.post(f"{ADMIN}/queues/backtest/pause")
        paused = await heard(open_one, "queues", until=lambda data: data["queues"][0]["paused"])
        queues = (await caller.get(f"{ADMIN}/queues")).json()

    assert shown == asked
    assert paused == queues
    (slot,) = shown["workers"][0]["running"]
    assert (slot["symbol"], slot["strategyName"], slot["queue"]) == ("AAPL", "SMA crossover", "backtest")


async def test_a_stream_tells_that_the_audit_log_has_grown(database_url: str, pool: AsyncConnectionPool) -> None:
    await know_aapl(pool)
    chief = await administrator(pool)
    async with serving(database_url) as (server, _), stream(server.url, f"{ADMIN}/events", chief.headers) as open_one:
        before = await heard(open_one, "audit")
        async with httpx.AsyncClient(base_url=server.url, headers=chief.headers) as caller:
            assert (await caller.post(QUEUE, json=body())).status_code == 200
            await caller.post(f"{ADMIN}/queues/backtest/pause")
            after = await heard(open_one, "audit")
            entries = (await caller.get(f"{ADMIN}/audit")).json()["entries"]

    assert (before["newest"], after["newest"]) == (None, entries[0]["id"])


async def test_a_real_worker_tells_how_much_memory_it_holds(
    admin: httpx.AsyncClient, database_url: str, pool: AsyncConnectionPool
) -> None:
    silent = await still_worker(pool)
    async with running_worker(database_url, lease_seconds=1.0) as worker, asyncio.timeout(60):
        held = None
        while held is None:
            shown = {each["id"]: each for each in (await admin.get(f"{ADMIN}/workers")).json()["workers"]}
            held = shown[str(worker.id)]["memoryBytes"]

    assert 1_000_000 < held < 10_000_000_000
    assert shown[str(silent.id)]["memoryBytes"] is None
