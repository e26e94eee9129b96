"""A job exists if, and only if, the caller's transaction commits: whichever connection the caller brings."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

import pgqueue
from pgqueue import IdempotencyConflict, NoPsycopg, Queue
from pgqueue.migrate import sqlalchemy_url

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(sqlalchemy_url(database_url))
    yield engine
    engine.dispose()


@pytest.fixture
async def async_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(sqlalchemy_url(database_url))
    yield engine
    await engine.dispose()


async def exists(queue: Queue, enqueued: Any) -> bool:
    return bool(await queue.read([enqueued.job_id]))


async def test_an_async_connection_of_sqlalchemy(queue: Queue, async_engine: AsyncEngine) -> None:
    """The enqueue is the first thing it does: SQLAlchemy must learn that there is something to commit."""
    async with async_engine.connect() as connection:
        kept = await queue.enqueue("echo", {}, connection=connection)
        assert not await exists(queue, kept)
        await connection.commit()
        dropped = await queue.enqueue("echo", {}, connection=connection)
        await connection.rollback()
    async with async_engine.begin() as connection:
        begun = await queue.enqueue("echo", {}, connection=connection)
        many = await queue.enqueue_many("echo", [{}, {}], connection=connection)

    assert [await exists(queue, job) for job in (kept, dropped, begun)] == [True, False, True]
    assert len(await queue.read(many)) == 2


async def test_an_async_session_of_sqlalchemy(queue: Queue, async_engine: AsyncEngine) -> None:
    async with AsyncSession(async_engine) as session:
        await session.execute(text("create table notes (id int)"))
        dropped = await queue.enqueue("echo", {}, connection=session)
        await session.rollback()
        kept = await queue.enqueue("echo", {}, connection=session)
        await session.commit()

    assert [await exists(queue, job) for job in (kept, dropped)] == [True, False]


async def test_connections_without_asyncio(queue: Queue, engine: Engine, database_url: str) -> None:
    with psycopg.connect(database_url) as plain:
        kept = [pgqueue.enqueue(plain, "echo", {"a": 1})]
        plain.commit()
        dropped = [pgqueue.enqueue(plain, "echo", {})]
        plain.rollback()
    with engine.connect() as connection:
        kept.append(pgqueue.enqueue(connection, "echo", {"a": 1}))
        connection.commit()
        dropped.append(pgqueue.enqueue(connection, "echo", {}))
        connection.rollback()
    with Session(engine) as session:
        kept.append(pgqueue.enqueue(session, "echo", {"a": 1}))
        session.commit()
        dropped.append(pgqueue.enqueue(session, "echo", {}))

    jobs = await queue.read([job.job_id for job in kept])
    assert [(job.args, job.kind, job.queue) for job in jobs] == [({"a": 1}, "echo", "backtest")] * 3
    assert [await exists(queue, job) for job in dropped] == [False] * 3


async def test_a_key_holds_across_kinds_of_connections(queue: Queue, engine: Engine) -> None:
    first = await queue.enqueue("echo", {}, idempotency_key="k", request_hash=b"1")
    with engine.begin() as connection:
        again = pgqueue.enqueue(connection, "echo", {}, idempotency_key="k", request_hash=b"1")
        with pytest.raises(IdempotencyConflict):
            pgqueue.enqueue(connection, "echo", {}, idempotency_key="k", request_hash=b"2")

    assert (again.job_id, again.created) == (first.job_id, False)


async def test_a_connection_that_cannot_be_used_is_refused_in_words(queue: Queue, engine: Engine) -> None:
    with sqlite3.connect(":memory:") as lite, pytest.raises(NoPsycopg, match=r"sqlite3\.Connection"):
        pgqueue.enqueue(lite, "echo", {})
    lite.close()
    with engine.connect() as connection, pytest.raises(NoPsycopg, match=r"without asyncio use pgqueue\.enqueue"):
        await queue.enqueue("echo", {}, connection=connection)
    other = create_engine("sqlite://")
    with other.connect() as connection, pytest.raises(NoPsycopg, match=r"postgresql\+psycopg://"):
        pgqueue.enqueue(connection, "echo", {})
    other.dispose()
