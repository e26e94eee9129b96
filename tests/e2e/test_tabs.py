"""Many pages of one browser, which has six connections for them all: one holds the stream, and all are told."""

from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from page_scene import PATIENCE_MILLISECONDS, Site, connection, visiting

TABS = 10


class Streams:
    """The event streams that a browser has open now, by the page that holds each."""

    def __init__(self, context: BrowserContext) -> None:
        self.open: list[Request] = []
        context.on("request", self._began)
        context.on("requestfailed", self._ended)
        context.on("requestfinished", self._ended)

    @property
    def holders(self) -> list[Page]:
        return [request.frame.page for request in self.open]

    def _began(self, request: Request) -> None:
        if request.url.endswith("/events"):
            self.open.append(request)

    def _ended(self, request: Request) -> None:
        if request in self.open:
            self.open.remove(request)


def tabs(visit: Any, site: Site, count: int) -> tuple[list[Page], Streams]:
    """All pages of the visitor's browser, and its streams. The first is opened anew, so that its stream is counted."""
    streams = Streams(visit.page.context)
    visit.page.goto("about:blank")
    pages = [visit.page, *(visit.page.context.new_page() for _ in range(count - 1))]
    for page in pages:
        page.on("console", visit.note)
        page.on("pageerror", lambda error: visit.wrong.append(str(error)))
        page.goto(site.url)
    for page in pages:
        expect(connection(page)).to_have_text("live")
    return pages, streams


def test_ten_tabs_share_one_stream_and_all_see_a_run_end(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        pages, streams = tabs(visit, site, TABS)
        assert len(streams.open) == 1

        site.enqueue(visit.user, "backtest", strategyId="sma-cross", strategy="sma-cross")
        for page in pages:
            expect(page.locator(".run[data-status=completed]")).to_have_count(1)
        assert len(streams.open) == 1


def test_another_tab_takes_over_when_the_one_with_the_stream_goes(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site) as visit:
        pages, streams = tabs(visit, slow_site, 3)
        slow_site.enqueue(visit.user, "steps", steps=400, seconds=20)
        for page in pages:
            expect(page.locator(".run[data-status=processing]")).to_have_count(1)
        (leader,) = streams.holders
        others = [page for page in pages if page is not leader]
        context = others[0].context
        with context.expect_event(
            "request", lambda request: request.url.endswith("/events"), timeout=PATIENCE_MILLISECONDS
        ):
            leader.close()
        slow_site.enqueue(visit.user, "echo", strategy={"name": "meanwhile"})
        for page in others:
            expect(connection(page)).to_have_text("live")
            expect(page.locator(".run").filter(has_text="meanwhile")).to_have_attribute("data-status", "completed")
            expect(page.locator(".run[data-status=completed]")).to_have_count(2)
        assert len([page for page in streams.holders if page in others]) == 1


def test_who_logs_in_beside_another_sees_nothing_of_theirs(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        pages, _ = tabs(visit, site, 2)
        site.enqueue(visit.user, "backtest", strategyId="sma-cross", strategy="sma-cross")
        for page in pages:
            expect(page.locator(".run[data-status=completed]")).to_have_count(1)

        newcomer = str(uuid4())
        pages[1].goto("about:blank")
        pages[1].goto(site.login_url(newcomer))
        site.enqueue(visit.user, "backtest", strategyId="buy-and-hold", strategy="buy-and-hold")
        site.enqueue(newcomer, "backtest", strategyId="macd", strategy="macd")
        for page in pages:
            expect(connection(page)).to_have_text("live")
            expect(page.locator(".run[data-status=completed] .run-name")).to_have_text("KO · macd")


def test_who_logs_out_in_one_tab_is_out_of_all(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        pages, streams = tabs(visit, site, 2)
        pages[0].click("#logout")
        for page in pages:
            expect(page.locator("#login")).to_be_visible()
            expect(page.locator("#views")).to_be_hidden()
        assert streams.open == []


def test_without_locks_every_page_has_a_stream_of_its_own(browser: Browser, site: Site) -> None:
    def without_locks(page: Page) -> None:
        page.context.add_init_script("delete Navigator.prototype.locks")

    with visiting(browser, site, prepare=without_locks) as visit:
        _, streams = tabs(visit, site, 2)
        assert len(streams.open) == 2
