"""Views that are fetched when they are first asked for, while the server may be away."""

from playwright.sync_api import Browser, expect

from page_scene import Site, visiting


def test_a_view_that_could_not_be_fetched_is_asked_for_again(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        page.route("**/history_view.js", lambda route: route.abort())
        page.get_by_role("link", name="History").click()
        again = page.locator("#views").get_by_role("button", name="Try again")
        expect(again).to_be_visible()
        page.unroute("**/history_view.js")
        again.click()
        expect(page.get_by_role("heading", name="History")).to_be_visible()
