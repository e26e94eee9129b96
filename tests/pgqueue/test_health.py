"""A worker's health as probes and Prometheus see it, and what a stranger on its port can do."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from psycopg_pool import AsyncConnectionPool

from pgqueue import health
from pgqueue.health import MAX_CONNECTIONS, MAX_HEAD_BYTES, HealthPortTaken
from pgqueue.maintenance import rescue
from pgqueue.queue import Queue
from pgqueue.worker import Worker
from queue_scene import expire_lease, running_worker, wait_final, wait_for

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


async def get(worker: Worker, path: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return await client.get(f"http://127.0.0.1:{worker.health_port}{path}")


async def figures(worker: Worker) -> dict[str, float]:
    answer = await get(worker, "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    return {sample.name + sample.labels.get("outcome", ""): sample.value for sample in samples}


async def test_without_being_asked_a_worker_opens_no_port(database_url: str) -> None:
    async with running_worker(database_url) as worker:
        assert worker.health_port is None


async def test_a_worker_that_takes_jobs_is_live_and_ready_and_counts_them(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url, worker_port=0, slots=2) as worker:
        await wait_final(database_url, queue, (await queue.enqueue("echo", {})).job_id)
        await wait_final(database_url, queue, (await queue.enqueue("fail", {"permanent": True})).job_id)
        live, ready, unknown = [await get(worker, path) for path in ("/livez", "/readyz", "/")]
        said = await figures(worker)

    assert (live.status_code, ready.status_code, unknown.status_code) == (200, 200, 404)
    assert ready.json() == {"status": "ok", "because": []}
    assert said["pgqueue_worker_attempts_ended_totalcompleted"] == 1
    assert said["pgqueue_worker_attempts_ended_totalfailed"] == 1
    assert said["pgqueue_worker_attempts_ended_totalcrashed"] == 0
    assert (said["pgqueue_worker_slots"], said["pgqueue_worker_ready"]) == (2, 1)
    assert said["pgqueue_worker_children_started_total"] == 2
    assert 0 <= said["pgqueue_worker_lease_age_seconds"] < 10
    assert said["process_resident_memory_bytes"] > 0


async def test_a_draining_worker_is_live_but_not_ready(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url, worker_port=0) as worker:
        enqueued = await queue.enqueue("hang", {"seconds": 600})
        await wait_for(database_url, queue, enqueued.job_id, lambda job: job.percent > 0)
        worker.stop()
        live, ready = [await get(worker, path) for path in ("/livez", "/readyz")]
        worker.stop()

    assert live.status_code == 200
    assert (ready.status_code, ready.json()["because"]) == (503, ["draining"])


async def test_a_worker_that_lost_its_lease_is_ready_again_under_a_new_one(
    database_url: str, pool: AsyncConnectionPool
) -> None:
    async with running_worker(database_url, worker_port=0, lease_seconds=3) as worker:
        first = worker.id
        async with asyncio.timeout(30):
            while worker.id == first:
                # Again, should it have renewed its lease in between.
                await expire_lease(pool, first)
                await rescue(pool)
                await asyncio.sleep(0.2)
            while (await get(worker, "/readyz")).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.1)  # a probe polls


async def test_a_port_that_is_taken_is_one_sentence(database_url: str) -> None:
    async with running_worker(database_url, worker_port=0) as worker:
        with pytest.raises(HealthPortTaken, match="Choose another PGQUEUE_WORKER_PORT"):
            async with running_worker(database_url, worker_port=worker.health_port):
                pass


async def ask(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return answer


def never() -> Any:
    raise AssertionError("nobody asked how it is")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /livez HTTP/1.1\r\n\r\n", b"405"),
        (b"GET /livez?x=1 HTTP/1.1\r\n\r\n", b"200"),
        (b"HEAD /livez HTTP/1.1\r\n\r\n", b"200"),
        (b"nonsense\r\n\r\n", b"405"),
        (b"GET /livez HTTP/1.1\r\nX: " + b"x" * MAX_HEAD_BYTES * 2 + b"\r\n\r\n", b"431"),
    ],
)
async def test_odd_requests_get_an_answer_and_the_connection_is_closed(request_: bytes, status: bytes) -> None:
    async with health.serve(never, host="127.0.0.1", port=0) as port:
        answer = await ask(port, request_)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in head
    assert (json.loads(body) == {"status": "ok"}) if request_.startswith(b"GET /livez?") else True


async def test_connections_beyond_the_bound_are_closed_and_silent_ones_time_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "REQUEST_SECONDS", 1.0)
    async with health.serve(never, host="127.0.0.1", port=0) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MAX_CONNECTIONS)]
        assert await ask(port, b"") == b""
        for reader, writer in silent:
            assert await asyncio.wait_for(reader.read(), 30) == b""
            writer.close()
        assert (await ask(port, b"GET /livez HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200")
