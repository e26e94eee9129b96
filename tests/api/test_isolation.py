"""The second wall: what the API does for a user, Postgres lets it do with that user's rows alone."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from api_scene import BODY, Person, calling, know_aapl, person, running_app
from pgqueue import USER_ROLE, Queue, RowSecurityMissing, acting_as, require_row_security

pytestmark = pytest.mark.anyio


@pytest.fixture
async def mine(pool: AsyncConnectionPool) -> Person:
    return await person(pool, "pro")


@pytest.fixture
async def theirs(pool: AsyncConnectionPool) -> Person:
    return await person(pool, "pro")


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool, user_role=USER_ROLE) as queue:
        yield queue


async def count(connection: AsyncConnection[Any], table: str) -> int:
    row = await (await connection.execute(f"select count(*) from {table}".encode())).fetchone()
    assert row is not None
    return int(row[0])


async def test_a_statement_that_forgot_to_ask_whose_sees_own_rows_alone(
    pool: AsyncConnectionPool, queue: Queue, mine: Person, theirs: Person
) -> None:
    for who in (mine, theirs, theirs):
        await queue.enqueue("echo", {}, user_id=who.user_id)
    tables = ["pgqueue.jobs", "pgqueue.lanes", "pgqueue.accounts", "api.users"]
    async with pool.connection() as connection:
        async with acting_as(connection, mine.user_id):
            own = [await count(connection, table) for table in tables]
        async with acting_as(connection, uuid4()):
            strangers = [await count(connection, table) for table in tables]
        everyones = await count(connection, "pgqueue.jobs")

    assert (own, strangers, everyones) == ([1, 1, 1, 1], [0, 0, 0, 0], 3)


async def test_nobody_set_sees_nothing_also_after_someone_was(
    pool: AsyncConnectionPool, queue: Queue, mine: Person
) -> None:
    await queue.enqueue("echo", {}, user_id=mine.user_id)
    async with pool.connection() as connection:
        seen = []
        for _ in range(2):
            async with connection.transaction():
                await connection.execute("select set_config('role', 'pgqueue_api', true)")
                seen.append(await count(connection, "pgqueue.jobs"))
            async with acting_as(connection, mine.user_id):
                seen.append(await count(connection, "pgqueue.jobs"))

    assert seen == [0, 1, 0, 1]


async def test_the_role_and_the_user_end_with_the_statement(
    database_url: str, pool: AsyncConnectionPool, mine: Person
) -> None:
    async with pool.connection() as connection:
        before = await (await connection.execute("select current_user")).fetchone()
    async with Queue(pool, user_role=USER_ROLE) as queue:
        await queue.read([uuid4()], user_id=mine.user_id)
        for _ in range(pool.max_size):
            async with pool.connection() as connection:
                row = await (
                    await connection.execute(
                        "select current_user, coalesce(current_setting('pgqueue.user_id', true), '')"
                    )
                ).fetchone()
                assert row is not None
                assert before is not None
                assert (row[0], row[1]) == (before[0], "")


@pytest.mark.parametrize(
    "forged",
    [
        (
            "insert into pgqueue.jobs (queue, kind, user_id, rank, turn, state, args)"
            " values ('backtest', 'echo', %(them)s, 1, 1, 'ready', '{}')"
        ),
        "insert into api.strategies (user_id, name, definition) values (%(them)s, 'theirs', '{}')",
        "insert into pgqueue.ledger (user_id, job_id, entry, amount) values (%(them)s, gen_random_uuid(), 'held', 1)",
        "update pgqueue.jobs set result = '{}'",
        "update pgqueue.jobs set user_id = %(them)s",
        "update pgqueue.accounts set tier = 2",
        "update api.users set is_admin = true",
        "delete from pgqueue.jobs",
        "delete from pgqueue.ledger",
        "select from api.api_keys",
        "select from api.sessions",
        "select from api.login_codes",
        "select from pgqueue.workers",
        "select pgqueue.enqueue('echo')",
        "select pgqueue.pause()",
        "select pgqueue.prune()",
        "create table pgqueue.mine (n int)",
        "set local role postgres",
    ],
)
async def test_the_users_role_may_not(pool: AsyncConnectionPool, mine: Person, theirs: Person, forged: str) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedColumn)):
        await run_as(pool, mine, forged, them=theirs.user_id)


async def run_as(pool: AsyncConnectionPool, who: Person, statement: str, **parameters: UUID) -> None:
    async with pool.connection() as connection, acting_as(connection, who.user_id):
        # As a login of its own would be: a session that began as a superuser may become anyone again.
        await connection.execute("set local session authorization pgqueue_api")
        await connection.execute(statement.encode(), parameters)


async def test_anothers_job_can_be_neither_cancelled_nor_run_again_by_whatever_statement(
    pool: AsyncConnectionPool, queue: Queue, mine: Person, theirs: Person
) -> None:
    job = (await queue.enqueue("echo", {}, user_id=theirs.user_id)).job_id
    async with pool.connection() as connection:
        async with acting_as(connection, mine.user_id):
            cancelled = await (await connection.execute("select * from pgqueue.try_cancel(%s, null)", [job])).fetchone()
            changed = (await connection.execute("update pgqueue.jobs set state = 'held'")).rowcount
        row = await (await connection.execute("select state from pgqueue.jobs where id = %s", [job])).fetchone()

    assert (cancelled, changed, row) == ((None, None), 0, ("ready",))


async def test_behind_the_wall_a_user_can_do_all_that_is_theirs(
    pool: AsyncConnectionPool, queue: Queue, mine: Person
) -> None:
    """Also what triggers and functions do on the way: a lane that fills, a hold on credits and its return."""
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.plans set credits_per_job = 2")
        await connection.execute("update pgqueue.accounts set available = 100, concurrent = 1")
        await connection.execute(
            "insert into pgqueue.ledger (user_id, entry, amount) select user_id, 'granted', 100 from pgqueue.accounts"
        )
    jobs = [(await queue.enqueue("echo", {}, user_id=mine.user_id, priority=n)).job_id for n in (5, 5, 10)]
    states = {job.id: job.state for job in await queue.read(jobs, user_id=mine.user_id)}
    for job in jobs:
        await queue.cancel(job, user_id=mine.user_id)
    again = (await queue.requeue(jobs[0], user_id=mine.user_id)).job_id
    async with pool.connection() as connection:
        wrong = await (await connection.execute("select * from pgqueue.check_invariants()")).fetchall()

    assert [states[job].value for job in jobs] == ["held", "held", "ready"]
    assert [job.id for job in await queue.list(user_id=mine.user_id)] == [again, *reversed(jobs)]
    assert wrong == []


async def test_every_table_with_an_owner_is_behind_the_wall(pool: AsyncConnectionPool) -> None:
    async with pool.connection() as connection:
        await require_row_security(connection)
        await connection.execute("create table api.notes (user_id uuid, words text)")

        with pytest.raises(RowSecurityMissing, match=r"it sees every row of api\.notes"):
            await require_row_security(connection)

        await connection.execute("select pgqueue.raise_row_security()")
        await require_row_security(connection)


async def test_the_table_of_users_is_behind_the_wall_too(pool: AsyncConnectionPool) -> None:
    async with pool.connection() as connection:
        await connection.execute("alter table api.users disable row level security")

        with pytest.raises(RowSecurityMissing, match=r"it sees every row of api\.users"):
            await require_row_security(connection)


async def test_the_api_does_not_start_without_the_wall(database_url: str, pool: AsyncConnectionPool) -> None:
    async with pool.connection() as connection:
        await connection.execute("alter table pgqueue.jobs disable row level security")

    with pytest.raises(RowSecurityMissing, match=r"pgqueue\.jobs"):
        async with running_app(database_url):
            pass


async def test_unless_that_is_switched_off_with_a_reason(database_url: str, pool: AsyncConnectionPool) -> None:
    await know_aapl(pool)
    async with pool.connection() as connection:
        await connection.execute("alter table pgqueue.jobs disable row level security")
    me = await person(pool)
    async with running_app(database_url, without_row_security="no role here") as app, calling(app, me) as client:
        assert (await client.post("/api/backtest/queue", json=BODY)).status_code == 200


async def test_a_service_that_would_be_held_by_the_wall_itself_is_told(pool: AsyncConnectionPool) -> None:
    """Of a role it inherits, a service that owns nothing has the limits as well: its relay would see no row."""
    name = f"pgqueue_service_{uuid4().hex[:8]}"
    async with pool.connection() as connection:
        await connection.execute(f"create role {name} inherit".encode())
        await connection.execute(f"grant pgqueue_api to {name}".encode())
        try:
            await connection.execute(f"set session authorization {name}".encode())
            with pytest.raises(RowSecurityMissing, match="it inherits that role"):
                await require_row_security(connection)
        finally:
            await connection.execute("reset session authorization")
            await connection.execute(f"drop role {name}".encode())
