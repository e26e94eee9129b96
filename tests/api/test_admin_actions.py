"""What operators do to jobs: to one, to a selection, to all that match. Counted first, and all of it written down."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from admin_scene import ADMIN, administrator, fail, submit
from api.admin import bulk
from api.admin.bulk import ACTIONS
from api_scene import Person, calling, know_aapl, person, running_app
from queue_scene import still_worker, violations

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


async def audited(admin: httpx.AsyncClient, **query: str) -> list[tuple[str, str, dict[str, Any]]]:
    """What the log says, newest first: action, outcome, facts."""
    entries = (await admin.get(f"{ADMIN}/audit", params=query)).json()["entries"]
    return [(entry["action"], entry["outcome"].split(":")[0], entry["facts"]) for entry in entries]


async def test_a_waiting_job_is_moved_and_one_that_ended_is_not(
    admin: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    job_id = await submit(client)
    path = f"{ADMIN}/jobs/{job_id}"

    moved = await admin.patch(path, json={"priority": 9})
    wrong = [await admin.patch(path, json=body) for body in ({"priority": 0}, {"priority": "9"}, {}, {"rank": 1})]
    await admin.post(f"{path}/cancel")
    late = await admin.patch(path, json={"priority": 1})
    never = await admin.patch(f"{ADMIN}/jobs/{uuid4()}", json={"priority": 1})

    assert (moved.status_code, moved.json()["priority"]) == (200, 9)
    assert [answer.status_code for answer in wrong] == [400] * 4
    assert (late.status_code, late.json()["code"], never.status_code) == (409, "wrong_state", 404)
    assert await audited(admin, target=f"job:{job_id}") == [
        ("job.priority", "refused", {"priority": 1}),
        ("job.cancel", "done", {"jobId": job_id}),
        ("job.priority", "done", {"priority": 9, "jobId": job_id}),
    ]


async def test_an_ended_job_is_deleted_and_one_that_waits_is_not(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    job_id = await submit(client)
    path = f"{ADMIN}/jobs/{job_id}"

    early = await admin.delete(path)
    await admin.post(f"{path}/cancel")
    gone = await admin.delete(path)
    again = await admin.delete(path)

    assert (early.status_code, early.json()["code"]) == (409, "wrong_state")
    assert (gone.status_code, gone.content, again.status_code) == (204, b"", 404)
    assert (await admin.get(path)).status_code == 404
    assert [entry[:2] for entry in await audited(admin, action="job.delete")] == [
        ("job.delete", "refused"), ("job.delete", "done"), ("job.delete", "refused"),
    ]  # fmt: skip
    assert await violations(pool) == []


async def test_each_action_on_many_counts_and_takes_only_jobs_it_can_be_done_to(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    failed = await submit(client)
    worker = await still_worker(pool)
    await fail(worker, "broken")
    running = await submit(client)
    await worker.claim_one()
    waiting = [await submit(client) for _ in range(2)]

    async def matched(action: str, **more: Any) -> int:
        answer = await admin.post(f"{ADMIN}/jobs/{action}", json={"filter": {}, "dryRun": True} | more)
        return int(answer.json()["matched"])

    counts = [
        await matched("requeue"),
        await matched("cancel"),
        await matched("delete"),
        await matched("priority", priority=2),
    ]
    act = {"dryRun": False, "atMost": 1000}
    moved = (await admin.post(f"{ADMIN}/jobs/priority", json=act | {"filter": {}, "priority": 2})).json()
    deleted = (await admin.post(f"{ADMIN}/jobs/delete", json=act | {"filter": {"symbol": "AAPL"}})).json()
    left = (await admin.get(f"{ADMIN}/jobs")).json()["jobs"]

    assert counts == [1, 3, 1, 2]
    all_done = {"isAll": True, "refused": {}, "cursor": None}
    assert moved == {"action": "priority", "matched": 2, "acted": 2} | all_done
    assert deleted == {"action": "delete", "matched": 1, "acted": 1} | all_done
    assert {job["jobId"]: job["priority"] for job in left} == {running: 5, waiting[0]: 2, waiting[1]: 2}
    assert failed not in {job["jobId"] for job in left}
    assert await audited(admin, action="jobs.priority") == [
        ("jobs.priority", "done", {"filter": {}, "atMost": 1000, "priority": 2, "acted": 2, "refused": {}})
    ]
    assert await violations(pool) == []


async def test_a_selection_is_acted_on_and_nothing_beside_it(
    admin: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    ids = [await submit(client) for _ in range(4)]
    chosen = {"filter": {"jobIds": [ids[0], ids[2], str(uuid4())]}}

    counted = (await admin.post(f"{ADMIN}/jobs/cancel", json=chosen)).json()
    done = (await admin.post(f"{ADMIN}/jobs/cancel", json=chosen | {"dryRun": False, "atMost": 2})).json()
    none = (await admin.post(f"{ADMIN}/jobs/cancel", json={"filter": {"jobIds": []}})).json()
    states = {job["jobId"]: job["status"] for job in (await admin.get(f"{ADMIN}/jobs")).json()["jobs"]}

    assert (counted["matched"], done["acted"], none["matched"]) == (2, 2, 0)
    assert [states[job_id] for job_id in ids] == ["cancelled", "waiting", "cancelled", "waiting"]


async def test_a_selection_has_a_limit(admin: httpx.AsyncClient) -> None:
    async def answered(count: int) -> tuple[int, Any]:
        chosen = {"filter": {"jobIds": [str(uuid4()) for _ in range(count)]}}
        answer = await admin.post(f"{ADMIN}/jobs/delete", json=chosen)
        return answer.status_code, answer.json().get("matched")

    assert await answered(1_000) == (200, 0)
    assert await answered(1_001) == (400, None)


async def test_what_changed_since_the_count_is_refused_by_its_name(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [await submit(client) for _ in range(3)]
    act, queue = app.state.queue.act_on_many, app.state.queue

    async def after_others(action: Any, job_ids: Any, **more: Any) -> Any:
        await queue.cancel(job_ids[0])
        return await act(action, job_ids, **more)

    monkeypatch.setattr(queue, "act_on_many", after_others)
    done = await admin.post(
        f"{ADMIN}/jobs/priority", json={"filter": {"jobIds": ids}, "dryRun": False, "atMost": 3, "priority": 9}
    )

    assert (done.json()["acted"], done.json()["refused"]) == (2, {"WrongState": 1})


async def test_more_than_are_counted_are_said_to_be_more(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def counted() -> tuple[int, bool]:
        answer = (await admin.post(f"{ADMIN}/jobs/cancel", json={"filter": {}})).json()
        return answer["matched"], answer["isAll"]

    monkeypatch.setattr(bulk, "MOST_COUNTED", 2)
    answers = []
    for _ in range(3):
        await submit(client)
        answers.append(await counted())

    assert answers == [(1, True), (2, True), (2, False)]


async def many_failed(pool: AsyncConnectionPool, count: int) -> None:
    """Each of a user of its own, ended an hour ago."""
    async with pool.connection() as connection:
        await connection.execute(
            "insert into pgqueue.jobs"
            " (queue, kind, rank, turn, state, attempt, started_at, finished_at, error, user_id, args)"
            " select 'backtest', 'backtest', 5, n, 'failed', 1, now() - interval '1 h', now() - interval '1 h',"
            ' \'{"message": "broken"}\', gen_random_uuid(), \'{"symbol": "AAPL"}\''
            f" from generate_series(1, {count}) as n"
        )


@pytest.mark.parametrize("chosen", [{"status": "failed"}, {"finishedSince": "2020-01-01T00:00:00Z"}])
async def test_however_many_match_are_run_again_in_rounds_each_once_and_nothing_newer(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool, chosen: dict[str, str]
) -> None:
    path = f"{ADMIN}/jobs/requeue"
    await submit(client)
    worker = await still_worker(pool)
    await fail(worker, "the oldest")
    await many_failed(pool, 2_500)

    counted = (await admin.post(path, json={"filter": chosen})).json()
    await submit(client)
    newer = await fail(worker, "newer than the count")
    acted, cursor, answers_lost = list[int](), counted["cursor"], 1
    while cursor:
        sent = {"filter": chosen, "dryRun": False, "atMost": counted["matched"] - sum(acted), "cursor": cursor}
        done = (await admin.post(path, json=sent)).json()
        if answers_lost:
            answers_lost -= 1
            continue
        acted.append(done["acted"])
        cursor = done["cursor"]

    assert (counted["matched"], counted["isAll"], counted["acted"]) == (2_501, True, 0)
    assert acted == [1_000, 501]
    async with pool.connection() as connection:
        made = await connection.execute(
            "select count(*), count(distinct requeued_from), count(*) filter (where requeued_from = %s)"
            " from pgqueue.jobs where requeued_from is not null",
            [newer],
        )
        assert await made.fetchone() == (2_501, 2_501, 0)


async def test_a_round_asked_again_while_it_still_runs_does_nothing_twice(
    admin: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    path, chosen = f"{ADMIN}/jobs/requeue", {"filter": {"status": "failed"}}
    await many_failed(pool, 300)
    counted = (await admin.post(path, json=chosen)).json()
    sent = chosen | {"dryRun": False, "atMost": 300, "cursor": counted["cursor"]}

    answers = [answer.json() for answer in await asyncio.gather(*(admin.post(path, json=sent) for _ in range(2)))]

    assert sum(answer["acted"] for answer in answers) == 300
    assert {why for answer in answers for why in answer["refused"]} <= {"AlreadyRequeued"}
    assert sum(facts["acted"] for _, _, facts in await audited(admin, action="jobs.requeue")) == 300
    async with pool.connection() as connection:
        made = await connection.execute(
            "select count(*), count(distinct requeued_from) from pgqueue.jobs where attempt = 0"
        )
        assert await made.fetchone() == (300, 300)


async def test_rounds_by_the_time_of_the_end_go_on_behind_a_job_that_they_deleted(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "ROUND", 2)
    path, chosen = f"{ADMIN}/jobs/delete", {"filter": {"finishedSince": "2020-01-01T00:00:00Z"}}
    await submit(client)
    await fail(await still_worker(pool), "the oldest")
    await many_failed(pool, 4)

    done = (await admin.post(path, json=chosen)).json()
    matched, acted = done["matched"], []
    while done["cursor"]:
        sent = chosen | {"dryRun": False, "atMost": matched, "cursor": done["cursor"]}
        done = (await admin.post(path, json=sent)).json()
        acted.append(done["acted"])

    assert (matched, acted) == (5, [2, 2, 1])
    assert (await admin.get(f"{ADMIN}/jobs")).json()["jobs"] == []


async def test_what_was_not_counted_is_counted_from_there_on(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST_COUNTED", 2)
    path = f"{ADMIN}/jobs/cancel"
    for _ in range(3):
        await submit(client)

    counted = (await admin.post(path, json={"filter": {}})).json()
    act = {"filter": {}, "dryRun": False, "atMost": 2, "cursor": counted["cursor"]}
    done = (await admin.post(path, json=act)).json()
    rest = (await admin.post(path, json={"filter": {}, "cursor": done["cursor"]})).json()

    assert (counted["matched"], counted["isAll"]) == (2, False)
    assert (done["acted"], done["isAll"]) == (2, False)
    assert (rest["matched"], rest["isAll"]) == (1, True)


async def test_a_cursor_that_no_answer_gave_is_refused_at_its_place(admin: httpx.AsyncClient) -> None:
    for cursor in (
        "",
        "1",
        f"1.{uuid4()}",
        f"1.{uuid4().hex}.",
        f"{'9' * 17}.{uuid4().hex}",
        7,
        "\u0661." + uuid4().hex,
    ):
        sent = {"filter": {}, "dryRun": False, "atMost": 1, "cursor": cursor}
        refused = await admin.post(f"{ADMIN}/jobs/cancel", json=sent)
        assert (refused.status_code, refused.json()["details"]) == (
            400,
            [{"path": "cursor", "message": "must be the cursor of the count or of the round before"}],
        )
    last = {"filter": {}, "dryRun": False, "atMost": 100_000, "cursor": f"{'9' * 16}.{'f' * 32}.{'9' * 16}"}
    assert (await admin.post(f"{ADMIN}/jobs/cancel", json=last)).json()["matched"] == 0
    assert (await admin.post(f"{ADMIN}/jobs/cancel", json=last | {"atMost": 100_001})).status_code == 400


async def test_whoever_only_looks_changes_nothing(
    app: Starlette, pool: AsyncConnectionPool, client: httpx.AsyncClient
) -> None:
    job_id = await submit(client)
    changes = [
        ("PATCH", f"jobs/{job_id}", {"priority": 9}), ("DELETE", f"jobs/{job_id}", None),
        ("POST", f"jobs/{job_id}/cancel", None), ("POST", f"jobs/{job_id}/requeue", None),
        *(("POST", f"jobs/{word}", {"filter": {}, "priority": 1}) for word in ACTIONS),
    ]  # fmt: skip
    async with calling(app, await administrator(pool, "read_only_admin")) as looker:
        answers = [await looker.request(method, f"{ADMIN}/{path}", json=body) for method, path, body in changes]
        seen = await looker.get(f"{ADMIN}/jobs/{job_id}")
        log = (await looker.get(f"{ADMIN}/audit")).json()["entries"]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "read_only")}
    assert (seen.json()["status"], seen.json()["priority"], log) == ("waiting", 5, [])
