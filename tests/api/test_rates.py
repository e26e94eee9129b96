"""How often a user may ask, and what every answer says of it."""

from uuid import uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from api.rates import Rates
from api_scene import body, calling, know_aapl, person, running_app

pytestmark = pytest.mark.anyio

QUEUE = "/api/backtest/queue"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_is_full_at_first_and_refills_evenly() -> None:
    clock = Clock()
    rates, user = Rates(60, clock=clock), uuid4()
    first = [rates.take(user) for _ in range(60)]
    over = rates.take(user)
    clock.now += 2
    after = [rates.take(user).is_over for _ in range(3)]
    clock.now += 3600

    assert [limit.remaining for limit in first] == list(range(59, -1, -1))
    assert (over.is_over, over.remaining, over.more_in_seconds) == (True, 0, 1)
    assert after == [False, False, True]
    assert rates.take(user).remaining == 59


def test_users_do_not_share_a_bucket() -> None:
    rates = Rates(1, clock=Clock())
    one, other = uuid4(), uuid4()

    assert [rates.take(who).is_over for who in (one, one, other)] == [False, True, False]


def test_of_more_users_than_it_holds_the_longest_away_is_forgotten() -> None:
    rates = Rates(1, most_users=3, clock=Clock())
    users = [uuid4() for _ in range(5)]
    for user in users:
        rates.take(user)

    assert len(rates) == 3
    assert [rates.take(user).is_over for user in users[2:]] == [True, True, True]


async def test_every_answer_to_someone_known_tells_the_limit_and_what_is_left(
    database_url: str, pool: AsyncConnectionPool
) -> None:
    async with running_app(database_url) as app, calling(app, await person(pool)) as client:
        app.state.rates = Rates(10, clock=Clock())
        answers = [
            await client.get(QUEUE),
            await client.get(f"{QUEUE}/{uuid4()}"),
            await client.post(QUEUE, json={}),
            await client.get("/api/strategies"),
        ]

    assert [answer.status_code for answer in answers] == [200, 404, 400, 200]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"requests";q=10;w=60'}
    assert [answer.headers["RateLimit"] for answer in answers] == [f'"requests";r={n};t=6' for n in (9, 8, 7, 6)]


async def test_beyond_it_is_429_with_the_time_to_come_back_and_others_are_served(
    database_url: str, pool: AsyncConnectionPool
) -> None:
    me, other = await person(pool), await person(pool)
    async with running_app(database_url) as app, calling(app, me) as client:
        app.state.rates = Rates(2, clock=Clock())
        found = [await client.get(QUEUE) for _ in range(3)]
        others = await client.get(QUEUE, headers=other.headers)

    assert [answer.status_code for answer in found] == [200, 200, 429]
    assert found[-1].json()["code"] == "too_many_requests"
    assert found[-1].headers["Retry-After"] == "30"
    assert found[-1].headers["RateLimit"] == '"requests";r=0;t=30'
    assert others.status_code == 200


async def test_an_answer_to_nobody_tells_no_limit(database_url: str) -> None:
    async with running_app(database_url) as app, calling(app) as client:
        answers = [await client.get("/livez"), await client.get(QUEUE)]

    assert not [answer for answer in answers if "RateLimit" in answer.headers]


async def test_an_enqueue_tells_what_is_left_of_the_day(database_url: str, pool: AsyncConnectionPool) -> None:
    await know_aapl(pool)
    me = await person(pool, per_day=2)
    async with running_app(database_url, requests_per_minute=60) as app, calling(app, me) as client:
        added = [await client.post(QUEUE, json=body()) for _ in range(3)]

    told = [answer.headers["RateLimit"].split(", ") for answer in added]
    assert [answer.status_code for answer in added] == [200, 200, 429]
    assert [parts[1].split(";")[:2] for parts in told] == [['"jobs"', "r=1"], ['"jobs"', "r=0"], ['"jobs"', "r=0"]]
    assert 0 < int(told[0][1].partition("t=")[2]) <= 86_400
    assert added[0].headers["RateLimit-Policy"] == '"requests";q=60;w=60, "jobs";q=2;w=86400'
    assert int(added[2].headers["Retry-After"]) >= int(told[2][1].partition("t=")[2])


async def test_a_plan_without_a_number_a_day_tells_none(database_url: str, pool: AsyncConnectionPool) -> None:
    await know_aapl(pool)
    me = await person(pool, "pro")
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.accounts set per_day = null")
    async with running_app(database_url) as app, calling(app, me) as client:
        answer = await client.post(QUEUE, json=body())

    assert answer.headers["RateLimit-Policy"] == '"requests";q=1200;w=60'
