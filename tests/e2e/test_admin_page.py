"""The operators' page in a real Chromium: who gets in, what is pushed to it, and what it says when nothing is."""

import re
import socket
from contextlib import ExitStack

from playwright.sync_api import Browser, Locator, Page, expect

from axe_scene import assert_accessible
from page_scene import TEST_WORKER, Site, connection, serve, start, visiting

ADMIN_EVENTS = "**/api/admin/events"
VIEWS = ("overview", "jobs", "queues", "workers", "accounts", "audit", "doctor")
HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def count(page: Page, status: str) -> Locator:
    """How many jobs of that status the overview counts."""
    return page.locator(f'.count[href="#/jobs?status={status}"]')


def test_who_is_no_operator_is_told_so(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        visit.page.goto(f"{site.url}/admin")
        expect(visit.page.locator("#stranger")).to_contain_text("This page is for operators")
        expect(visit.page.locator("#views")).to_be_hidden()
        expect(visit.page.locator(".views-nav")).to_be_hidden()
        assert_accessible(visit.page)


def test_an_operator_gets_in_and_is_told_live(browser: Browser, site: Site) -> None:
    with visiting(browser, site, role="admin") as visit:
        page = visit.page
        expect(connection(page)).to_have_text("live")
        expect(page.locator("#account")).to_have_text("operator")
        page.get_by_role("link", name="Workers", exact=True).click()
        expect(page.get_by_role("heading", name="Workers", exact=True)).to_be_focused()
        expect(page).to_have_title("Workers · Operations")


def test_counts_move_without_a_reload(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin") as visit:
        page = visit.page
        expect(count(page, "completed")).to_have_text("0")
        page.evaluate("window.same = true")
        slow_site.enqueue(visit.user, "steps", steps=2)
        slow_site.enqueue(visit.user, "fail", permanent=True)
        expect(count(page, "completed")).to_have_text("1")
        expect(count(page, "failed")).to_have_text("1")
        expect(page.locator("[data-figure=failed] .tile-value")).to_have_text("50.00%")
        expect(page.locator("[data-delay=runSeconds] td").first).to_have_text(re.compile(r"\d"))
        assert page.evaluate("window.same")

        count(page, "failed").click()
        expect(page).to_have_url(re.compile("#/jobs[?]status=failed$"))


def test_what_ended_is_drawn_by_the_minute_and_is_a_table_too(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin") as visit:
        page = visit.page
        slow_site.enqueue(visit.user, "steps", steps=2)
        expect(page.locator(".minutes rect.completed")).to_have_count(1)
        expect(page.locator(".minutes > desc")).to_contain_text("1 completed, 0 failed, 0 cancelled")
        page.get_by_text("As a table").click()
        rows = page.get_by_role("region", name="Ended in the last hour").locator("tbody tr")
        expect(rows).to_have_count(60)
        expect(rows.filter(has_text=re.compile(r"\d\d:\d\d100$"))).to_have_count(1)


def test_that_nobody_works_is_said_until_somebody_does(browser: Browser, database_url: str) -> None:
    with ExitStack() as stack:
        _, url = serve(stack, database_url)
        with visiting(browser, Site(database_url, url), role="admin") as visit:
            banner = visit.page.get_by_role("alert").filter(has_text="No live worker")
            expect(banner).to_contain_text("pgqueue worker")
            assert_accessible(visit.page)
            worker, _ = start(stack, database_url, [str(TEST_WORKER), database_url, "1"])
            expect(banner).to_be_hidden()
            worker.stop()
            expect(banner).to_be_visible()


def test_polling_takes_over_when_the_stream_is_cut_and_gives_way_again(browser: Browser, slow_site: Site) -> None:
    def cut(page: Page) -> None:
        page.route(ADMIN_EVENTS, lambda route: route.abort())

    with visiting(browser, slow_site, role="admin", prepare=cut) as visit:
        page = visit.page
        expect(connection(page)).to_have_text("polling every 2 s")
        expect(page.locator(".freshness")).to_contain_text("Asked for every 2 s; as of")
        slow_site.enqueue(visit.user, "steps", steps=2)
        expect(count(page, "completed")).to_have_text("1")

        page.unroute(ADMIN_EVENTS)
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(connection(page)).to_have_text("live")
        slow_site.enqueue(visit.user, "steps", steps=2)
        expect(count(page, "completed")).to_have_text("2")


def test_figures_of_a_server_that_went_away_are_said_to_be_from_before(browser: Browser, database_url: str) -> None:
    with ExitStack() as stack, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        server, url = serve(stack, database_url, port)
        with visiting(browser, Site(database_url, url), role="admin") as visit:
            page = visit.page
            expect(count(page, "waiting")).to_have_text("0")
            server.stop()
            expect(page.locator("#alerts")).to_contain_text("What you see is from before")
            expect(page.locator(".freshness")).to_contain_text("From before: as of")
            expect(count(page, "waiting")).to_have_text("0")
            serve(stack, database_url, port)
            page.evaluate("window.dispatchEvent(new Event('online'))")
            expect(connection(page)).to_have_text("live")
            expect(page.locator("#alerts")).not_to_contain_text("from before")


def test_a_hidden_page_holds_no_stream_and_catches_up(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin") as visit:
        page = visit.page
        expect(connection(page)).to_have_text("live")
        expect(count(page, "completed")).to_have_text("0")
        with page.expect_event("requestfailed", lambda request: request.url.endswith("/admin/events")):
            page.evaluate(HIDE, True)
        slow_site.enqueue(visit.user, "steps", steps=2)
        page.evaluate(HIDE, False)
        expect(count(page, "completed")).to_have_text("1")


def test_a_session_that_ended_leads_to_the_login_and_leaves_nothing(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin") as visit:
        page = visit.page
        expect(count(page, "waiting")).to_have_text("0")
        page.context.clear_cookies()
        page.evaluate("() => { location.hash = '#/doctor' }")
        expect(page.locator("#login-message")).to_contain_text("Your session has ended")
        expect(page.locator("#views")).to_be_hidden()
        expect(page.locator("#alerts")).to_be_hidden()

        page.fill("#key", slow_site.key(visit.user))
        page.click("#login button")
        expect(page.locator("#views .findings")).to_be_visible()


def test_keys_lead_to_views_and_never_while_one_types(browser: Browser, site: Site) -> None:
    with visiting(browser, site, role="admin") as visit:
        page = visit.page
        for key, name in {"q": "Queues", "w": "Workers", "l": "Audit", "d": "Doctor", "a": "Accounts"}.items():
            page.keyboard.press("g")
            page.keyboard.press(key)
            expect(page.get_by_role("heading", name=name, exact=True)).to_be_focused()
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox").first).to_be_focused()
        page.keyboard.press("Escape")
        page.get_by_role("link", name="Accounts", exact=True).click()
        page.get_by_label("User id").press_sequentially("gq?")
        expect(page.get_by_label("User id")).to_have_value("gq?")
        expect(page).to_have_url(re.compile("#/accounts$"))

        page.get_by_role("heading", name="Accounts").focus()
        page.keyboard.press("?")
        dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
        expect(dialog).to_be_visible()
        assert_accessible(page)
        dialog.get_by_label("Single keys lead somewhere").uncheck()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        page.keyboard.press("g")
        page.keyboard.press("q")
        expect(page).to_have_url(re.compile("#/accounts$"))


def test_each_view_is_accessible_in_both_themes_and_fits_a_phone(browser: Browser, slow_site: Site) -> None:
    for width, dark in ((1280, False), (390, True)):
        with visiting(browser, slow_site, role="admin", width=width, dark=dark) as visit:
            page = visit.page
            slow_site.enqueue(visit.user, "steps", steps=2)
            expect(connection(page)).to_have_text("live")
            for view in VIEWS:
                page.evaluate("view => { location.hash = `#/${view}`; }", "" if view == "overview" else view)
                expect(page.locator("#views h2:visible").first).to_have_text(view.capitalize())
                expect(page.locator("#views [aria-busy=true]:visible")).to_have_count(0)
                assert_accessible(page)
                assert page.evaluate("document.documentElement.scrollWidth") == width, view
            for link in page.locator(".views-nav a").all() if width == 390 else []:
                box = link.bounding_box()
                assert box is not None
                assert 0 <= box["x"] <= box["x"] + box["width"] <= width


def test_the_page_speaks_korean(browser: Browser, site: Site) -> None:
    with visiting(browser, site, role="admin", locale="ko-KR") as visit:
        page = visit.page
        expect(connection(page)).to_have_text("실시간")
        expect(page.get_by_role("heading", name="현황")).to_be_visible()
        expect(page.locator("[data-figure=running] .tile-note")).to_contain_text("워커 1개")
