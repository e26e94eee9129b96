"""What does row-level security cost a request that reads, lists or adds a job?"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

import psycopg

from bench.harness import Options, main, own_database, say
from pgqueue import USER_ROLE, Queue, open_pool

OTHERS = 20_000
"""Jobs of other users in the tables: a plan that reads past them would show."""


def run(options: Options) -> Mapping[str, Any]:
    with own_database() as database_url:
        return asyncio.run(measure(options, database_url, rounds=400 if options.quick else 2000))


async def measure(options: Options, database_url: str, *, rounds: int) -> Mapping[str, Any]:
    user = uuid4()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("update pgqueue.plans set per_day = null, waiting = 1000000")
        connection.execute(
            "insert into pgqueue.jobs (queue, kind, user_id, rank, turn, state, args)"
            " select 'backtest', 'echo', gen_random_uuid(), 1, n, 'ready', '{}' from generate_series(1, %s) as n",
            [OTHERS],
        )
        connection.execute("vacuum analyze")
    async with open_pool(database_url, size=1) as pool, Queue(pool) as bare, Queue(pool, user_role=USER_ROLE) as walled:
        jobs = [(await bare.enqueue("echo", {}, user_id=user)).job_id for _ in range(20)]
        assert await bare.read(jobs, user_id=user) == await walled.read(jobs, user_id=user)
        assert await bare.list(user_id=user) == await walled.list(user_id=user)
        answer: dict[str, Any] = {}
        for name, asking in questions(jobs[0], user).items():
            seconds = await in_turns(asking, bare, walled, rounds=rounds)
            figures = [round(statistics.median(one) * 1000, 3) for one in seconds]
            say(options, f"{name}: {figures[0]} ms, behind row-level security {figures[1]} ms")
            answer |= {f"{name}_ms": figures[0], f"{name}_walled_ms": figures[1]}
    return answer


def questions(job: UUID, user: UUID) -> Mapping[str, Callable[[Queue], Awaitable[object]]]:
    return {
        "read": lambda queue: queue.read([job], user_id=user),
        "list": lambda queue: queue.list(user_id=user),
        "enqueue": lambda queue: queue.enqueue("echo", {}, user_id=user),
    }


async def in_turns(
    asking: Callable[[Queue], Awaitable[object]], *queues: Queue, rounds: int
) -> tuple[list[float], ...]:
    """Seconds of each, asked in turns: what else the machine does falls on all alike."""
    seconds: tuple[list[float], ...] = tuple([] for _ in queues)
    for _ in range(rounds):
        for queue, taken in zip(queues, seconds, strict=True):
            began = time.perf_counter()
            await asking(queue)
            taken.append(time.perf_counter() - began)
    return seconds


if __name__ == "__main__":
    main(__doc__ or "", run)
