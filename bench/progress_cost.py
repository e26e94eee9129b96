"""What does progress cost: how many 50 ms jobs that report 20 steps are run, over the same jobs silent?

The jobs compute, so that both cores are busy and whatever progress takes is taken from them: the frames to the worker,
the flushes, the notifications. Silent and reporting jobs run in turns on the same two slots, the same work each.
"""

import time
from pathlib import Path
from typing import Any

import uvloop

from bench.drain import drained, paused
from bench.handlers import compute
from bench.harness import Options, main, own_database, processes, say
from pgqueue import Queue, open_pool

JOB_SECONDS, STEPS = 0.05, 20
JOBS, ROUNDS, QUICK_ROUNDS = 100, 15, 4


def run(options: Options) -> dict[str, Any]:
    loops = calibrate()
    spent = {0: 0.0, STEPS: 0.0}
    with own_database() as database_url, processes(database_url, [str(Path(__file__).with_name("worker.py")), "2"]):
        for number in range(QUICK_ROUNDS if options.quick else ROUNDS):
            # Who comes first in one round comes last in the next: whatever drifts meets both alike.
            for steps in sorted(spent, reverse=number % 2 == 1):
                with paused(database_url):
                    uvloop.run(fill(database_url, {"loops": loops, "steps": steps}))
                seconds = drained(database_url, JOBS)
                spent[steps] += seconds
                say(options, f"{steps:2} steps: {JOBS / seconds:.1f} jobs a second")
    return {"ratio": round(spent[0] / spent[STEPS], 3)}


def calibrate() -> int:
    """How many loops last a job's time on this machine, when it has nothing else to do."""
    loops = 20_000
    began = time.perf_counter()
    compute(loops)
    return int(loops * JOB_SECONDS / (time.perf_counter() - began))


async def fill(database_url: str, args: dict[str, int]) -> None:
    async with open_pool(database_url, size=1) as pool, Queue(pool) as queue:
        await queue.enqueue_many("computing", [args] * JOBS)


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
