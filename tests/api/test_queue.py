"""POST and GET /api/backtest/queue, as the clients in the field use them."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from api.queries import sql as accounts_sql
from api_scene import BODY, Person, body, calling, know_aapl, person, running_app
from described_answers import BREAKS
from pgqueue import JobState, Outcome, Queue
from pgqueue.queries import sql as queue_sql
from queue_scene import still_worker

pytestmark = pytest.mark.anyio

QUEUE = "/api/backtest/queue"
UNKNOWN = str(UUID(int=1))


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with running_app(database_url) as app:
        yield app


@pytest.fixture
async def me(pool: AsyncConnectionPool) -> Person:
    return await person(pool, "pro")


@pytest.fixture
async def client(app: Starlette, me: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(app, me) as client:
        yield client


async def submit(client: httpx.AsyncClient, **changes: Any) -> str:
    answer = await client.post(QUEUE, json=body(**changes))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["jobId"])


async def test_the_contracts_example_is_queued(client: httpx.AsyncClient, pool: AsyncConnectionPool) -> None:
    await still_worker(pool)

    answer = await client.post(QUEUE, json=BODY)

    said = answer.json()
    assert answer.status_code == 200
    assert said["status"] == "queued"
    assert said["estimatedWaitTime"] == 0
    assert said["position"] == 1
    assert answer.headers["location"] == said["links"]["self"] == f"{QUEUE}/{said['jobId']}"


async def test_the_older_flat_body_means_the_same(client: httpx.AsyncClient) -> None:
    params = {k: v for k, v in BODY["params"].items() if k != "initialCapital"}
    flat = await client.post(QUEUE, json={"strategyId": "test-strategy", **params, "symbol": "aapl"})
    present = await submit(client)

    jobs = [(await client.get(QUEUE, params={"jobId": id_})).json() for id_ in (flat.json()["jobId"], present)]

    same = ("symbol", "startDate", "endDate", "initialCapital", "strategyId", "priority", "timeframe")
    assert [jobs[0][name] for name in same] == [jobs[1][name] for name in same]


async def test_a_flat_body_without_symbol_runs_on_the_strategys_own(client: httpx.AsyncClient) -> None:
    params = {"startDate": "2020-01-01", "endDate": "2021-01-01"}

    answer = await client.post(QUEUE, json={"strategyId": "sma-cross", **params})

    job = (await client.get(QUEUE, params={"jobId": answer.json()["jobId"]})).json()
    assert job["symbol"] == "AAPL"


async def test_the_job_carries_a_snapshot_of_its_strategy(client: httpx.AsyncClient, app: Starlette) -> None:
    job_id = await submit(client, strategyParams={"fast": 20})

    queue: Queue = app.state.queue
    (job,) = await queue.list()
    assert str(job.id) == job_id
    assert job.args["strategy"]["entryLong"] == "crosses_above(f, s)"
    assert job.args["strategyParams"] == {"fast": 20}


async def test_what_was_asked_is_told_and_can_be_sent_again(client: httpx.AsyncClient) -> None:
    job_id = await submit(client, strategyId="sma-cross", strategyParams={"fast": 7}, costs={"commission": 0.001})

    first = (await client.get(f"{QUEUE}/{job_id}")).json()
    again = (await client.post(QUEUE, json=first["request"])).json()
    second = (await client.get(again["links"]["self"])).json()

    assert first["parameters"]["fast"] == 7
    assert first["parameters"].keys() > {"fast"}
    assert "strategy" not in first["request"]
    assert first["request"]["params"]["costs"]["commission"] == 0.001
    assert (second["request"], second["parameters"]) == (first["request"], first["parameters"])


async def test_the_accounts_plan_decides_the_tier_and_the_body_never(app: Starlette, pool: AsyncConnectionPool) -> None:
    for plan, tier in (("free", 0), ("basic", 1), ("pro", 2)):
        someone = await person(pool, plan)
        async with calling(app, someone) as client:
            answer = await client.post(QUEUE, json=BODY | {"plan": "pro", "tier": 2})
        (job,) = await app.state.queue.list(user_id=someone.user_id)
        assert (job.tier, str(job.id)) == (tier, answer.json()["jobId"])


WRONG: list[tuple[dict[str, Any], str]] = [
    (body(startDate="2025-12-22", endDate="2020-01-01"), "params.startDate"),
    (body(startDate="yesterday"), "params.startDate"),
    (body(endDate="2020-02-30"), "params.endDate"),
    (body(symbol="NO SUCH"), "params.symbol"),
    (body(symbol="ZZZZ"), "params.symbol"),
    (body(initialCapital=99), "params.initialCapital"),
    (body(initialCapital="10000"), "params.initialCapital"),
    (body(timeframe="2d"), "params.timeframe"),
    (body(strategyParams={"fats": 3}), "params.strategyParams.fats"),
    (body(strategyParams={"fast": 1}), "params.strategyParams.fast"),
    (BODY | {"priority": 11}, "priority"),
    (BODY | {"priority": 5.0}, "priority"),
    (BODY | {"priority": True}, "priority"),
    (BODY | {"priority": "5"}, "priority"),
    ({"params": BODY["params"]}, "strategyId"),
    ({"strategyId": "sma-cross", "startDate": "x", "endDate": "2020-01-02"}, "startDate"),
]


@pytest.mark.parametrize(("wrong", "path"), WRONG)
async def test_bad_input_is_400_names_its_place_and_changes_nothing(
    client: httpx.AsyncClient, app: Starlette, wrong: dict[str, Any], path: str
) -> None:
    answer = await client.post(QUEUE, json=wrong)

    said = answer.json()
    assert answer.status_code == 400
    assert said["error"] == "Invalid input"
    assert [detail["path"] for detail in said["details"]] == [path]
    assert all(detail["message"] for detail in said["details"])
    assert (said["status"], said["code"]) == (400, "invalid_input")
    assert await app.state.queue.list() == []


async def test_every_wrong_member_is_named_at_once(client: httpx.AsyncClient) -> None:
    answer = await client.post(QUEUE, json=body(startDate="x", initialCapital=1) | {"priority": 0})

    paths = {detail["path"] for detail in answer.json()["details"]}
    assert paths == {"params.startDate", "params.initialCapital", "priority"}


@pytest.mark.parametrize("strategy", ["nope", UNKNOWN, "../etc/passwd"])
async def test_an_unknown_strategy_is_not_found(client: httpx.AsyncClient, strategy: str) -> None:
    answer = await client.post(QUEUE, json=BODY | {"strategyId": strategy})

    assert (answer.status_code, answer.json()["error"]) == (404, "Not found")


async def test_another_users_strategy_is_not_found(
    client: httpx.AsyncClient, pool: AsyncConnectionPool, me: Person
) -> None:
    other = await person(pool)
    ids = []
    async with pool.connection() as connection:
        for owner in (other, me):
            cursor = await connection.execute(
                "insert into api.strategies (user_id, name, definition) values (%s, 'mine', %s) returning id",
                (owner.user_id, json.dumps({"version": 1, "name": "Mine", "params": {}, "let": {},
                 "entryLong": "close > 0", "exitLong": None, "entryShort": None, "exitShort": None,
                 "stops": None, "sizing": {"mode": "percent", "value": 1.0}})),
            )  # fmt: skip
            row = await cursor.fetchone()
            assert row is not None
            ids.append(str(row[0]))

    foreign = await client.post(QUEUE, json=BODY | {"strategyId": ids[0]})
    own = await client.post(QUEUE, json=BODY | {"strategyId": ids[1]})

    assert (foreign.status_code, own.status_code) == (404, 200)


BAD_BODIES = [
    (b"", "application/json", 400),
    (b"[]", "application/json", 400),
    (b"{", "application/json", 400),
    (b'{"a": NaN}', "application/json", 400),
    (b'{"a": 1, "a": 2}', "application/json", 400),
    (b'{"a": "\xff"}', "application/json", 400),
    (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "application/json", 400),
    (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", "application/json", 400),
    (b"{}", "text/plain", 415),
    (b"{}", "", 415),
    (b'{"a": "' + b"x" * 262_144 + b'"}', "application/json", 413),
]


@pytest.mark.parametrize(("content", "media_type", "status"), BAD_BODIES)
async def test_bodies_that_are_no_request_get_the_right_status_in_the_one_shape(
    client: httpx.AsyncClient, content: bytes, media_type: str, status: int
) -> None:
    answer = await client.post(QUEUE, content=content, headers={"Content-Type": media_type})

    said = answer.json()
    assert answer.status_code == status
    assert {"error", "type", "title", "status", "detail", "instance", "code"} <= said.keys()
    assert said["status"] == status


async def test_problem_json_is_given_to_those_who_ask(client: httpx.AsyncClient) -> None:
    plain = await client.post(QUEUE, json={})
    asked = await client.post(QUEUE, json={}, headers={"Accept": "application/problem+json"})

    assert plain.headers["content-type"] == "application/json"
    assert asked.headers["content-type"] == "application/problem+json"
    assert plain.json() == asked.json()


async def test_unknown_paths_and_methods_have_the_same_shape(client: httpx.AsyncClient) -> None:
    lost, wrong = await client.get("/api/nothing"), await client.put(QUEUE)

    assert (lost.status_code, lost.json()["error"]) == (404, "Not found")
    assert (wrong.status_code, wrong.json()["error"]) == (405, "Method not allowed")
    assert wrong.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer nonsense", "Bearer " + "x" * 10_000]
)
async def test_without_a_good_key_it_is_401_everywhere(app: Starlette, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    some = uuid4()
    calls = [
        ("POST", QUEUE), ("GET", QUEUE), ("GET", f"{QUEUE}?jobId={some}"), ("GET", f"{QUEUE}/{some}"),
        ("DELETE", f"{QUEUE}/{some}"), ("POST", f"{QUEUE}/{some}/requeue"), ("GET", f"{QUEUE}/{some}/result"),
        ("GET", f"{QUEUE}/{some}/events"), ("GET", "/api/backtest/events"), ("GET", "/api/backtest/jobs"),
        ("GET", "/api/symbols"), ("GET", "/api/strategies"), ("GET", "/api/session"),
    ]  # fmt: skip
    async with calling(app) as client:
        for method, path in calls:
            answer = await client.request(method, path, headers=headers)

            assert (answer.status_code, answer.json()["error"]) == (401, "Unauthorized"), (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_revoked_and_expired_keys_open_nothing(app: Starlette, pool: AsyncConnectionPool) -> None:
    for change in ("revoked_at = now()", "expires_at = now() - interval '1 s'"):
        someone = await person(pool)
        async with pool.connection() as connection:
            await connection.execute(f"update api.api_keys set {change} where user_id = %s", (someone.user_id,))
        async with calling(app, someone) as client:
            assert (await client.get(QUEUE)).status_code == 401


async def test_no_secret_is_stored(me: Person, pool: AsyncConnectionPool) -> None:
    async with pool.connection() as connection:
        row = await (await connection.execute("select api_keys::text from api.api_keys")).fetchone()

    assert row is not None
    assert me.key not in row[0]
    assert me.key[12:] not in row[0]


async def test_another_users_job_is_not_found_whatever_is_tried(
    client: httpx.AsyncClient, app: Starlette, pool: AsyncConnectionPool
) -> None:
    job_id = await submit(client)
    async with calling(app, await person(pool)) as stranger:
        own = f"{QUEUE}/{job_id}"
        answers = [
            await stranger.get(QUEUE, params={"jobId": job_id}),
            await stranger.get(own),
            await stranger.get(f"{own}/result"),
            await stranger.get(f"{own}/events"),
            await stranger.get("/api/backtest/events", params={"jobs": job_id}),
            await stranger.delete(own),
            await stranger.post(f"{own}/requeue"),
        ]
        listed = (await stranger.get("/api/backtest/jobs")).json()

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert {answer.json()["error"] for answer in answers} == {"Not found"}
    assert listed["jobs"] == []
    assert (await client.get(own)).json()["status"] == "waiting"


@pytest.mark.parametrize("job_id", ["nonsense", "1", UNKNOWN, "%00", "a" * 500])
async def test_what_is_no_job_is_not_found(client: httpx.AsyncClient, job_id: str) -> None:
    assert (await client.get(f"{QUEUE}/{job_id}")).status_code == 404


async def test_a_jobs_answer_has_the_contracts_members_and_types(client: httpx.AsyncClient, me: Person) -> None:
    job_id = await submit(client)

    answer = await client.get(QUEUE, params={"jobId": job_id})

    job = answer.json()
    assert (job["jobId"], job["userId"], job["status"], job["progress"]) == (job_id, str(me.user_id), "waiting", 0)
    assert (job["attempt"], job["currentStep"], job["stepCode"]) == (0, "Waiting in queue", None)
    assert (job["estimatedWaitTime"], job["reason"], job["position"]) == (None, "no_workers", 1)
    assert isinstance(job["seq"], int)
    assert job["createdAt"].endswith("Z")
    assert answer.headers["retry-after"] == "2"


async def test_steps_are_worded_in_the_callers_language(client: httpx.AsyncClient) -> None:
    job_id = await submit(client)

    answer = await client.get(f"{QUEUE}/{job_id}", headers={"Accept-Language": "fr, ko-KR;q=0.9, en;q=0.1"})

    assert answer.json()["currentStep"] == "대기 중"
    assert answer.headers["content-language"] == "ko"


async def test_polling_costs_a_304_until_something_changes(
    client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    job_id = await submit(client)
    first = await client.get(f"{QUEUE}/{job_id}")
    known = {"If-None-Match": first.headers["etag"]}

    assert (await client.get(f"{QUEUE}/{job_id}", headers=known)).status_code == 304

    await (await still_worker(pool)).claim_one()
    changed = await client.get(f"{QUEUE}/{job_id}", headers=known)
    assert (changed.status_code, changed.json()["status"]) == (200, "processing")


async def test_a_completed_job_has_metrics_and_no_retry_after(
    client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    job_id = await submit(client)
    worker = await still_worker(pool)
    headline = dict.fromkeys(("sharpeRatio", "cagr", "maxDrawdown", "winRate", "totalTrades", "profitFactor"))
    await worker.end(await worker.claim_one(), summary=json.dumps({"metrics": headline}))

    answer = await client.get(f"{QUEUE}/{job_id}")

    assert (answer.json()["status"], answer.json()["progress"]) == ("completed", 100)
    assert answer.json()["metrics"] == headline
    assert "retry-after" not in answer.headers


async def test_a_failed_job_says_what_happened_without_the_traceback(
    client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    job_id = await submit(client)
    worker = await still_worker(pool)
    figures = {"symbol": "LEHMQ", "limit": 3}
    error = {"type": "X", "message": "It broke. Mend it.", "figures": figures, "traceback": "/secret/path"}
    await worker.end(await worker.claim_one(), Outcome.FAILED, error=error, permanent=True)

    answer = await client.get(f"{QUEUE}/{job_id}")

    assert (answer.json()["status"], answer.json()["error"]) == ("failed", "It broke. Mend it.")
    assert (answer.json()["errorType"], answer.json()["errorFigures"]) == ("X", figures)
    assert "secret" not in answer.text


async def test_the_totals_are_the_same_for_everyone(
    client: httpx.AsyncClient, app: Starlette, pool: AsyncConnectionPool
) -> None:
    await submit(client)
    await submit(client)
    worker = await still_worker(pool)
    await worker.claim_one()

    async with calling(app, await person(pool)) as other:
        said = (await other.get(QUEUE)).json()

    assert said == (await client.get(QUEUE)).json()
    assert (said["waiting"], said["active"], said["paused"], said["workers"], said["slots"]) == (1, 1, False, 1, 2)
    assert isinstance(said["estimatedWaitTime"], int)


async def test_the_same_idempotency_key_gives_the_first_answer_again(client: httpx.AsyncClient, app: Starlette) -> None:
    key = {"Idempotency-Key": "a-b-c"}
    first = await client.post(QUEUE, json=BODY, headers=key)
    again = await client.post(QUEUE, json=BODY, headers=key)
    other = await client.post(QUEUE, json=body(symbol="AAPL", initialCapital=500), headers=key)

    assert again.json()["jobId"] == first.json()["jobId"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")
    assert len(await app.state.queue.list()) == 1


async def test_many_at_once_with_one_key_make_one_job(client: httpx.AsyncClient, app: Starlette) -> None:
    key = {"Idempotency-Key": "together"}

    answers = await asyncio.gather(*(client.post(QUEUE, json=BODY, headers=key) for _ in range(10)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["jobId"] for answer in answers}) == 1
    assert len(await app.state.queue.list()) == 1


async def test_cancel_is_200_and_200_again_and_409_once_it_is_over(
    client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    waiting = await submit(client)
    assert (await client.delete(f"{QUEUE}/{waiting}")).json()["status"] == "cancelled"
    assert (await client.delete(f"{QUEUE}/{waiting}")).status_code == 200

    running = await submit(client)
    worker = await still_worker(pool)
    job = await worker.claim_one()
    asked = await client.delete(f"{QUEUE}/{running}")
    assert (asked.status_code, asked.json()["status"], asked.json()["cancelRequested"]) == (200, "processing", True)
    assert (await client.delete(f"{QUEUE}/{running}")).status_code == 200
    assert await worker.end(job) is JobState.CANCELLED

    over = await submit(client)
    await worker.end(await worker.claim_one())
    refused = await client.delete(f"{QUEUE}/{over}")
    assert (refused.status_code, refused.json()["error"]) == (409, "Conflict")


async def test_requeue_makes_a_new_job_linked_to_the_old(client: httpx.AsyncClient, pool: AsyncConnectionPool) -> None:
    old = await submit(client)
    assert (await client.post(f"{QUEUE}/{old}/requeue")).status_code == 409
    await client.delete(f"{QUEUE}/{old}")

    answer = await client.post(f"{QUEUE}/{old}/requeue")

    new = (await client.get(f"{QUEUE}/{answer.json()['jobId']}")).json()
    assert (answer.status_code, new["requeuedFrom"], new["status"]) == (200, old, "waiting")


async def test_a_requeue_asked_for_again_with_its_key_makes_one_job(client: httpx.AsyncClient) -> None:
    old, other = await submit(client), await submit(client)
    for job_id in (old, other):
        await client.delete(f"{QUEUE}/{job_id}")
    key = {"Idempotency-Key": "once-more"}

    first, again = [await client.post(f"{QUEUE}/{old}/requeue", headers=key) for _ in range(2)]
    of_another = await client.post(f"{QUEUE}/{other}/requeue", headers=key)
    too_long = await client.post(f"{QUEUE}/{old}/requeue", headers={"Idempotency-Key": "k" * 256})
    anew = await client.post(f"{QUEUE}/{old}/requeue")

    assert again.json()["jobId"] == first.json()["jobId"] != anew.json()["jobId"]
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    assert [answer.status_code for answer in (first, again, of_another, too_long, anew)] == [200, 200, 422, 400, 200]
    jobs = (await client.get("/api/backtest/jobs")).json()["jobs"]
    assert len([job for job in jobs if job["requeuedFrom"] == old]) == 2


async def test_the_list_pages_by_cursor_and_filters(client: httpx.AsyncClient) -> None:
    ids = [await submit(client) for _ in range(5)]
    await client.delete(f"{QUEUE}/{ids[0]}")

    first = await client.get("/api/backtest/jobs", params={"limit": 3})
    second = await client.get(first.json()["next"])
    cancelled = await client.get("/api/backtest/jobs", params={"status": "cancelled", "symbol": "AAPL"})

    listed = [job["jobId"] for job in first.json()["jobs"] + second.json()["jobs"]]
    assert sorted(listed) == sorted(ids)
    assert listed == sorted(listed, reverse=True)
    assert 'rel="next"' in first.headers["link"]
    assert second.json()["next"] is None
    assert [job["jobId"] for job in cancelled.json()["jobs"]] == [ids[0]]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=x", "status=lost"])
async def test_bad_list_parameters_are_400(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/backtest/jobs?{query}")

    assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, query.split("=", maxsplit=1)[0])


async def test_symbols_and_strategies_are_listed(client: httpx.AsyncClient) -> None:
    symbols = (await client.get("/api/symbols")).json()["symbols"]
    strategies = (await client.get("/api/strategies")).json()["strategies"]

    assert [(s["symbol"], s["closeOnly"], s["bars"]) for s in symbols] == [("AAPL", True, 8313)]
    assert {s["name"] for s in strategies} >= {"sma-cross", "buy-and-hold"}


async def test_probes_answer_without_a_key(app: Starlette) -> None:
    async with calling(app) as client:
        assert (await client.get("/livez")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json() == {"status": "ok", "mode": "listen"}


async def test_every_answer_has_the_headers_that_bind_a_browser(client: httpx.AsyncClient) -> None:
    answer = await client.get(QUEUE)

    assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_what_goes_wrong_inside_is_told_to_nobody(client: httpx.AsyncClient, app: Starlette) -> None:
    """A queue that is gone stands for any fault of ours."""
    app.state.queue = None

    answer = await client.get(QUEUE, extensions={BREAKS: True})

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "Traceback" not in answer.text
    assert "NoneType" not in answer.text


async def test_a_timeframe_that_can_be_made_of_finer_bars_is_known(client: httpx.AsyncClient) -> None:
    assert (await client.post(QUEUE, json=body(timeframe="1w"))).status_code == 200
    refused = await client.post(QUEUE, json=body(timeframe="1h"))
    assert refused.status_code == 400
    assert "AAPL has no 1h prices here" in refused.json()["details"][0]["message"]


async def test_what_every_request_asks_is_planned_once_a_connection(app: Starlette, client: httpx.AsyncClient) -> None:
    asked = [accounts_sql("find_key"), *map(queue_sql, ("act_for", "enqueue", "quota", "place", "read_jobs"))]
    anew = [each.split("\n")[0] for each in asked]
    # Postgres keeps a plan from the sixth time on, and the pool deals requests out among its connections.
    for _ in range(6 * app.state.pool.max_size):
        job = await submit(client)
        assert (await client.get(f"{QUEUE}/{job}")).status_code == 200
        kept = await kept_plans(app.state.pool)
        anew = [text for text in anew if not kept[text]]
        if not anew:
            break

    assert anew == []


async def kept_plans(pool: AsyncConnectionPool) -> Counter[str]:
    """How often the plan that is kept was taken, by the first line of its statement, on whichever connections."""
    plans: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        for _ in range(pool.get_stats()["pool_size"]):
            connection = await stack.enter_async_context(pool.connection())
            rows = await connection.execute("select statement, generic_plans from pg_prepared_statements")
            plans.update({statement.split("\n")[0]: uses async for statement, uses in rows})
    return plans
