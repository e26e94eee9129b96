"""The bar for a first look at the page, and that a second one fetches no file again."""

from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest
from playwright.sync_api import Browser

from api.static import files_of_pages
from bench.page_weight import BAR_BYTES, look_twice
from page_scene import Site, serve


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    with ExitStack() as stack:
        _, url = serve(stack, database_url)
        site = Site(database_url, url)
        site.ask("data", "sample")
        yield site


def test_a_first_look_is_light_and_a_second_one_fetches_no_file_again(browser: Browser, site: Site) -> None:
    files = len(files_of_pages().newest().modules("index.html")) + 1  # and the style

    weights = look_twice(browser, site.url, "/", site.key(str(uuid4())))

    assert weights is not None
    assert 10_000 < weights["cold"].bytes < BAR_BYTES
    assert weights["cold"].requests - weights["warm"].requests >= files
    assert weights["warm"].bytes < weights["cold"].bytes / 4
