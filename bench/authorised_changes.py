"""How many changes a second reach 500 streams of 500 users, each of whom may see only their own?"""

import asyncio
from typing import Any

from bench.harness import Options, main, own_database, percentile, processes, say
from bench.stream_load import complete, lost_finals, readers, report, running_jobs

STREAMS = 500
RATES = (1000, 2000, 3000, 4000)
"""Offered changes a second, one run each; the answer is of the highest that is delivered whole."""
WHOLE = 0.98
SETTLE_SECONDS = 2.0
SERVE = ["-m", "pgqueue", "serve", "--port", "0", "--json", "--no-access-log"]


def run(options: Options) -> dict[str, Any]:
    seconds = 3.0 if options.quick else 15.0
    best: dict[str, Any] = {"changes_per_s": 0, "p95_ms": None}
    for rate in RATES:
        with own_database() as database_url, processes(database_url, SERVE) as (served,):
            seen = asyncio.run(_deliver(database_url, served["url"], rate, seconds))
        ages = seen["ages_ms"]
        delivered = len(ages) / seconds
        say(
            options,
            f"{rate} changes/s offered: {delivered:.0f} delivered, {1 - len(ages) / seen['steps']:.1%} passed over,"
            f" p95 {percentile(ages, 0.95):.1f} ms",
        )
        if seen["strangers"] or seen["lost_final"]:
            raise RuntimeError(f"{seen['strangers']} events of other users, {seen['lost_final']} final events lost")
        if delivered < WHOLE * rate:
            break
        best = {"changes_per_s": round(delivered), "p95_ms": round(percentile(ages, 0.95), 1)}
    return best


async def _deliver(database_url: str, url: str, rate: float, seconds: float) -> dict[str, Any]:
    async with running_jobs(database_url, STREAMS) as jobs:
        async with readers(url, [("/api/backtest/events", job.key) for job in jobs]) as reading:
            await report(jobs, per_second=rate, seconds=SETTLE_SECONDS)
            # What is still on its way is not counted.
            await asyncio.sleep(SETTLE_SECONDS / 2)
            reading.measure()
            await report(jobs, per_second=rate, seconds=seconds)
            await complete(database_url, jobs)
            await asyncio.sleep(SETTLE_SECONDS)
            seen = await reading.result()
        own = {str(number): str(job.job.id) for number, job in enumerate(jobs)}
        strangers = sum(job_id != own[number] for number, shown in seen["last"].items() for job_id in shown)
        return seen | {"strangers": strangers, "lost_final": lost_finals(jobs, seen["last"], 1)}


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
