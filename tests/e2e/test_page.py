"""The page in a real Chromium, on a real `pgqueue serve` and a real worker, with a trader's hands."""

import re
import socket
from contextlib import ExitStack
from uuid import uuid4

from playwright.sync_api import Browser, Page, Route, expect

from page_scene import EVENTS, Site, connection, serve, visiting


def test_a_run_is_watched_to_its_result(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        expect(connection(page)).to_have_text("live")
        expect(page.locator("#symbol-hint")).to_contain_text("1990-01-02 to 2022-12-28")
        expect(page.locator("#symbol-hint")).to_contain_text("closes only")
        expect(page.locator("#runs-empty")).to_contain_text("No runs yet")

        visit.run(start="2020-01-01", end="2025-12-22")

        result = page.locator(".result")
        expect(result.locator(".warnings")).to_contain_text("2022-12-28")
        for metric, value in {
            "sharpeRatio": "0.87",
            "cagr": "+18.25%",
            "maxDrawdown": "−26.70%",
            "totalTrades": "10",
        }.items():
            expect(result.locator(f"[data-metric={metric}] .value")).to_have_text(value)
        expect(result.locator(".final")).to_contain_text("16,507.13")
        expect(result.locator(".trades tbody tr")).to_have_count(10)
        expect(result.locator("run-chart canvas").first).to_be_visible()
        expect(page.locator("#announcer")).to_have_text("AAPL · SMA crossover: Completed")
        assert "code" not in page.url


def test_the_curve_is_read_by_keys(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        visit.run(start="2020-01-01", end="2022-12-28")
        reader = visit.page.get_by_role("slider", name="Equity of AAPL · SMA crossover")
        reader.focus()
        expect(reader).to_have_attribute("aria-valuetext", re.compile("2022-12-28: equity 16,507.13, drawdown −16.12%"))
        reader.press("Home")
        expect(reader).to_have_attribute("aria-valuetext", re.compile("2020-01-02: equity 10,000, drawdown 0.00%"))
        reader.press("ArrowRight")
        expect(reader).to_have_attribute("aria-valuenow", "1")


def test_a_metric_that_is_not_defined_says_why(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        visit.run("Buy and hold", start="2020-01-01", end="2022-12-28")
        metric = visit.page.locator("[data-metric=winRate]")
        expect(metric.locator(".value")).to_have_text("–")
        expect(metric).to_contain_text("No trade was closed")
        expect(visit.page.locator("[data-metric=totalTrades]")).to_contain_text("1 more still open")


def test_what_is_wrong_is_said_at_its_field(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        visit.run(start="2022-01-01", end="2020-01-01", capital="5", priority="11")
        expect(page.locator("#start-error")).to_contain_text("Must be before “To”")
        expect(page.locator("#capital-error")).to_have_text("Must be 100 to 10,000,000")
        expect(page.locator("#priority-error")).to_have_text("Must be a whole number from 1 to 10")
        expect(page.locator("#start")).to_be_focused()

        visit.run(start="2019-01-01", capital="1000", priority="1", **{"parameter-fast": "1"})
        expect(page.locator("#parameter-fast-error")).to_contain_text("Must be 2 to 400")
        expect(page.locator("#capital-error")).to_be_hidden()
        expect(visit.runs).to_have_count(0)


def test_two_runs_move_at_once_and_one_is_cancelled(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site) as visit:
        slow_site.enqueue(visit.user, "steps", steps=400, seconds=40, strategy={"name": "first"})
        slow_site.enqueue(visit.user, "steps", steps=400, seconds=40, strategy={"name": "second"})
        for run in (first := visit.runs.filter(has_text="KO · first"), visit.runs.filter(has_text="KO · second")):
            bar = run.get_by_role("progressbar")
            expect(bar).not_to_have_attribute("aria-valuenow", "0")
            seen = bar.get_attribute("aria-valuenow")
            expect(bar).not_to_have_attribute("aria-valuenow", seen)
            expect(run.locator(".run-extra")).to_contain_text("s left")

        first.get_by_role("button", name="Cancel").click()
        expect(first).to_have_attribute("data-status", "cancelled")
        first.get_by_role("button", name="Run again").click()
        expect(visit.runs).to_have_count(3)
        expect(first.first).to_have_attribute("data-status", "processing")
        for run in (first.first, visit.runs.filter(has_text="KO · second")):
            run.get_by_role("button", name="Cancel").click()
            expect(run).to_have_attribute("data-status", "cancelled")


def test_markup_in_names_and_errors_stays_text(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site) as visit:
        bad = "<img src=x onerror=alert(1)>"
        slow_site.enqueue(visit.user, "fail", permanent=True, message=bad, strategy={"name": f"<b>{bad}"})
        expect(visit.runs.locator(".run-name")).to_have_text(f"KO · <b>{bad}")
        expect(visit.runs.locator(".run-extra")).to_contain_text(bad)
        expect(visit.page.locator("#runs img")).to_have_count(0)
        expect(visit.page.locator("#runs b")).to_have_count(0)


def test_a_failure_is_said_and_can_be_run_again(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site) as visit:
        slow_site.enqueue(visit.user, "fail", permanent=True, strategy={"name": "hopeless"})
        expect(visit.runs).to_have_attribute("data-status", "failed")
        expect(visit.runs).to_contain_text("The input can never work. Give another.")
        expect(visit.runs).to_contain_text("Failed at the first attempt.")
        visit.runs.get_by_role("button", name="Run again").click()
        expect(visit.page.locator(".run[data-status=failed]")).to_have_count(2)


def test_polling_takes_over_when_the_stream_is_cut(browser: Browser, site: Site) -> None:
    def cut(page: Page) -> None:
        page.route(EVENTS, lambda route: route.abort())

    with visiting(browser, site, prepare=cut) as visit:
        page = visit.page
        expect(connection(page)).to_have_text("polling every 2 s")
        visit.run(start="2020-01-01")
        expect(visit.runs).to_have_attribute("data-status", "completed")
        expect(page.locator(".metric")).to_have_count(6)
        expect(connection(page)).to_have_text("polling every 2 s")

        page.unroute(EVENTS)
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(connection(page)).to_have_text("live")


def test_a_server_that_went_away_is_waited_for(browser: Browser, database_url: str) -> None:
    with ExitStack() as stack, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        server, url = serve(stack, database_url, port)
        site = Site(database_url, url)
        with visiting(browser, site) as visit:
            expect(connection(visit.page)).to_have_text("live")
            server.stop()
            expect(connection(visit.page)).to_have_text("server away, retrying")
            serve(stack, database_url, port)
            visit.page.evaluate("window.dispatchEvent(new Event('online'))")
            expect(connection(visit.page)).to_have_text("live")


def test_a_submit_whose_answer_was_lost_is_not_run_twice(browser: Browser, site: Site) -> None:
    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    with visiting(browser, site) as visit:
        page = visit.page
        page.route("**/api/backtest/queue", lose_the_answer, times=1)
        visit.run(start="2020-01-01")
        expect(page.locator("#ticket-message")).to_contain_text("will not be run twice")
        page.click("#run")
        expect(page.locator("#ticket-message")).to_be_hidden()
        expect(page.locator(".run[data-status=completed]")).to_have_count(1)
        assert len(page.request.get(f"{site.url}/api/backtest/jobs").json()["jobs"]) == 1


def test_a_hidden_page_holds_no_stream_and_catches_up(browser: Browser, site: Site) -> None:
    hide = """hidden => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    with visiting(browser, site) as visit:
        page = visit.page
        expect(connection(page)).to_have_text("live")
        with page.expect_event("requestfailed", lambda request: request.url.endswith("/events")):
            page.evaluate(hide, True)
        site.enqueue(visit.user, "backtest", strategyId="sma-cross")
        expect(visit.runs).to_have_count(0)
        page.evaluate(hide, False)
        expect(visit.runs).to_have_count(1)


def test_the_session_ends_and_begins_again(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        visit.run(start="2020-01-01")
        expect(page.locator(".metric")).to_have_count(6)
        page.click("#logout")
        expect(page.locator("#login-message")).to_have_text("You are logged out.")
        expect(visit.runs).to_have_count(0)

        page.fill("#key", "pgq_not-a-key")
        page.click("#login button")
        expect(page.locator("#login-message")).to_contain_text("unknown, revoked or expired")
        page.fill("#key", site.key(visit.user))
        page.click("#login button")
        expect(page.locator(".metric")).to_have_count(6)

        expect(page.locator("#ticket[aria-busy=false]")).to_be_visible()
        page.context.clear_cookies()
        # At once: what the page asks by itself may be told first, and then nothing is there to be clicked.
        page.locator("#run").evaluate("button => button.click()")
        expect(page.locator("#login-message")).to_contain_text("Your session has ended")


def test_a_run_that_ends_before_its_own_answer_comes_shows_its_result(browser: Browser, site: Site) -> None:
    answer_late = """() => {
        const ask = window.fetch;
        window.fetch = async (address, options) => {
            const answer = await ask(address, options);
            if (options.method !== "POST" || !address.endsWith("/api/backtest/queue")) return answer;
            const ended = () => document.querySelector(".run[data-status=completed]");
            while (!ended()) await new Promise(requestAnimationFrame);
            return answer;
        };
    }"""
    with visiting(browser, site) as visit:
        visit.page.evaluate(answer_late)
        visit.run(start="2020-01-01")
        expect(visit.page.locator(".metric")).to_have_count(6)


def test_a_login_address_works_once(browser: Browser, site: Site) -> None:
    address_of_one = site.login_url(str(uuid4()))
    for outcome in ("#desk", "#login"):
        context = browser.new_context()
        page = context.new_page()
        page.goto(address_of_one)
        expect(page.locator(outcome)).to_be_visible()
        context.close()


def test_nothing_is_cut_off_on_a_phone(browser: Browser, site: Site) -> None:
    with visiting(browser, site, width=390) as visit:
        visit.run(start="2020-01-01")
        expect(visit.page.locator(".metric")).to_have_count(6)
        expect(visit.runs).to_be_in_viewport()
        assert visit.page.evaluate("document.documentElement.scrollWidth") == 390
        assert (
            visit.page.evaluate("(b => b.scrollWidth - b.clientWidth)(document.querySelector('.trades .scroll'))") == 0
        )
