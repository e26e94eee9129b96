"""The audit log on the operators' page, and the doctor's findings. The first job makes the queue."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from axe_scene import assert_accessible
from page_scene import Site, visiting

pytestmark = pytest.mark.pages

ACT = """async ([path, method, body]) => {
    const headers = { "Content-Type": "application/json" };
    return (await fetch(`/api/admin/${path}`, { method, headers, body: body && JSON.stringify(body) })).status;
}"""
PAGE = 50


def entries(page: Page) -> Locator:
    return page.get_by_role("region", name="Audit").locator("tbody tr")


def test_what_is_done_appears_with_who_what_and_how_it_went(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin") as visit:
        page = visit.page
        slow_site.enqueue(visit.user, "steps", steps=1)
        page.get_by_role("link", name="Audit", exact=True).click()
        expect(page.locator("#views")).to_contain_text("Nothing was done yet.")
        assert page.evaluate(ACT, ["queues/backtest", "PATCH", {"maxRunning": 7}]) == 200
        expect(entries(page)).to_have_count(1)
        expect(entries(page)).to_contain_text("limited a queue")
        expect(entries(page)).to_contain_text("maxRunning7")
        expect(entries(page)).to_contain_text("Done")

        taken = {"amount": -5, "note": "<img src=x onerror=alert(1)>"}
        assert page.evaluate(ACT, [f"accounts/{visit.user}/credits", "POST", taken]) == 409
        refused = entries(page).filter(has_text="moved credits")
        expect(refused).to_contain_text("Refused")
        expect(refused).to_contain_text("Fewer than 5 credits are available")
        expect(refused).to_contain_text("<img src=x onerror=alert(1)>")
        expect(page.locator("#views img")).to_have_count(0)
        assert_accessible(page)
        refused.get_by_role("link", name=f"account:{visit.user}").click()
        expect(page.get_by_role("heading", name=f"Account {visit.user}")).to_be_visible()


def test_filters_are_in_the_address_and_pages_follow(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin") as visit:
        page = visit.page
        slow_site.enqueue(visit.user, "steps", steps=1)
        for number in range(PAGE + 1):
            verb = "pause" if number % 2 == 0 else "resume"
            assert page.evaluate(ACT, [f"queues/backtest/{verb}", "POST", None]) == 200
        page.get_by_role("link", name="Audit", exact=True).click()
        expect(entries(page)).to_have_count(PAGE)
        page.get_by_role("link", name="Older").click()
        expect(entries(page)).to_have_count(1)
        page.get_by_role("link", name="Newest").click()
        expect(entries(page)).to_have_count(PAGE)

        page.get_by_label("Action").select_option("queue.resume")
        expect(page).to_have_url(re.compile("#/audit[?]action=queue.resume$"))
        expect(entries(page)).to_have_count(PAGE // 2)
        page.reload()
        expect(entries(page)).to_have_count(PAGE // 2)
        expect(page.get_by_label("Action")).to_have_value("queue.resume")
        page.get_by_label("Target").fill("queue:nightly")
        page.keyboard.press("Enter")
        expect(page.locator("#views")).to_contain_text("Nothing fits these filters.")
        page.get_by_role("button", name="Show all").click()
        expect(entries(page)).to_have_count(PAGE)

        page.get_by_label("Operator").fill("nobody")
        page.keyboard.press("Enter")
        expect(page.locator("#views [role=alert]:visible")).to_contain_text("“userId” must be a whole id")


def test_findings_come_gravest_first_and_are_looked_for_again(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin") as visit:
        page = visit.page
        slow_site.enqueue(visit.user, "steps", steps=1)
        page.get_by_role("link", name="Doctor", exact=True).click()
        # The databases of tests are not durable.
        expect(page.locator(".finding >> visible=true").first).to_have_attribute("data-check", "durability")
        expect(page.locator("#views")).to_contain_text("What is well")
        assert page.locator("#views > section:not([hidden]) .finding.warn ~ .finding.grave").count() == 0
        assert_accessible(page)

        paused = page.locator("#views > section:not([hidden]) [data-check='paused queues']")
        expect(paused).to_have_count(0)
        assert page.evaluate(ACT, ["queues/backtest/pause", "POST", None]) == 200
        page.get_by_role("button", name="Look again").click()
        expect(paused).to_contain_text("pgqueue queue resume QUEUE")


def test_a_question_that_failed_can_be_asked_again(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin") as visit:
        page = visit.page
        page.route("**/api/admin/doctor", lambda route: route.abort())
        page.get_by_role("link", name="Doctor", exact=True).click()
        notice = page.locator("#views > section:not([hidden]) > .fetched > [role=alert]")
        expect(notice).to_contain_text("The server does not answer")
        page.unroute("**/api/admin/doctor")
        notice.get_by_role("button", name="Try again").click()
        expect(page.locator(".finding >> visible=true").first).to_be_visible()
        expect(notice).to_be_hidden()
