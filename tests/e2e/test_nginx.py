"""Behind a real nginx with the configuration that is shipped: under a path of its own, streams unbuffered, believed."""

import asyncio
import json
import os
import re
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool

from api_scene import Person, body, know_aapl, person, stream
from pgqueue import Queue
from queue_scene import still_worker

NGINX = shutil.which("nginx", path=os.environ["PATH"] + os.pathsep + "/usr/sbin")
LOCATION = Path(__file__).parents[2] / "deploy" / "nginx" / "location.conf"
PREFIX = "/backtests"
QUEUE = f"{PREFIX}/api/backtest/queue"
DEFINITION = {"version": 1, "name": "Kept", "params": {}, "entryLong": "close > 1"}

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed (on Debian: apt install nginx)"),
]

CONFIGURATION = """
worker_processes 1;
daemon off;
pid {directory}/pid;
error_log {directory}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port};
        include {directory}/location.conf;
    }}
}}
"""


@dataclass(frozen=True)
class Site:
    url: str
    """Of the proxy, without the prefix."""
    direct: str
    log: Path


@asynccontextmanager
async def behind_nginx(database_url: str, directory: Path, **settings: str) -> AsyncIterator[Site]:
    log = directory / "api.log"
    with log.open("wb") as said:
        api = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pgqueue", "serve", "--port", "0", "--json"),
            env={**os.environ, "DATABASE_URL": database_url, "PGQUEUE_LOG_FORMAT": "json", **settings},
            stdout=asyncio.subprocess.PIPE,
            stderr=said,
        )
    try:
        assert api.stdout is not None
        direct = json.loads(await api.stdout.readline())["url"]
        async with nginx(directory, direct) as url:
            yield Site(url, direct, log)
    finally:
        api.terminate()
        await api.wait()


@asynccontextmanager
async def nginx(directory: Path, upstream: str) -> AsyncIterator[str]:
    port = free_port()
    location = LOCATION.read_text(encoding="utf-8").replace("http://127.0.0.1:8000", upstream)
    (directory / "location.conf").write_text(location, encoding="utf-8")
    configuration = directory / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(directory=directory, port=port), encoding="utf-8")
    assert NGINX is not None
    process = await asyncio.create_subprocess_exec(
        NGINX, "-p", str(directory), "-c", str(configuration), "-e", str(directory / "error.log"),
    )  # fmt: skip
    try:
        await listening(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


async def listening(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(30):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
    raise AssertionError(f"nginx ended with {process.returncode}")


TRUSTING = {"PGQUEUE_API_PATH_PREFIX": PREFIX, "PGQUEUE_API_TRUSTED_PROXIES": "127.0.0.1"}


@pytest.fixture
async def me(pool: AsyncConnectionPool) -> Person:
    await know_aapl(pool)
    return await person(pool)


async def test_under_a_path_every_link_leads_back_through_the_proxy(
    database_url: str, me: Person, tmp_path: Path
) -> None:
    async with (
        behind_nginx(database_url, tmp_path, **TRUSTING) as site,
        httpx.AsyncClient(base_url=site.url, headers=me.headers) as client,
    ):
        bare = await client.get(PREFIX)
        page = await client.get(f"{PREFIX}/")
        (address,) = re.findall(r'<script type="module" src="([^"]+)"', page.text)
        script = await client.get(urljoin(str(page.url), address))
        accepted = await client.post(QUEUE, json=body())
        links = accepted.json()["links"]
        shown = await client.get(accepted.headers["Location"])
        pages = await client.get(f"{PREFIX}/api/backtest/jobs?limit=1")
        refused = await client.get(f"{QUEUE}/nothing")
        kept = await client.post(f"{PREFIX}/api/strategies", json={"definition": DEFINITION})
        found = await client.get(kept.headers["Location"])
        described = (await client.get(f"{PREFIX}/openapi.json")).json()

    assert (bare.status_code, bare.headers["location"]) == (308, f"{site.url}{PREFIX}/")
    assert (page.status_code, script.status_code, accepted.status_code) == (200, 200, 200)
    assert "immutable" in script.headers["cache-control"]
    assert all(link.startswith(f"{QUEUE}/") for link in links.values())
    assert accepted.headers["Location"] == links["self"] == shown.json()["links"]["self"]
    assert pages.json()["next"].startswith(f"{PREFIX}/api/backtest/jobs?")
    assert kept.headers["Location"] == f"{PREFIX}/api/strategies/{found.json()['id']}"
    assert described["servers"] == [{"url": PREFIX}]
    assert refused.status_code == 404
    assert refused.json()["instance"] == f"{QUEUE}/nothing"


async def test_events_come_through_as_they_happen(
    database_url: str, me: Person, pool: AsyncConnectionPool, tmp_path: Path
) -> None:
    async with behind_nginx(database_url, tmp_path, **TRUSTING) as site, Queue(pool) as queue:
        async with httpx.AsyncClient(base_url=site.url, headers=me.headers) as client:
            links = (await client.post(QUEUE, json=body())).json()["links"]
        worker = await still_worker(pool)
        async with stream(site.url, links["events"], me.headers) as events:
            assert (await events.next()).event == "hello"
            snapshot = await events.next()
            job = await worker.claim_one()
            await queue.cancel(job.id, user_id=me.user_id)
            changed = await events.next()

    assert snapshot.data["status"] == "waiting"
    assert (changed.data["status"], changed.data["cancelRequested"]) == ("processing", True)
    assert changed.data["links"] == links


async def test_only_a_proxy_that_is_trusted_says_who_called(database_url: str, me: Person, tmp_path: Path) -> None:
    lying = me.headers | {"X-Forwarded-For": "203.0.113.9"}
    prefixed = {"PGQUEUE_API_PATH_PREFIX": PREFIX}
    async with behind_nginx(database_url, tmp_path, **prefixed) as site, httpx.AsyncClient(headers=lying) as client:
        await client.get(f"{site.url}{QUEUE}")
        await client.get(f"{site.direct}/api/backtest/queue")
    untrusting = clients(site.log)
    async with behind_nginx(database_url, tmp_path, **TRUSTING) as site, httpx.AsyncClient(headers=lying) as client:
        await client.get(f"{site.url}{QUEUE}")
        await client.get(f"{site.direct}/api/backtest/queue")
    trusting = clients(site.log)

    assert untrusting == ["127.0.0.1", "127.0.0.1"]
    assert trusting == ["127.0.0.1", "203.0.113.9"], "the proxy passes on what it saw; on this machine all are trusted"


def clients(log: Path) -> list[str]:
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [line["client"] for line in lines if line["event"] == "request"]
