"""The history of one's runs: filters that are in the address, pages, live rows, and the way back into the ticket."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from axe_scene import assert_accessible
from page_scene import Site, Visit, connection, visiting

pytestmark = pytest.mark.pages

PAGE = 50


@pytest.fixture
def visit(browser: Browser, slow_site: Site) -> Iterator[Visit]:
    with visiting(browser, slow_site) as visit:
        expect(connection(visit.page)).to_have_text("live")
        yield visit


def rows(page: Page) -> Any:
    return page.locator(".history-table tbody tr")


def show(visit: Visit, site: Site, query: str = "") -> Page:
    visit.page.goto(f"{site.url}/#/history{query}")
    expect(visit.page.get_by_role("heading", name="History")).to_be_visible()
    return visit.page


def test_filters_are_in_the_address_and_an_address_is_filters(visit: Visit, slow_site: Site) -> None:
    for name, kind, facts in (
        ("one", "echo", {}),
        ("two", "echo", {"symbol": "PEP"}),
        ("bad", "fail", {"permanent": True}),
    ):
        slow_site.enqueue(visit.user, kind, strategy={"name": name}, **facts)
    page = show(visit, slow_site)
    expect(rows(page).filter(has_text="Completed")).to_have_count(2)
    expect(rows(page).filter(has_text="Failed")).to_have_count(1)
    assert_accessible(page)

    page.select_option("#history-status", "failed")
    expect(rows(page)).to_have_count(1)
    assert page.url.endswith("#/history?status=failed")
    page.get_by_role("button", name="Clear filters").click()
    expect(rows(page)).to_have_count(3)
    page.fill("#history-symbol", "pep")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("PEP · two")

    show(visit, slow_site, "?strategy=ON&status=completed")
    expect(rows(page)).to_have_count(1)
    expect(page.locator("#history-strategy")).to_have_value("ON")
    show(visit, slow_site, "?until=2020-01-01")
    expect(page.locator(".history .empty")).to_have_text("No run fits these filters. Clear them to see all.")


def test_more_than_a_page_comes_on_demand_and_each_run_once(visit: Visit, slow_site: Site) -> None:
    slow_site.enqueue_all(visit.user, "echo", [{"strategy": {"name": f"run {n}"}} for n in range(PAGE + 5)])
    page = show(visit, slow_site)
    expect(rows(page)).to_have_count(PAGE)
    page.get_by_role("button", name="Show more").click()
    expect(rows(page)).to_have_count(PAGE + 5)
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()
    jobs = [row.get_attribute("data-job") or "" for row in rows(page).all()]
    assert jobs == sorted(set(jobs), reverse=True)


def test_rows_move_on_and_new_runs_come_on_top(visit: Visit, slow_site: Site) -> None:
    slow_site.enqueue(visit.user, "echo", strategy={"name": "old"})
    page = show(visit, slow_site)
    expect(rows(page)).to_have_count(1)
    slow_site.enqueue(visit.user, "steps", steps=300, seconds=30, strategy={"name": "new"})
    expect(rows(page).first).to_contain_text(re.compile(r"KO · new.*stepping \d+%"))
    seen = rows(page).first.locator(".chip").text_content() or ""
    expect(rows(page).first.locator(".chip")).not_to_have_text(seen)


def test_what_does_not_fit_is_not_put_on_top(visit: Visit, slow_site: Site) -> None:
    slow_site.enqueue(visit.user, "echo", strategy={"name": "old"})
    page = show(visit, slow_site, "?symbol=KO")
    expect(rows(page)).to_have_count(1)
    slow_site.enqueue(visit.user, "echo", strategy={"name": "other"}, symbol="PEP")
    slow_site.enqueue(visit.user, "echo", strategy={"name": "fitting"})
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("KO · fitting")


def test_runs_are_run_again_opened_and_compared_from_here(visit: Visit, slow_site: Site) -> None:
    for name in ("first", "second"):
        slow_site.enqueue(visit.user, "echo", strategy={"name": name})
    page = show(visit, slow_site)
    expect(rows(page).filter(has_text="Completed")).to_have_count(2)
    rows(page).first.get_by_role("button", name="Run again").click()
    expect(rows(page).filter(has_text="Completed")).to_have_count(3)

    jobs = [row.get_attribute("data-job") for row in rows(page).all()]
    for row in rows(page).all()[:2]:
        row.get_by_role("checkbox").check()
    page.get_by_role("link", name="Compare 2 runs").click()
    assert page.url.endswith(f"#/compare/{jobs[1]}/{jobs[0]}")
    page.go_back()
    rows(page).last.get_by_role("link", name="KO · first", exact=True).click()
    assert page.url.endswith(f"#/runs/{jobs[2]}")


def test_markup_in_the_history_stays_text(visit: Visit, slow_site: Site) -> None:
    bad = "<img src=x onerror=alert(1)>"
    slow_site.enqueue(visit.user, "fail", permanent=True, strategy={"name": bad}, symbol="<b>")
    page = show(visit, slow_site)
    expect(rows(page)).to_contain_text(f"<b> · {bad}")
    expect(page.locator(".history img, .history b")).to_have_count(0)


def test_a_history_that_cannot_be_loaded_says_so_and_is_asked_for_again(visit: Visit, slow_site: Site) -> None:
    slow_site.enqueue(visit.user, "echo", strategy={"name": "one"})
    page = visit.page
    expect(visit.runs).to_have_attribute("data-status", "completed")
    page.route("**/api/backtest/jobs?standing=1&limit=50", lambda route: route.abort(), times=1)
    show(visit, slow_site)
    expect(page.locator(".history .notice")).to_contain_text("The history could not be loaded.")
    page.locator(".history").get_by_role("button", name="Try again").click()
    expect(rows(page)).to_have_count(1)
    expect(page.locator(".history .notice")).to_be_hidden()


def test_an_empty_history_says_what_it_is_for(visit: Visit, slow_site: Site) -> None:
    page = show(visit, slow_site)
    expect(page.locator(".history .empty")).to_have_text("No runs yet. What you run is kept here.")
    assert_accessible(page)


def test_rows_are_cards_on_a_phone(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, width=390) as visit:
        slow_site.enqueue(visit.user, "echo", strategy={"name": "a name that is as long as people make them " * 2})
        page = show(visit, slow_site)
        expect(rows(page)).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert_accessible(page)
