"""What fault tests have: users with jobs on a database of the test's own, or a whole server to hurt."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from fault_scene import Load, load_on
from pgqueue import EmbeddedServer
from pgqueue.migrate import upgrade


@pytest.fixture
async def load(database_url: str) -> AsyncIterator[Load]:
    async with load_on(database_url) as load:
        yield load


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    """A server of the test's own, as durable as in use: nobody else notices what happens to it."""
    with tempfile.TemporaryDirectory(prefix="pgqueue-test-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o711)
        with EmbeddedServer(Path(directory) / "data", settings={"max_connections": "30"}) as server:
            upgrade(server.url)
            yield server


@pytest.fixture
async def load_on_server(server: EmbeddedServer) -> AsyncIterator[Load]:
    async with load_on(server.url) as load:
        yield load
