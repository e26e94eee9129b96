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
