"""Operators find jobs among others: by one box, by filters that are in the address, page by page."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from axe_scene import assert_accessible
from jobs_scene import Jobs, jobs
from page_scene import visiting

__all__ = ["jobs"]

MARKUP = '<img src=x onerror="document.title=1"><b>bold</b>'


def rows(page: Page) -> Any:
    return page.locator(".jobs-table tbody tr[data-job]")


def row(page: Page, job_id: str) -> Any:
    return page.locator(f'.jobs-table tr[data-job="{job_id}"]')


def look(page: Page, **search: str) -> None:
    """By an address, as a colleague sends it."""
    page.evaluate("search => { location.hash = '#/jobs?' + new URLSearchParams(search) }", search)


def shows(page: Page, ids: list[str]) -> None:
    """Just these, the newest first."""
    expect(page.locator(".jobs")).to_have_attribute("aria-busy", "false")
    expect(rows(page)).to_have_count(len(ids))
    for at, job_id in enumerate(sorted(ids, reverse=True)):
        expect(rows(page).nth(at)).to_have_attribute("data-job", job_id)


@pytest.fixture
def many(jobs: Jobs) -> dict[str, list[str]]:
    """One job of each sort, and those that the filters below must leave out."""
    someone = uuid4()
    found = {
        "failed": jobs.fail(1, "no prices for KO in 2019", user=someone, symbol="KO", tier=2),
        "completed": jobs.add(1, strategy={"name": "Turtle breakout"}),
    }
    assert jobs.end() == found["completed"]
    found["waiting"] = jobs.add(2, kind="sweep", symbol="MSFT")
    found["other"] = jobs.add(1, queue="nightly")
    found["user"] = [str(someone)]
    return found


def test_each_filter_finds_what_it_says_and_nothing_else(
    browser: Browser, jobs: Jobs, many: dict[str, list[str]]
) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        look(page)
        shows(page, [job_id for name, ids in many.items() if name != "user" for job_id in ids])
        for search, found in [
            ({"status": "failed"}, "failed"),
            ({"status": "completed"}, "completed"),
            ({"plan": "pro"}, "failed"),
            ({"queue": "nightly"}, "other"),
            ({"kind": "sweep"}, "waiting"),
            ({"userId": many["user"][0]}, "failed"),
            ({"symbol": "MSFT"}, "waiting"),
            ({"strategy": "turtle"}, "completed"),
            ({"error": "PRICES FOR ko"}, "failed"),
            ({"jobId": many["other"][0]}, "other"),
            ({"q": many["completed"][0]}, "completed"),
            ({"q": many["user"][0]}, "failed"),
            ({"q": "breakout"}, "completed"),
            ({"q": "no prices"}, "failed"),
            ({"status": "waiting", "kind": "sweep", "until": later}, "waiting"),
        ]:
            look(page, **search)
            shows(page, many[found])
        look(page, since=later)
        expect(page.locator(".jobs-state")).to_contain_text("No job matches this search")
        assert_accessible(page)


def test_the_fields_make_the_address_and_the_address_fills_the_fields(
    browser: Browser, jobs: Jobs, many: dict[str, list[str]]
) -> None:
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        page.get_by_role("link", name="Jobs", exact=True).click()
        expect(rows(page)).to_have_count(5)
        page.get_by_role("button", name="Filters").click()
        page.get_by_label("Symbol", exact=True).fill("KO")
        page.get_by_label("Symbol", exact=True).press("Enter")
        shows(page, many["failed"])
        page.locator(".jobs").get_by_label("Plan", exact=True).select_option("pro")
        expect(page).to_have_url(re.compile(r"#/jobs\?plan=pro&symbol=KO$"))
        page.reload()
        shows(page, many["failed"])
        expect(page.get_by_role("button", name="Filters (2)")).to_be_visible()
        page.get_by_role("button", name="Filters (2)").click()
        expect(page.get_by_label("Symbol", exact=True)).to_have_value("KO")
        page.get_by_label("Remove the filter Symbol").click()
        expect(page).to_have_url(re.compile(r"#/jobs\?plan=pro$"))
        page.go_back()
        expect(page).to_have_url(re.compile(r"symbol=KO$"))
        expect(page.get_by_label("Symbol", exact=True)).to_have_value("KO")
        assert_accessible(page)


def test_counts_stand_beside_the_states_and_lead_to_them(
    browser: Browser, jobs: Jobs, many: dict[str, list[str]]
) -> None:
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        look(page)
        states = page.get_by_role("navigation", name="By status")
        expect(states.get_by_role("link", name="Waiting 3")).to_be_visible()
        states.get_by_role("link", name="Failed 1").click()
        shows(page, many["failed"])
        expect(states.get_by_role("link", name="Failed")).to_have_attribute("aria-current", "true")


def test_what_the_server_does_not_understand_is_said(browser: Browser, jobs: Jobs) -> None:
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        look(page, userId="nobody")
        expect(page.locator(".jobs").get_by_role("alert")).to_contain_text("“userId” must be a whole id")
        look(page, symbol="KO")
        expect(page.locator(".jobs-state")).to_contain_text("No job matches")


def test_pages_follow_one_another_without_a_gap_while_jobs_are_added(browser: Browser, jobs: Jobs) -> None:
    ids = jobs.add(120, user=uuid4())
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        look(page)
        expect(rows(page)).to_have_count(50)
        newer = jobs.add(2)
        expect(page.get_by_role("button", name="2 newer jobs. Show")).to_be_visible()
        for shown in (100, 120):
            page.get_by_role("button", name="Show more").click()
            expect(rows(page)).to_have_count(shown)
        shows(page, ids)
        expect(page.get_by_role("button", name="Show more")).to_be_hidden()
        page.get_by_role("button", name="2 newer jobs. Show").click()
        expect(rows(page)).to_have_count(50)
        expect(rows(page).first).to_have_attribute("data-job", max(newer))


def test_rows_change_where_they_stand(browser: Browser, jobs: Jobs) -> None:
    (first, second) = jobs.add(2, user=uuid4())
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        look(page, status="waiting")
        shows(page, [first, second])
        assert jobs.end(1, "the lease was lost") == [first]
        expect(row(page, first).locator(".chip")).to_have_text("Failed")
        expect(row(page, first)).to_contain_text("the lease was lost")
        expect(row(page, first)).to_have_attribute("data-mark", "left")
        shows(page, [first, second])


def test_markup_in_names_and_errors_stays_text(browser: Browser, jobs: Jobs) -> None:
    (failed,) = jobs.fail(1, MARKUP, strategy={"name": MARKUP, "entryLong": MARKUP}, symbol="KO")
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        look(page, q="<img")
        shows(page, [failed])
        expect(row(page, failed).locator(".job-name")).to_have_text(f"KO · {MARKUP}")
        expect(row(page, failed).locator(".job-problem")).to_have_text(MARKUP)
        row(page, failed).locator(".job-name").click()
        expect(page.locator(".job h2")).to_have_text(f"KO · {MARKUP}")
        expect(page.locator(".job-error p")).to_contain_text(MARKUP)
        expect(page.locator(".rules").last).to_contain_text(MARKUP)
        expect(page.locator("#views img")).to_have_count(0)
        page.get_by_role("button", name="Requeue").click()
        expect(page.locator(".outcome")).to_contain_text(MARKUP)


def test_a_server_that_is_away_is_said_and_asked_again(
    browser: Browser, jobs: Jobs, many: dict[str, list[str]]
) -> None:
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        page.route("**/api/admin/jobs?*", lambda route: route.abort())
        look(page, symbol="KO")
        expect(page.locator(".jobs").get_by_role("alert")).to_contain_text("The server does not answer")
        page.unroute("**/api/admin/jobs?*")
        page.get_by_role("button", name="Try again").click()
        shows(page, many["failed"])


@pytest.mark.parametrize("dark", [False, True])
def test_found_jobs_fit_a_phone_and_can_be_read_by_ear(
    browser: Browser, jobs: Jobs, many: dict[str, list[str]], dark: bool
) -> None:
    with visiting(browser, jobs.site, role="admin", width=390, dark=dark, locale="ko-KR") as visit:
        page = visit.page
        look(page)
        expect(rows(page)).to_have_count(5)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert_accessible(page)
        UUID(str(rows(page).first.get_attribute("data-job")))
