"""The server goes away in the middle of things, or the session ends: nothing typed is lost, nothing is done twice."""

import re

from playwright.sync_api import Browser, Page, Route, expect

from page_scene import Site, connection, visiting
from result_scene import ask_for_run, ask_for_sweep, follow

GRID = {"fast": [5, 10], "slow": [20, 50]}


def lose(route: Route) -> None:
    """The answer, of something that was done."""
    route.fetch()
    route.abort()


def jobs_of(page: Page, site: Site) -> int:
    return len(page.request.get(f"{site.url}/api/backtest/jobs").json()["jobs"])


def test_what_lost_its_answer_is_done_once_when_it_is_asked_for_again(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        job_id = ask_for_run(visit, startDate="1990-01-02", strategyParams={"fast": 5, "slow": 20})
        sweep = ask_for_sweep(visit, GRID, top=1)

        view = follow(page, f"#/runs/{job_id}")
        page.route("**/result?*offset=50*", lambda route: route.abort(), times=1)
        rows = view.locator(".trades tbody tr")
        expect(rows).to_have_count(50)
        view.get_by_role("button", name="Show more trades").click()
        expect(view.locator(".trades .notice")).to_contain_text("The server does not answer")
        expect(rows).to_have_count(50)
        view.get_by_role("button", name="Show more trades").click()
        expect(rows).to_have_count(100)
        expect(view.locator(".trades .notice")).to_be_hidden()

        page.route("**/requeue", lose, times=1)
        view.get_by_role("button", name="Run again").click()
        expect(view.locator(".notice:visible").first).to_contain_text("The server does not answer")
        view.get_by_role("button", name="Run again").click()
        page.wait_for_url(lambda url: job_id not in url)
        assert jobs_of(page, site) == 3

        view = follow(page, f"#/runs/{sweep}")
        last = view.locator(".combinations tbody tr").last
        page.route("**/api/backtest/queue", lose, times=1)
        for _ in range(2):
            last.get_by_role("button", name="Run").click()
            page.get_by_role("dialog").get_by_role("button", name="Run it").click()
            expect(page.get_by_role("dialog")).to_have_count(0)
        page.wait_for_url(lambda url: sweep not in url)
        assert jobs_of(page, site) == 4


def test_a_cancel_that_did_not_arrive_is_said_and_pressed_again(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site) as visit:
        page = visit.page
        slow_site.enqueue(visit.user, "steps", steps=400, seconds=40)
        expect(visit.runs).to_have_attribute("data-status", "processing")
        page.route("**/api/backtest/queue/*", lambda route: route.abort(), times=1)
        visit.runs.get_by_role("button", name="Cancel").click()
        expect(page.locator("#runs-message")).to_contain_text("The server does not answer")
        visit.runs.get_by_role("button", name="Cancel").click()
        expect(visit.runs).to_have_attribute("data-status", "cancelled")
        expect(page.locator("#runs-message")).to_be_hidden()


def test_a_strategy_is_kept_once_whatever_becomes_of_the_answers(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        follow(page, "#/strategies/new?from=macd")
        name, message = page.get_by_label("Name", exact=True), page.locator(".editor-card > .notice")
        name.fill("Sent twice")
        page.route(
            "**/api/strategies", lambda route: lose(route) if route.request.method == "POST" else route.continue_()
        )
        page.get_by_role("button", name="Keep strategy").click()
        expect(message).to_contain_text("What you typed is still here")
        expect(name).to_have_value("Sent twice")
        page.unroute("**/api/strategies")
        page.get_by_role("button", name="Keep strategy").click()
        expect(page.get_by_role("button", name="Save")).to_be_visible()
        expect(page.locator(".strategy-list").get_by_role("link", name="Sent twice")).to_have_count(1)

        page.get_by_label("Close long when").fill("close < 0")
        expect(page.locator(".check-state")).to_have_attribute("data-state", "valid")
        page.route(re.compile(r"/api/strategies/[0-9a-f-]{36}$"), lose, times=1)
        page.get_by_role("button", name="Save").click()
        expect(message).to_contain_text("What you typed is still here")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#announcer")).to_have_text("Sent twice: saved")
        expect(message).to_be_hidden()
        expect(page.get_by_label("Close long when")).to_have_value("close < 0")


def test_wherever_a_session_ends_one_logs_in_and_is_back_where_one_was(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        expect(connection(page)).to_have_text("live")
        job_id = ask_for_run(visit, startDate="1990-01-02", strategyParams={"fast": 5, "slow": 20})
        view = follow(page, f"#/runs/{job_id}")
        expect(view.locator(".trades tbody tr")).to_have_count(50)

        def back() -> None:
            expect(page.locator("#login-message")).to_contain_text("Your session has ended")
            page.fill("#key", site.key(visit.user))
            page.keyboard.press("Enter")

        for act in ("Show more trades", "Profit"):
            expect(view.locator("run-chart canvas").first).to_be_visible()
            expect(view.locator("[aria-busy=true]")).to_have_count(0)
            pressed = view.get_by_role("button", name=act, exact=True).element_handle()
            page.context.clear_cookies()
            # At once: what the page asks by itself may be told first, and then nothing is there to be clicked.
            pressed.evaluate("button => button.click()")
            back()
            expect(view.locator(".trades tbody tr")).to_have_count(50)
        page.context.clear_cookies()
        page.goto(f"{site.url}/#/")
        page.goto(f"{site.url}/#/runs/{job_id}")
        back()
        expect(view.locator(".metric:visible")).to_have_count(6)

        # What was in the ticket when it was sent is there again, too.
        page.goto(f"{site.url}/#/")
        page.reload()
        expect(page.locator("#ticket-fields")).to_be_visible()
        expect(page.locator(".result [aria-busy=true], .result[aria-busy=true]")).to_have_count(0)
        page.fill("#capital", "4321")
        # What is asked by itself would find out first, and the ticket would not be sent.
        page.route("**/api/account", lambda route: route.abort())
        page.context.clear_cookies()
        page.locator("#run").evaluate("button => button.click()")
        back()
        expect(page.locator("#capital")).to_have_value("4321")
