"""A real Postgres for every test: one server for the session, one migrated template, one clone of it per test."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from database_scene import address, execute
from pgqueue import migrate
from pgqueue.database import EmbeddedServer, open_pool

# The server to test against is chosen once; no test then sees the settings of whoever runs it.
CHOSEN_SERVER = os.environ.pop("DATABASE_URL", None)
for variable in [name for name in os.environ if name.startswith("PGQUEUE_")]:
    del os.environ[variable]

# Durability is for data that must outlive a crash; the fault tests bring servers of their own.
FAST = {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "off", "max_connections": "300"}

# Each takes a Postgres, a Chromium and the product's processes: a gigabyte or two.
MOST_PROCESSES = 8

_numbers = count()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """Address of a database one may make others from."""
    if CHOSEN_SERVER is not None:
        yield CHOSEN_SERVER
        return
    # Directly below it: a socket's path is short, and as root the server's user must get there.
    with tempfile.TemporaryDirectory(
        prefix="pgqueue-test-", dir=roomy_memory(), ignore_cleanup_errors=True
    ) as directory:
        Path(directory).chmod(0o711)
        with EmbeddedServer(Path(directory), settings=FAST) as server:
            yield server.url_of("postgres")


def roomy_memory() -> str | None:
    """A file system in memory where there is room for hundreds of clones: one takes 10 ms there, 200 on a disk."""
    memory = "/dev/shm"
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 * 2**30
    return memory if roomy else None


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """Name of a database at the newest revision, to be cloned."""
    name = f"pgqueue_template_{os.getpid()}"
    execute(server_url, "create database {}", name)
    migrate.upgrade(address(server_url, name))
    yield name
    execute(server_url, "drop database {} with (force)", name)


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A database of the test's own, migrated and empty."""
    name = f"pgqueue_test_{os.getpid()}_{next(_numbers)}"
    execute(server_url, "create database {} template {} strategy file_copy", name, template)
    yield address(server_url, name)
    execute(server_url, "drop database {} with (force)", name)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[AsyncConnectionPool]:
    async with open_pool(database_url, size=8, application_name="test") as pool:
        yield pool


def pytest_xdist_auto_num_workers() -> int:
    """Processes that `-n auto` divides the tests among, each with a server of its own."""
    # Roles belong to a server, and on one that is given tests of two processes would make and drop the same ones.
    return 0 if CHOSEN_SERVER is not None else min(os.cpu_count() or 1, MOST_PROCESSES)


def pytest_report_header() -> str:
    if CHOSEN_SERVER is None:
        return "database: embedded PostgreSQL 18"
    with psycopg.connect(CHOSEN_SERVER) as connection:
        return f"database: PostgreSQL {connection.info.parameter_status('server_version')}, of DATABASE_URL"
