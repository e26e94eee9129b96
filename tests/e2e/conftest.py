"""The product as processes, and one Chromium for all pages."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from api.cli.stack import ask
from database_scene import address, execute
from page_scene import ALONE, CHROMIUM, PATIENCE_MILLISECONDS, TEST_WORKER, Site, environment, serve, start

_numbers = count()


@pytest.fixture(scope="module")
def site(server_url: str, template: str) -> Iterator[Site]:
    """The whole product: bundled prices, API and worker, each a process of its own."""
    name = f"pgqueue_page_{os.getpid()}_{next(_numbers)}"
    execute(server_url, "create database {} template {} strategy file_copy", name, template)
    database_url = address(server_url, name)
    with ExitStack() as stack:
        stack.callback(execute, server_url, "drop database {} with (force)", name)
        _, url = serve(stack, database_url)
        ask("data", "sample", environment=environment(database_url))
        start(stack, database_url, ["-m", "pgqueue", "worker", "--json"])
        yield Site(database_url, url)


@pytest.fixture
def slow_site(database_url: str) -> Iterator[Site]:
    """The API with a worker whose jobs take as long as they are told to."""
    with ExitStack() as stack:
        _, url = serve(stack, database_url)
        start(stack, database_url, [str(TEST_WORKER), database_url, "2"])
        yield Site(database_url, url)


# Not for the session: while it runs, its loop is in the way of async tests in other modules.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ALONE)
        yield browser
        browser.close()
