"""<backtest-progress>, in the page that its document shows, under a policy that allows the site's own scripts alone."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from api.static import POLICY
from axe_scene import assert_accessible
from page_scene import Site, Visit, visiting
from result_scene import ask_for_run

pytestmark = pytest.mark.pages

DOCUMENT = (Path(__file__).parents[2] / "docs" / "page-element.md").read_text(encoding="utf-8")
HEARD = """() => {
  window.heard = [];
  for (const name of ["progress", "completed", "failed", "cancelled", "gone", "login"]) {
    document.addEventListener(name, ({ detail }) => window.heard.push([name, detail.jobId, detail.progress ?? null]));
  }
}"""
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", DOCUMENT, flags=re.DOTALL)
    assert found is not None
    return found[1]


def strict(body: str, content_type: str) -> Any:
    def answer(route: Route) -> None:
        headers = {"Content-Type": f"{content_type}; charset=utf-8", "Content-Security-Policy": POLICY}
        route.fulfill(body=body, headers=headers)

    return answer


@contextmanager
def page_of_the_site(visit: Visit, site: Site, query: str = "", *, root: str = "") -> Iterator[Page]:
    """The documented page, which asks for the run that its address names."""
    page = visit.page
    page.route("**/overnight.html*", strict(block("html").replace('src="/static', f'src="{root}/static'), "text/html"))
    page.route("**/overnight.js", strict(block("js"), "text/javascript"))
    page.goto(f"{site.url}/overnight.html{query}")
    page.evaluate(HEARD)
    yield page


def heard(page: Page, name: str) -> list[Any]:
    return [each for each in page.evaluate("window.heard") if each[0] == name]


def test_the_documented_page_watches_a_run_to_its_end(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        job_id = ask_for_run(visit)
        with page_of_the_site(visit, site, f"?run={job_id}") as page:
            run = page.locator("backtest-progress")
            expect(run).to_have_attribute("status", "completed")
            expect(page.locator("#outcome")).to_have_text("Sharpe ratio 0.87")
            bar = run.get_by_role("progressbar")
            expect(bar).to_have_attribute("aria-valuenow", "100")
            expect(bar).to_have_attribute("aria-valuetext", "Completed")
            assert_accessible(page)


def test_progress_moves_and_a_cancel_is_heard_once(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site) as visit:
        slow_site.enqueue(visit.user, "steps", steps=400, seconds=40)
        job_id = visit.runs.get_attribute("data-job")
        with page_of_the_site(visit, slow_site, f"?run={job_id}") as page:
            bar = page.locator("backtest-progress").get_by_role("progressbar")
            expect(bar).not_to_have_attribute("aria-valuenow", "0")
            seen = bar.get_attribute("aria-valuenow")
            assert seen is not None
            expect(bar).not_to_have_attribute("aria-valuenow", seen)
            page.evaluate("id => fetch(`/api/backtest/queue/${id}`, { method: 'DELETE' })", job_id)
            expect(page.locator("backtest-progress")).to_have_attribute("status", "cancelled")
            assert len(heard(page, "cancelled")) == 1
            moves = [percent for _, _, percent in heard(page, "progress")]
            assert len(moves) > 1
            assert moves == sorted(moves)


def test_a_failure_is_said_as_text(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site) as visit:
        slow_site.enqueue(visit.user, "<img src=x onerror=alert(1)>")
        expect(visit.runs).to_have_attribute("data-status", "failed")
        job_id = visit.runs.get_attribute("data-job")
        with page_of_the_site(visit, slow_site, f"?run={job_id}") as page:
            expect(page.locator("#outcome")).to_contain_text("<img src=x onerror=alert(1)>")
            expect(page.locator("backtest-progress")).to_contain_text("<img src=x")
            expect(page.locator("backtest-progress img")).to_have_count(0)


def test_it_polls_while_the_stream_is_cut_and_ends_all_the_same(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site) as visit:
        slow_site.enqueue(visit.user, "steps", steps=40, seconds=6)
        job_id = visit.runs.get_attribute("data-job")
        visit.page.route("**/events", lambda route: route.abort())
        with page_of_the_site(visit, slow_site, f"?run={job_id}") as page:
            expect(page.locator("backtest-progress")).to_have_attribute("status", "completed")
            assert len(heard(page, "completed")) == 1
            expect(page.locator("#outcome")).to_have_text("Sharpe ratio not defined")


def test_a_hidden_page_holds_no_stream_and_catches_up(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site) as visit:
        slow_site.enqueue(visit.user, "steps", steps=400, seconds=40)
        job_id = visit.runs.get_attribute("data-job")
        with page_of_the_site(visit, slow_site, f"?run={job_id}") as page:
            bar = page.locator("backtest-progress").get_by_role("progressbar")
            expect(bar).not_to_have_attribute("aria-valuenow", "0")
            with page.expect_event("requestfailed", lambda request: request.url.endswith("/events")):
                page.evaluate(HIDE, True)
            page.evaluate("id => fetch(`/api/backtest/queue/${id}`, { method: 'DELETE' })", job_id)
            page.evaluate(HIDE, False)
            expect(page.locator("backtest-progress")).to_have_attribute("status", "cancelled")


def test_it_leaves_nothing_open_when_it_leaves_the_page(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site) as visit:
        slow_site.enqueue(visit.user, "steps", steps=400, seconds=40)
        job_id = visit.runs.get_attribute("data-job")
        with page_of_the_site(visit, slow_site, f"?run={job_id}") as page:
            expect(page.locator("backtest-progress")).to_have_attribute("status", "processing")
            with page.expect_event("requestfailed", lambda request: request.url.endswith("/events")):
                page.evaluate("document.querySelector('backtest-progress').remove()")


@pytest.mark.parametrize("job_id", ["01a20ad0-2158-78f1-8cbd-a341db17a8f9", "nonsense"])
def test_a_run_that_is_nobodys_is_gone(browser: Browser, site: Site, job_id: str) -> None:
    with visiting(browser, site) as visit, page_of_the_site(visit, site) as page:
        page.evaluate("id => { document.querySelector('backtest-progress').jobId = id }", job_id)
        expect(page.locator("backtest-progress")).to_contain_text("There is no such run.")
        assert heard(page, "gone") == [["gone", job_id, None]]


def test_without_a_session_it_asks_for_a_login(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        job_id = ask_for_run(visit)
        visit.page.context.clear_cookies()
        with page_of_the_site(visit, site, f"?run={job_id}") as page:
            expect(page.locator("backtest-progress")).to_contain_text("Log in to see this run.")


def test_another_id_begins_anew_and_language_is_that_around_it(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        first, second = ask_for_run(visit), ask_for_run(visit, "buy-and-hold")
        with page_of_the_site(visit, site, f"?run={first}") as page:
            run = page.locator("backtest-progress")
            expect(run).to_have_attribute("status", "completed")
            page.evaluate("id => { document.querySelector('backtest-progress').jobId = id }", second)
            expect(page.locator("#outcome")).to_have_text(re.compile(r"Sharpe ratio \d\.\d\d"))
            page.wait_for_function("id => document.querySelector('backtest-progress').job?.jobId === id", arg=second)
            page.evaluate("() => { document.querySelector('backtest-progress').lang = 'ko' }")
            expect(run).to_contain_text("완료")


def test_it_asks_where_its_own_file_came_from(browser: Browser, site: Site) -> None:
    """A proxy offers the service under a path, here one that only this page knows of."""
    with visiting(browser, site) as visit:
        job_id = ask_for_run(visit)
        asked: list[str] = []

        def inward(route: Route) -> None:
            asked.append(route.request.url)
            answer = route.fetch(url=route.request.url.replace("/under/a/path", ""))
            route.fulfill(response=answer)

        visit.page.route("**/under/a/path/**", inward)
        with page_of_the_site(visit, site, f"?run={job_id}", root="/under/a/path") as page:
            expect(page.locator("backtest-progress")).to_have_attribute("status", "completed")
        assert any(url.endswith(f"/under/a/path/api/backtest/queue/{job_id}") for url in asked)
        assert f"{site.url}/api/backtest/queue/{job_id}" not in asked
