"""On a Postgres where the service is no superuser and may make no roles: what it is told, and what then works."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from api_scene import BODY, calling, know_aapl, person, running_app
from conftest import FAST, roomy_memory
from pgqueue import EmbeddedServer, RowSecurityMissing, open_pool


@pytest.fixture(scope="module")
def bare_server() -> Iterator[str]:
    """A server of its own: roles are a whole server's, and here nobody has made ours."""
    with tempfile.TemporaryDirectory(
        prefix="pgqueue-test-", dir=roomy_memory(), ignore_cleanup_errors=True
    ) as directory:
        Path(directory).chmod(0o711)
        with EmbeddedServer(Path(directory), settings=FAST) as server:
            yield server.url_of("postgres")


def migrate(database_url: str) -> str:
    """What `pgqueue migrate` says."""
    done = subprocess.run(
        [sys.executable, "-m", "pgqueue", "migrate"],
        env={**os.environ, "DATABASE_URL": database_url, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def owned_database(bare_server: str) -> str:
    """Address of a database whose owner, the service, may do nothing beyond it."""
    with psycopg.connect(bare_server, autocommit=True) as connection:
        connection.execute("create role service login noinherit password 'secret'")
        connection.execute("create database hosted owner service")
    parts = {name: str(value) for name, value in conninfo_to_dict(bare_server).items() if value}
    for name in ("user", "password", "dbname"):
        parts.pop(name, None)
    return f"postgresql://service:{quote('secret')}@/hosted?{urlencode(parts)}"


@pytest.mark.anyio
async def test_migrate_says_what_an_administrator_must_run_the_api_waits_for_it_and_then_all_works(
    bare_server: str,
) -> None:
    database_url = owned_database(bare_server)

    assert "create role pgqueue_api nologin" in migrate(database_url)
    with pytest.raises(RowSecurityMissing, match='role "pgqueue_api" does not exist'):
        async with running_app(database_url):
            pass

    with psycopg.connect(bare_server, autocommit=True) as administrator:
        administrator.execute("create role pgqueue_api nologin")
    migrate(database_url)
    with pytest.raises(RowSecurityMissing, match="permission denied to set role"):
        async with running_app(database_url):
            pass

    with psycopg.connect(bare_server, autocommit=True) as administrator:
        administrator.execute("grant pgqueue_api to service")
    assert "Row-level security waits" not in migrate(database_url)
    async with open_pool(database_url) as pool:
        await know_aapl(pool)
        me = await person(pool)
        async with running_app(database_url) as app, calling(app, me) as client:
            added = await client.post("/api/backtest/queue", json=BODY)
            read = await client.get(added.json()["links"]["self"])
    assert (added.status_code, read.status_code) == (200, 200)
