"""The operators' page in a real Chromium: who gets in, and what is pushed to it."""

from playwright.sync_api import Browser, expect

from page_scene import Site, visiting


def test_who_is_no_operator_is_told_so(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        visit.page.goto(f"{site.url}/admin")
        expect(visit.page.locator("#stranger")).to_contain_text("This page is for operators")
        expect(visit.page.locator("#views")).to_be_hidden()


def test_an_operator_gets_in_and_is_told_live(browser: Browser, site: Site) -> None:
    with visiting(browser, site, role="admin") as visit:
        page = visit.page
        expect(page.locator("#connection")).to_have_text("live")
        expect(page.locator("#account")).to_have_text("operator")
        page.get_by_role("link", name="Workers").click()
        expect(page.get_by_role("heading", name="Workers")).to_be_focused()
