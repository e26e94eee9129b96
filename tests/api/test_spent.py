"""Codes and sessions that are over are removed, a few at a time; those that open something stay."""

import asyncio

import pytest
from psycopg_pool import AsyncConnectionPool

from api import accounts, spent
from api_scene import person

pytestmark = pytest.mark.anyio

OVER = "created_at = created_at - interval '{0}', expires_at = expires_at - interval '{0}'"


async def left(pool: AsyncConnectionPool) -> tuple[int, int]:
    async with pool.connection() as connection:
        query = "select (select count(*) from api.login_codes), (select count(*) from api.sessions)"
        row = await (await connection.execute(query)).fetchone()
    assert row is not None
    return row[0], row[1]


async def make(pool: AsyncConnectionPool, count: int) -> None:
    """So many codes and sessions of a new user."""
    user = (await person(pool)).user_id
    async with pool.connection() as connection:
        account = await accounts.ensure_user(connection, user)
        for _ in range(count):
            await accounts.create_login_code(connection, user)
            await accounts.create_session(connection, account, seconds=600)


async def age(pool: AsyncConnectionPool, span: str) -> None:
    async with pool.connection() as connection:
        for table in ("login_codes", "sessions"):
            await connection.execute(f"update api.{table} set {OVER.format(span)}")


async def test_what_ended_a_day_ago_goes_and_what_ended_since_stays(pool: AsyncConnectionPool) -> None:
    await make(pool, 3)
    await age(pool, "25 hours")
    await make(pool, 2)
    await age(pool, "23 hours")

    assert await spent.prune(pool) == (3, 3)
    assert await left(pool) == (2, 2)
    assert await spent.prune(pool) == (0, 0)


async def test_a_batch_is_never_larger_than_its_bound_and_takes_the_oldest(pool: AsyncConnectionPool) -> None:
    await make(pool, 2)
    await age(pool, "10 days")
    await make(pool, 3)
    await age(pool, "10 days")

    assert await spent.prune(pool, at_most=2) == (2, 2)
    async with pool.connection() as connection:
        row = await (
            await connection.execute("select min(expires_at) > now() - interval '11 days' from api.sessions")
        ).fetchone()
    assert row == (True,)
    assert await spent.prune(pool, at_most=3) == (3, 3)


async def test_one_that_another_process_is_removing_is_left_to_it(pool: AsyncConnectionPool) -> None:
    await make(pool, 2)
    await age(pool, "2 days")
    async with pool.connection() as other, other.transaction():
        await other.execute("select from api.sessions limit 1 for update")

        async with asyncio.timeout(30):
            assert await spent.prune(pool) == (2, 1)


async def test_it_goes_on_batch_by_batch_until_closing(
    pool: AsyncConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spent, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(spent, "BATCH", 2)
    await make(pool, 5)
    await age(pool, "2 days")
    closing = asyncio.Event()
    pruning = asyncio.create_task(spent.prune_for_ever(pool, closing))

    async with asyncio.timeout(60):
        while await left(pool) != (0, 0):  # noqa: ASYNC110 - nobody is told of what is gone
            await asyncio.sleep(0.01)
        closing.set()
        await pruning


async def test_the_oldest_are_found_by_an_index(pool: AsyncConnectionPool) -> None:
    from api.queries import sql

    async with pool.connection() as connection:
        await connection.execute("set enable_seqscan = off")
        plan = await (await connection.execute("explain " + sql("prune_spent"), {"at_most": 1000})).fetchall()

    said = "\n".join(row[0] for row in plan)
    assert "using login_codes_expires_at_idx" in said
    assert "using sessions_expires_at_idx" in said
