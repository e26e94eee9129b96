"""Addresses of a broken link, or of somebody who tries: each says that nothing is there, none breaks the page."""

import re

import pytest
from playwright.sync_api import Browser, expect

from jobs_scene import Jobs, jobs
from page_scene import Site, visiting

pytestmark = pytest.mark.pages

__all__ = ["jobs"]

NOTHING = re.compile("There is no such|There is nothing at this address")


@pytest.mark.parametrize("part", ["", ".", "..", "%00", "%2e%2e", "%E0%A4", "../.."])
def test_what_names_no_run_and_no_strategy_is_said_to_be_none(browser: Browser, site: Site, part: str) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        for view in ("runs", "compare", "strategies"):
            if (view, part) in (("compare", ""), ("strategies", "")):
                continue
            page.evaluate("hash => { location.hash = hash }", f"#/{view}/{part}")
            expect(page.locator("#views > *:visible")).to_contain_text(NOTHING)


@pytest.mark.parametrize("part", [".", "..", "%00", "%2e%2e", "%E0%A4", "../.."])
def test_what_names_no_job_and_no_account_is_said_to_be_none(browser: Browser, site: Site, part: str) -> None:
    with visiting(browser, site, role="admin") as visit:
        page = visit.page
        for view in ("jobs", "accounts"):
            page.evaluate("hash => { location.hash = hash }", f"#/{view}/{part}")
            expect(page.locator("#views > *:visible")).to_contain_text(NOTHING)


def test_an_address_that_asks_for_what_cannot_be_is_told_what_can_in_both_languages(
    browser: Browser, jobs: Jobs
) -> None:
    said = {
        "en-US": (
            "In this address “status” must be one of waiting, processing, completed, failed, cancelled, ready, held,"
            " scheduled, retrying.Search without it"
        ),
        "ko-KR": (
            "이 주소의 “status”에는 다음 중 하나를 써야 합니다: waiting, processing, completed, failed,"
            " cancelled, ready, held, scheduled, retrying.이 조건 없이 찾기"
        ),
    }
    jobs.add(1)
    for locale, sentence in said.items():
        with visiting(browser, jobs.site, role="admin", locale=locale) as visit:
            page = visit.page
            alert = page.locator("#views [role=alert]:visible")
            page.evaluate("() => { location.hash = '#/jobs?status=foo&symbol=AAPL' }")
            expect(alert).to_have_text(sentence)
            alert.get_by_role("link").click()
            expect(page).to_have_url(re.compile("#/jobs[?]symbol=AAPL$"))
            expect(page.locator(".jobs-table tbody tr[data-job]")).to_have_count(1)
            page.evaluate("() => { location.hash = '#/accounts?plan=gold' }")
            expect(alert).to_contain_text("free, basic, pro")
            page.evaluate("() => { location.hash = '#/audit?userId=nobody' }")
            expect(alert).to_contain_text("“userId”")


def test_a_question_closes_when_one_goes_back_or_is_logged_out(browser: Browser, jobs: Jobs) -> None:
    [job_id] = jobs.add()
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        for leave in (page.go_back, page.context.clear_cookies):
            page.evaluate("() => { location.hash = '#/queues' }")
            page.evaluate("id => { location.hash = `#/jobs/${id}` }", job_id)
            page.get_by_role("button", name="Cancel", exact=True).click()
            expect(page.get_by_role("dialog")).to_be_visible()
            leave()
            expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator("#login")).to_be_visible()
        assert jobs.states([job_id]) == ["ready"]
