"""/api/strategies: kept, changed and deleted by their owner, seen by nobody else, checked as one types."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from api import stored_strategies
from api_scene import BODY, SMA, Person, body, calling, know_aapl, person, running_app
from engine import jobs, sample, store
from engine.words import RESERVED

pytestmark = pytest.mark.anyio

PATH = "/api/strategies"
QUEUE = "/api/backtest/queue"
UNKNOWN = str(UUID(int=1))


def definition(**members: Any) -> dict[str, Any]:
    params = {"n": {"type": "int", "default": 20, "min": 2, "max": 200}}
    return {"version": 1, "name": "Mine", "params": params, "entryLong": "close > sma(close, n)"} | members


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


@pytest.fixture
async def other(app: Starlette, pool: AsyncConnectionPool) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(app, await person(pool)) as client:
        yield client


async def keep(client: httpx.AsyncClient, **members: Any) -> dict[str, Any]:
    answer = await client.post(PATH, json={"definition": definition(**members)})
    assert answer.status_code == 201, answer.text
    kept: dict[str, Any] = answer.json()
    return kept


async def names(client: httpx.AsyncClient) -> list[str]:
    listed = (await client.get(PATH)).json()["strategies"]
    return [one["name"] for one in listed if not one["builtIn"]]


async def test_a_stored_strategy_is_read_back_as_it_was_written(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, json={"definition": definition()})

    kept = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{PATH}/{kept['id']}"
    read = await client.get(answer.headers["location"])
    assert read.json() == kept
    assert read.headers["etag"] == answer.headers["etag"] == '"1"'
    assert kept["definition"] == definition()
    assert (kept["name"], kept["revision"], kept["builtIn"]) == ("Mine", 1, False)
    assert kept["params"] == definition()["params"]


async def test_what_the_browser_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    path = f"{PATH}/{(await keep(client))['id']}"

    had, had_not = [await client.get(path, headers={"If-None-Match": tag}) for tag in ('W/"1"', '"2"')]

    assert (had.status_code, had.content, had.headers["etag"]) == (304, b"", '"1"')
    assert had_not.status_code == 200


async def test_a_name_beside_the_definition_is_the_one_it_goes_by(client: httpx.AsyncClient) -> None:
    kept = (await client.post(PATH, json={"name": " Yours ", "definition": definition()})).json()

    assert (kept["name"], kept["definition"]["name"]) == ("Yours", "Yours")


async def test_the_list_has_the_built_ins_and_then_ones_own_by_name(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    await keep(other, name="Theirs")
    for name in ("b", "a", "Ü 指標"):
        await keep(client, name=name)

    listed = (await client.get(PATH)).json()
    assert listed["next"] is None
    built_in = [one["builtIn"] for one in listed["strategies"]]
    assert built_in == sorted(built_in, reverse=True)
    assert built_in.count(True) >= 2
    assert sorted(await names(client)) == sorted(["b", "a", "Ü 指標"])
    assert await names(other) == ["Theirs"]


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_pages_hold_each_strategy_once(client: httpx.AsyncClient, limit: int) -> None:
    for name in "edcba":
        await keep(client, name=name)
    whole = [one["id"] for one in (await client.get(PATH)).json()["strategies"]]

    paged, following = [], f"{PATH}?limit={limit}"
    while following:
        answer = await client.get(following)
        page = answer.json()
        assert 1 <= len(page["strategies"]) <= limit
        paged += [one["id"] for one in page["strategies"]]
        following = page["next"]
        assert answer.headers.get("link") == (f'<{following}>; rel="next"' if following else None)

    assert paged == whole


@pytest.mark.parametrize("query", ["limit=0", "limit=251", "limit=x", "cursor=", "cursor=x", "cursor=MQA", "cursor=ü"])
async def test_bad_list_parameters_are_400(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"{PATH}?{query}")

    assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, query.split("=", maxsplit=1)[0])


async def test_a_built_in_is_shown_by_id_and_name_and_stays_as_it_is(client: httpx.AsyncClient) -> None:
    by_id, by_name = await client.get(f"{PATH}/{SMA}"), await client.get(f"{PATH}/sma-cross")

    assert by_id.json() == by_name.json()
    assert by_id.json()["definition"]["entryLong"] == "crosses_above(f, s)"
    for change in (client.put(f"{PATH}/{SMA}", json={"definition": definition()}), client.delete(f"{PATH}/sma-cross")):
        answer = await change
        assert (answer.status_code, answer.json()["code"]) == (403, "built_in")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_what_is_unknown_or_anothers_is_not_found(
    client: httpx.AsyncClient, other: httpx.AsyncClient, method: str
) -> None:
    theirs = (await keep(other))["id"]
    content: Any = {"definition": definition(name="Stolen")} if method == "PUT" else None

    answers = [await client.request(method, f"{PATH}/{id_}", json=content) for id_ in (theirs, UNKNOWN, "nope", "%00")]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert {answer.json()["detail"] for answer in answers[:2]} == {"There is no such strategy."}
    assert (await other.get(f"{PATH}/{theirs}")).json()["name"] == "Mine"


async def test_a_change_makes_the_next_revision(client: httpx.AsyncClient) -> None:
    kept = await keep(client)

    other = definition(name="Other", params={}, let={"n": "2"}, entryLong="close > n")

    answer = await client.put(f"{PATH}/{kept['id']}", json={"definition": other})

    changed = answer.json()
    assert (answer.status_code, answer.headers["etag"], changed["revision"]) == (200, '"2"', 2)
    assert (changed["id"], changed["name"], changed["params"]) == (kept["id"], "Other", {})
    assert changed["createdAt"] == kept["createdAt"]
    assert changed["updatedAt"] >= kept["updatedAt"]
    assert await names(client) == ["Other"]


async def test_two_tabs_do_not_overwrite_each_other(client: httpx.AsyncClient) -> None:
    kept = await keep(client)
    path = f"{PATH}/{kept['id']}"

    answers = await asyncio.gather(
        *(
            client.put(path, json={"definition": definition(entryLong=f"close > {n}")}, headers={"If-Match": '"1"'})
            for n in range(4)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    (won,) = (answer for answer in answers if answer.status_code == 200)
    lost = next(answer for answer in answers if answer.status_code == 412)
    assert (await client.get(path)).json() == won.json()
    assert (lost.headers["etag"], lost.json()["code"]) == ('"2"', "stale_revision")
    assert "revision 2" in lost.json()["detail"]


@pytest.mark.parametrize(
    ("if_match", "status"),
    [("*", 204), ('"1"', 204), ('W/"1"', 204), ('"7", "1"', 204), ('"2"', 412), ("x", 412), ('"99999999999"', 412)],
)
async def test_deleting_may_ask_for_a_revision_too(client: httpx.AsyncClient, if_match: str, status: int) -> None:
    kept = await keep(client)

    answer = await client.delete(f"{PATH}/{kept['id']}", headers={"If-Match": if_match})

    assert answer.status_code == status
    assert await names(client) == ([] if status == 204 else ["Mine"])


async def test_a_deleted_strategy_is_gone_and_its_name_is_free(client: httpx.AsyncClient) -> None:
    kept = await keep(client)

    assert (await client.delete(f"{PATH}/{kept['id']}")).status_code == 204
    assert (await client.delete(f"{PATH}/{kept['id']}")).status_code == 404
    await keep(client)


async def test_two_writers_of_one_name_end_with_one_strategy(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    answers = await asyncio.gather(*(client.post(PATH, json={"definition": definition()}) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert (refused["code"], "named 'Mine'" in refused["detail"]) == ("name_taken", True)
    assert await names(client) == ["Mine"]
    await keep(other)


async def test_a_name_cannot_be_taken_by_a_change_either(client: httpx.AsyncClient) -> None:
    await keep(client, name="First")
    second = await keep(client, name="Second")

    answer = await client.put(f"{PATH}/{second['id']}", json={"definition": definition(name="First")})

    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
    assert (await client.get(f"{PATH}/{second['id']}")).json() == second


async def test_strategies_are_bounded_whoever_comes_first(
    client: httpx.AsyncClient, other: httpx.AsyncClient, pool: AsyncConnectionPool, me: Person
) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            "insert into api.strategies (user_id, name, definition)"
            " select %s, 'n' || i, %s from generate_series(1, %s) i",
            (me.user_id, Jsonb(definition()), stored_strategies.MAX_STRATEGIES - 1),
        )

    answers = await asyncio.gather(*(client.post(PATH, json={"definition": definition(name=name)}) for name in "abcd"))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert (refused["code"], "Delete one" in refused["detail"]) == ("too_many_strategies", True)
    assert len(await names(client)) == stored_strategies.MAX_STRATEGIES
    await keep(other)


async def test_check_says_what_a_definition_comes_to(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{PATH}/check", json={"definition": definition(), "strategyParams": {"n": 50}})

    assert answer.status_code == 200
    said = answer.json()
    assert (said["valid"], said["errors"], said["name"], said["lookBack"]) == (True, [], "Mine", 49)
    assert said["parameters"] == [{"name": "n", "type": "int", "default": 20, "min": 2, "max": 200}]
    assert await names(client) == []


@pytest.mark.parametrize(
    ("members", "error"),
    [
        (
            {"entryLong": "close > smaa(close, n)"},
            {"path": "entryLong", "column": 9, "endColumn": 13, "near": "sma", "code": "unknown_function"},
        ),
        (
            {"let": {"a": "clse"}},
            {"path": "let.a", "column": 1, "endColumn": 5, "near": "close", "code": "unknown_name"},
        ),
        (
            {"params": {"n": {"type": "int", "default": 1, "min": 2, "max": 3}}},
            {"path": "params.n", "code": "bad_order"},
        ),
        ({"entryLog": "close > 1"}, {"path": "entryLog", "near": "entryLong"}),
        ({"name": "x" * 101}, {"path": "name", "code": "bad_length"}),
        ({"name": "a\nb"}, {"path": "name"}),
        ({"name": "a\x1b[2Jb"}, {"path": "name"}),
    ],
)
async def test_check_names_the_place_of_an_error_and_storing_refuses_it(
    client: httpx.AsyncClient, members: dict[str, Any], error: dict[str, Any]
) -> None:
    checked = await client.post(f"{PATH}/check", json={"definition": definition(**members)})
    refused = await client.post(PATH, json={"definition": definition(**members)})

    assert (checked.status_code, checked.json()["valid"]) == (200, False)
    (said,) = checked.json()["errors"]
    assert said.pop("message")
    assert ("figures" in said) == ("code" in said)
    said.pop("figures", None)
    assert said == error
    assert refused.status_code == 400
    (detail,) = refused.json()["details"]
    assert detail["path"] == f"definition.{error['path']}"
    assert detail.get("column") == error.get("column")
    assert await names(client) == []


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({}, "definition"),
        ({"definition": None}, "definition"),
        ({"definition": []}, "definition"),
        ({"definition": {"entryLong": "close > 1"}}, "definition.name"),
        ({"name": 7, "definition": definition()}, "name"),
        ({"name": "", "definition": definition()}, "name"),
        ({"name": "a\x00b", "definition": definition()}, "definition"),
    ],
)
async def test_what_is_no_strategy_is_refused_at_its_place(
    client: httpx.AsyncClient, content: dict[str, Any], path: str
) -> None:
    answer = await client.post(PATH, json=content)

    assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, path)


def wide(count: int) -> str:
    return "{" + ",".join(f'"a{i}":1' for i in range(count)) + "}"


LONG = "+".join(["close"] * 330)
HOSTILE = {
    "deep": '{"definition": {"params": ' + '{"a":' * 20_000 + "1" + "}" * 20_000 + "}}",
    "somewhat deep": '{"definition": {"params": ' + '{"a":' * 40 + "1" + "}" * 40 + "}}",
    "wide": '{"definition": ' + wide(100_000) + "}",
    "rather wide": '{"definition": {"name": "x", "params": ' + wide(5_000) + "}}",
    "a member twice among many": '{"definition": {"params": ' + wide(20_000)[:-1] + ', "a19999": 2}}}',
    "many names": json.dumps({"definition": definition(let={f"a{i}": "close" for i in range(3_000)})}),
    "long rules": json.dumps({"definition": definition(let={f"a{i}": LONG for i in range(30)})}),
    "too many bytes": json.dumps({"definition": definition(let={"a": "(" * 70_000})}),
    "a long name": json.dumps({"definition": {"x" * 60_000: 1}}),
    "a huge whole number": '{"definition": {"name": "x", "params": {"n": {"default": 1' + "0" * 4_000 + "}}}}",
    "a number of too many digits": '{"definition": {"version": 1' + "0" * 5_000 + "}}",
    "infinity": '{"definition": {"version": 1e999}}',
    "hidden infinity": '{"definition": {"name": "x", "params": {"n": {"type": "int", "x": [1e999]}}}}',
    "no number": '{"definition": {"version": NaN}}',
    "half a pair": '{"definition": {"name": "\\ud800"}}',
    "a hidden NUL": '{"definition": {"name": "x", "params": {"n": {"type": "i\\u0000t"}}}}',
    "brackets": json.dumps({"definition": definition(entryLong="(" * 1_999)}),
    "signs": json.dumps({"definition": definition(entryLong="-" * 1_999 + "1")}),
    "nots": json.dumps({"definition": definition(entryLong="not " * 499 + "1")}),
    "code": json.dumps({"definition": definition(entryLong="__import__('os').system('true')")}),
    "a circle": json.dumps({"definition": definition(let={f"a{i}": f"a{(i + 1) % 64}" for i in range(64)})}),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_hostile_definitions_are_refused_at_once(client: httpx.AsyncClient, what: str) -> None:
    headers = {"Content-Type": "application/json"}
    began = time.perf_counter()

    kept = await client.post(PATH, content=HOSTILE[what], headers=headers)
    checked = await client.post(f"{PATH}/check", content=HOSTILE[what], headers=headers)

    assert time.perf_counter() - began < 2
    assert kept.status_code in (400, 413), kept.text
    assert checked.status_code in (400, 413) or checked.json()["valid"] is False
    assert len(kept.text) + len(checked.text) < 6_000, "an error repeats little of what it refuses"
    assert await names(client) == []


CALLS = [
    ("POST", PATH),
    ("POST", f"{PATH}/check"),
    ("GET", f"{PATH}/{UNKNOWN}"),
    ("PUT", f"{PATH}/{UNKNOWN}"),
    ("DELETE", f"{PATH}/{UNKNOWN}"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_nobody_is_told_anything_without_a_key(app: Starlette, method: str, path: str) -> None:
    async with calling(app) as client:
        answer = await client.request(method, path, json={"definition": definition()})

    assert (answer.status_code, answer.json()["error"]) == (401, "Unauthorized")


async def test_a_page_of_another_site_cannot_store_or_delete(app: Starlette, client: httpx.AsyncClient) -> None:
    kept = await keep(client)
    begun = await client.post("/api/session")
    assert begun.status_code == 200, begun.text
    foreign = {"Sec-Fetch-Site": "cross-site"}
    async with calling(app) as page:
        page.cookies = begun.cookies
        refused = [
            await page.post(PATH, json={"definition": definition(name="Planted")}, headers=foreign),
            await page.put(f"{PATH}/{kept['id']}", json={"definition": definition(name="Planted")}, headers=foreign),
            await page.delete(f"{PATH}/{kept['id']}", headers=foreign),
        ]

    assert [answer.status_code for answer in refused] == [403] * 3
    assert await names(client) == ["Mine"]


async def test_a_run_of_ones_own_carries_its_snapshot_beyond_its_end(client: httpx.AsyncClient, app: Starlette) -> None:
    kept = await keep(client)
    asked = body(strategyParams={"n": 30}) | {"strategyId": kept["id"]}

    queued = await client.post(QUEUE, json=asked)
    await client.delete(f"{PATH}/{kept['id']}")

    assert queued.status_code == 200, queued.text
    (job,) = await app.state.queue.list()
    assert job.args["strategy"] == definition()
    assert job.args["strategyId"] == kept["id"]
    _, strategy = jobs.read_args(job.args)
    assert (strategy.name, strategy.parameters) == ("Mine", {"n": 30})
    shown = (await client.get(f"{QUEUE}/{queued.json()['jobId']}")).json()
    assert (shown["strategyName"], shown["strategyId"]) == ("Mine", kept["id"])
    assert (await client.post(QUEUE, json=asked)).status_code == 404


class Silent:
    """A context that nobody listens to."""

    def progress(self, percent: int, step: str, remaining_seconds: float | None = None) -> None:
        pass

    def cancelled(self) -> bool:
        return False


async def test_ones_own_strategy_runs_to_a_result(
    client: httpx.AsyncClient, app: Starlette, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundled = sample.find("KO", "1d")
    with psycopg.connect(database_url, autocommit=True) as connection:
        store.import_bars(connection, bundled.listing, bundled.read().bars)
    kept = await keep(client, exitLong="close < sma(close, n)")
    asked = body(symbol="KO", strategyParams={"n": 100}) | {"strategyId": kept["id"]}

    queued = await client.post(QUEUE, json=asked)
    assert queued.status_code == 200, queued.text
    (job,) = await app.state.queue.list()
    monkeypatch.setenv("DATABASE_URL", database_url)
    done = await asyncio.to_thread(jobs.backtest.run, job.args, Silent())

    assert done.summary["strategyName"] == "Mine"
    assert done.summary["metrics"]["totalTrades"] > 10


async def test_another_users_cannot_be_run(client: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    theirs = await keep(other)

    assert (await client.post(QUEUE, json=BODY | {"strategyId": theirs["id"]})).status_code == 404


FLAT = {"symbol": "AAPL", "startDate": "2020-01-01", "endDate": "2021-01-01"}


@pytest.mark.parametrize(
    ("overrides", "place"),
    [({"m": 3}, "strategyParams.m"), ({"n": 1}, "strategyParams.n"), ({"n": 2.5}, "strategyParams.n"),
     ({"n": "x"}, "strategyParams.n"), ({"n": True}, "strategyParams.n"), ([], "strategyParams")],
)  # fmt: skip
async def test_a_wrong_override_is_named_where_its_caller_wrote_it(
    client: httpx.AsyncClient, overrides: object, place: str
) -> None:
    kept = await keep(client)

    nested = await client.post(QUEUE, json=body(strategyParams=overrides) | {"strategyId": kept["id"]})
    flat = await client.post(QUEUE, json={**FLAT, "strategyId": kept["id"], "strategyParams": overrides})

    assert (nested.status_code, flat.status_code) == (400, 400)
    assert [detail["path"] for detail in nested.json()["details"]] == [f"params.{place}"]
    assert [detail["path"] for detail in flat.json()["details"]] == [place]


async def test_overrides_that_only_together_go_too_far_are_told_as_such(client: httpx.AsyncClient) -> None:
    params = {"n": {"type": "int", "default": 20, "min": 2, "max": 4_000}}
    kept = await keep(client, params=params, entryLong="close > sma(sma(close, n), n)")

    answer = await client.post(QUEUE, json=body(strategyParams={"n": 4_000}) | {"strategyId": kept["id"]})

    (detail,) = answer.json()["details"]
    assert (answer.status_code, detail["path"]) == (400, "params.strategyParams")
    assert detail["message"].startswith(
        "with these parameters the strategy cannot run: entryLong, column 9: looks back"
    )


async def test_a_stored_definition_that_cannot_run_is_told_as_such(
    client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    kept = await keep(client)
    async with pool.connection() as connection:
        broken = Jsonb(definition(entryLong="close > old_name(close)"))
        await connection.execute("update api.strategies set definition = %s", (broken,))

    answer = await client.post(QUEUE, json=body(strategyParams={"n": 3}) | {"strategyId": kept["id"]})

    (detail,) = answer.json()["details"]
    assert (answer.status_code, detail["path"]) == (400, "strategyId")
    assert "entryLong, column 9: unknown function 'old_name'" in detail["message"]
    assert f"mend it with PUT {PATH}/{kept['id']}" in detail["message"]


async def test_a_request_repeated_is_answered_as_before_though_its_strategy_is_gone(
    app: Starlette, pool: AsyncConnectionPool
) -> None:
    me, key = await person(pool), {"Idempotency-Key": "once"}
    async with calling(app, me) as client:
        definition = {"version": 1, "name": "Soon gone", "entryLong": "close > 1"}
        strategy = (await client.post("/api/strategies", json={"definition": definition})).json()["id"]
        asked = {"strategyId": strategy, "params": body()["params"]}
        first = await client.post("/api/backtest/queue", json=asked, headers=key)
        await client.delete(f"/api/strategies/{strategy}")
        again = await client.post("/api/backtest/queue", json=asked, headers=key)
        other = await client.post("/api/backtest/queue", json={"strategyId": 7}, headers=key)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["jobId"] == first.json()["jobId"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("name", "near"),
    [("sma-cros", "sma-cross"), ("SMA-Crss", "sma-cross"), ("donchian", "donchian-breakout"), ("x", None)],
)
async def test_a_misspelt_strategy_is_told_what_was_meant(
    client: httpx.AsyncClient, name: str, near: str | None
) -> None:
    answers = [await client.post(QUEUE, json=BODY | {"strategyId": name}), await client.get(f"{PATH}/{name}")]

    for answer in answers:
        assert answer.status_code == 404
        details = answer.json().get("details", [])
        assert [detail["near"] for detail in details] == ([near] if near else [])
        assert (repr(near) in answer.json()["detail"]) == (near is not None)


async def test_the_reference_has_every_word_of_the_language_and_costs_a_304_then(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{PATH}/functions")
    again = await client.get(f"{PATH}/functions", headers={"If-None-Match": answer.headers["etag"]})

    told = answer.json()
    words = [word for part in ("series", "position", "words", "functions") for word in told[part]]
    assert {word["name"] for word in words} == RESERVED
    assert all(word["help"] for word in [*words, *told["operators"]])
    assert again.status_code == 304


async def test_every_function_of_the_reference_runs_as_it_is_written(client: httpx.AsyncClient) -> None:
    told = (await client.get(f"{PATH}/functions")).json()
    for function in told["functions"]:
        if function["group"] == "indicator":
            series = ["close"] if function["takesSeries"] else []
            arguments = [*series, *(str(max(parameter["min"], 5)) for parameter in function["parameters"])]
            rule = f"{function['name']}({', '.join(arguments)}) > 1"
            checked = await client.post(f"{PATH}/check", json={"definition": definition(entryLong=rule)})

            assert checked.json()["valid"], (rule, checked.text)
            assert function["signature"].startswith(f"{function['name']}(")


async def test_check_tells_all_errors_at_once_each_with_its_characters(client: httpx.AsyncClient) -> None:
    rules = {"entryLong": "clsoe > sma(close, n) and hihg > 1", "exitLong": "close <"}
    sent = {"definition": definition(**rules), "strategyParams": {"n": 1}}
    told = (await client.post(f"{PATH}/check", json=sent)).json()

    members = ("path", "column", "endColumn", "near")
    places = [tuple(error.get(name) for name in members) for error in told["errors"]]
    assert told["valid"] is False
    assert places == [
        ("entryLong", 1, 6, "close"),
        ("entryLong", 27, 31, "high"),
        ("exitLong", 7, 8, None),
        ("strategyParams.n", None, None, None),
    ]
