"""The desk in a real Chromium: the ticket, the runs as they move, and what the plan still allows."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from axe_scene import assert_accessible
from page_scene import TEST_WORKER, Site, Visit, connection, serve, start, visiting

MANY_SYMBOLS = 5_000
RUNNING = 50
WATCH_MOVES = """() => {
    window.moved = { shift: 0, frames: [], elements: 0 };
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.moved.shift += entry.value;
    }).observe({ type: "layout-shift" });
    let last = performance.now();
    const frame = now => {
        window.moved.frames.push(now - last);
        last = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    new MutationObserver(changes => {
        const isElement = node => node.nodeType === Node.ELEMENT_NODE;
        for (const { addedNodes, removedNodes } of changes) {
            window.moved.elements += [...addedNodes, ...removedNodes].filter(isElement).length;
        }
    }).observe(document, { childList: true, subtree: true });
}"""


@pytest.fixture
def busy_site(database_url: str) -> Iterator[Site]:
    """A worker with as many slots as a trader watches at once."""
    with ExitStack() as stack:
        _, url = serve(stack, database_url)
        start(stack, database_url, [str(TEST_WORKER), database_url, str(RUNNING)])
        yield Site(database_url, url)


def know_symbols(site: Site, count: int) -> None:
    """Synthetic symbols, the first of them with bars of two lengths."""
    with psycopg.connect(site.database_url) as connection:
        connection.execute(
            "insert into engine.symbols (symbol, name, timezone)"
            " select 'S' || n, case n when 77 then 'Needle <b>& Co</b>' else 'Company ' || n end, 'UTC'"
            " from generate_series(1, %s) n",
            [count],
        )
        connection.execute(
            "insert into engine.series"
            " (symbol, timeframe, first_time, last_time, bars, adjusted, close_only, source)"
            " select 'S' || n, timeframe, '2000-01-03Z', '2020-12-31Z', 5000, true, false, 'test'"
            " from generate_series(1, %s) n, unnest(array['1h', '1d']) timeframe where timeframe = '1d' or n = 1",
            [count],
        )


def ready(visit: Visit) -> Page:
    expect(visit.page.locator("#ticket-fields")).to_be_visible()
    expect(connection(visit.page)).to_have_text("live")
    return visit.page


def ready_without_prices(visit: Visit) -> Page:
    expect(visit.page.locator("#ticket-message")).to_contain_text("No prices are loaded yet")
    expect(connection(visit.page)).to_have_text("live")
    return visit.page


def open_sweep(page: Page) -> None:
    page.locator("label[for=mode-sweep]").click()
    page.select_option("#strategy", label="SMA crossover")


def choose_range(page: Page, name: str, first: str, last: str, step: str) -> None:
    for part, value in (("", first), ("-to", last), ("-step", step)):
        page.fill(f"#axis-{name}{part}", value)


def body_of(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.post_data or "null")
    return body


def test_one_of_five_thousand_symbols_is_found_by_name_and_taken_by_keys(browser: Browser, slow_site: Site) -> None:
    know_symbols(slow_site, MANY_SYMBOLS)
    with visiting(browser, slow_site) as visit:
        page = ready(visit)
        symbol, options = page.locator("#symbol"), page.locator("#symbol-list [role=option]")
        symbol.click()
        expect(options.last).to_contain_text("4,950 more")
        symbol.fill("need")
        expect(options).to_have_count(1)
        expect(options.locator("b")).to_have_count(0)
        expect(options).to_contain_text("Needle <b>& Co</b>")
        expect(options).to_contain_text("2000-01 – 2020-12")
        symbol.press("Enter")
        expect(symbol).to_have_value("S77 · Needle <b>& Co</b>")
        expect(page.locator("#symbol-list")).to_be_hidden()

        symbol.fill("nothing like it")
        expect(options).to_have_text("No symbol or name has “nothing like it” in it.")
        symbol.press("Escape")
        expect(symbol).to_have_value("S77 · Needle <b>& Co</b>")

        symbol.fill("s1")
        symbol.press("ArrowDown")
        symbol.press("ArrowUp")
        expect(symbol).to_have_attribute("aria-activedescendant", "symbol-list-0")
        symbol.press("Enter")
        expect(symbol).to_have_value("S1 · Company 1")
        page.select_option("#timeframe", "4h")
        expect(page.locator("#symbol-hint")).to_contain_text("made of hourly bars")


def test_a_range_is_chosen_in_one_click_and_said_where_it_has_no_prices(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = ready(visit)
        page.get_by_role("button", name="1 y", exact=True).click()
        assert (page.input_value("#start"), page.input_value("#end")) == ("2021-12-28", "2022-12-28")
        page.get_by_role("button", name="All", exact=True).click()
        assert page.input_value("#start") == "1990-01-02"
        expect(page.locator("#period-hint")).to_be_hidden()
        page.fill("#end", "2025-01-01")
        expect(page.locator("#period-hint")).to_have_text("Prices end 2022-12-28, and so will the run.")
        page.fill("#start", "2024-01-01")
        expect(page.locator("#period-hint")).to_contain_text("no prices in this range")


def test_costs_are_given_in_hundredths_of_a_percent(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = ready(visit)
        visit.run(start="2020-01-01", commission="2000")
        expect(page.locator("#commission-error")).to_have_text("Must be 0 to 1,000 bps (10%)")
        with page.expect_request("**/api/backtest/queue") as sent:
            visit.run(start="2020-01-01", commission="7.5", slippage="10")
        assert body_of(sent.value)["params"]["costs"] == {"commission": 0.00075, "slippage": 0.001}
        expect(visit.runs).to_have_attribute("data-status", "completed")


def test_a_sweep_is_counted_as_one_types_and_too_large_a_one_is_not_sent(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = ready(visit)
        asked: list[Request] = []
        page.on("request", lambda request: asked.append(request) if request.url.endswith("/sweeps") else None)
        open_sweep(page)
        choose_range(page, "fast", "5", "20", "5")
        page.select_option("#axis-slow-kind", "list")
        page.fill("#axis-slow-list", "30, 60, 90")
        page.fill("#where", "")
        expect(page.locator("#combinations")).to_have_text("12 combinations of at most 100,000")
        assert_accessible(page)

        page.select_option("#axis-slow-kind", "range")
        choose_range(page, "slow", "3", "600", "0.001")
        expect(page.locator("#combinations")).to_contain_text("are more than 100,000")
        page.click("#run")
        expect(page.locator("#axis-fast-error")).to_contain_text("Take larger steps")
        assert asked == []

        choose_range(page, "slow", "30", "60", "10")
        page.fill("#where", "fast < slwo")
        page.click("#run")
        expect(page.locator("#where-error")).to_contain_text("slwo")
        page.fill("#where", "fast < slow")
        page.press("#where", "Control+Enter")
        sweep = visit.runs.first
        expect(sweep).to_have_attribute("data-status", "completed")
        expect(sweep.locator(".run-facts")).to_contain_text("Sweep")
        assert body_of(asked[-1])["grid"] == {
            "fast": {"from": 5, "to": 20, "step": 5},
            "slow": {"from": 30, "to": 60, "step": 10},
        }


def test_a_parameter_with_one_value_is_no_axis(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = ready(visit)
        open_sweep(page)
        for name, value in {"fast": "7", "slow": "50"}.items():
            choose_range(page, name, value, value, "1")
        page.click("#run")
        expect(page.locator("#axis-fast-error")).to_have_text("Give at least one parameter several values.")
        choose_range(page, "slow", "50", "70", "10")
        with page.expect_request("**/api/backtest/sweeps") as sent:
            page.click("#run")
        # The condition speaks of it: it is an axis of one value.
        assert body_of(sent.value)["grid"] == {"fast": [7], "slow": {"from": 50, "to": 70, "step": 10}}
        expect(visit.runs).to_have_attribute("data-status", "completed")
        page.fill("#where", "")
        with page.expect_request("**/api/backtest/sweeps") as sent:
            page.click("#run")
        body = body_of(sent.value)
        assert (set(body["grid"]), body["params"]["strategyParams"]) == ({"slow"}, {"fast": 7})
        expect(page.locator(".run[data-status=completed]")).to_have_count(2)


def test_the_last_choices_are_there_next_time(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = ready(visit)
        visit.run("MACD", start="2019-03-04", end="2021-05-06", capital="2500", **{"parameter-fast": "8"})
        expect(visit.runs).to_have_attribute("data-status", "completed")
        page.reload()
        ready(visit)
        for field, value in {"start": "2019-03-04", "end": "2021-05-06", "capital": "2500"}.items():
            expect(page.locator(f"#{field}")).to_have_value(value)
        expect(page.locator("#parameter-fast")).to_have_value("8")
        expect(page.locator("#strategy option:checked")).to_have_text("MACD")
        page.get_by_role("button", name="Reset").click()
        expect(page.locator("#parameter-fast")).to_have_value("12")


def test_a_run_is_copied_into_the_ticket_and_run_otherwise(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = ready(visit)
        open_sweep(page)
        choose_range(page, "fast", "5", "15", "5")
        page.click("#run")
        expect(visit.runs).to_have_attribute("data-status", "completed")
        page.locator("label[for=mode-run]").click()
        visit.run("RSI reversion", start="2020-01-01")
        expect(visit.runs).to_have_count(2)

        visit.runs.last.get_by_role("link", name=re.compile("^Change: ")).click()
        expect(page.locator("#axis-fast-to")).to_have_value("15")
        expect(page.locator("#run")).to_have_text("Run sweep")
        assert page.url.endswith("/#/")
        page.click("#run")
        expect(page.locator(".run[data-status=completed]")).to_have_count(3)


def test_a_strategy_that_is_gone_is_said_and_another_chosen(browser: Browser, slow_site: Site) -> None:
    know_symbols(slow_site, 2)
    with visiting(browser, slow_site) as visit:
        page = ready(visit)
        slow_site.enqueue(visit.user, "echo", strategyId="0b6fd2a4-7a51-4d5c-9d8a-1c8f8f3f2f11", strategy={"name": "x"})
        expect(visit.runs).to_have_attribute("data-status", "completed")
        visit.runs.get_by_role("link", name=re.compile("^Change: ")).click()
        expect(page.locator("#ticket-message")).to_contain_text("no prices of KO here any more")
        expect(page.locator("#ticket-message")).to_contain_text("strategy of that run is no longer there")


def test_what_the_plan_allows_is_seen_and_that_it_is_used_up_before_one_presses(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = ready(visit)
        site.ask("accounts", "set", visit.user, "--plan", "free")
        page.reload()
        ready(visit)
        expect(page.locator("#allowance")).to_have_text("3 of 3 runs left today · 0 of 1 running")
        for left in (2, 1, 0):
            visit.run("Buy and hold", start="2020-01-01")
            expect(page.locator("#allowance")).to_contain_text(f"{left} of 3 runs left today")
        expect(page.locator("#run")).to_have_text("No runs left today")
        expect(page.locator("#run")).to_have_attribute("aria-disabled", "true")
        expect(page.locator("#allowance-notice")).to_contain_text("All 3 runs of today are used. They come back at")
        expect(page.locator("#allowance-notice")).to_contain_text("ask the operator")
        page.press("#run", "Enter")
        expect(visit.runs).to_have_count(3)
        expect(page.locator(".run[data-status=completed]")).to_have_count(3)
        assert_accessible(page)


def test_waiting_runs_say_their_place_and_all_are_cancelled_after_the_count(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site) as visit:
        page = ready_without_prices(visit)
        slow_site.enqueue_all(visit.user, "steps", [{"steps": 400, "seconds": 50}] * 6)
        expect(page.locator(".run[data-status=processing]")).to_have_count(2)
        expect(page.locator(".run[data-status=waiting]").last).to_contain_text("next in line")
        expect(page.locator(".run[data-status=waiting]").first).to_contain_text("number 4 in line")
        page.click("#cancel-all")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Cancel 6 runs?")
        dialog.get_by_role("button", name="Cancel all 6").click()
        expect(page.locator(".run[data-status=cancelled]")).to_have_count(6)
        expect(page.locator("#cancel-all")).to_be_hidden()


def test_places_in_line_are_asked_for_together_and_not_job_by_job(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site) as visit:
        page = ready_without_prices(visit)
        slow_site.enqueue_all(visit.user, "steps", [{"steps": 400, "seconds": 50}] * 5)
        single: list[str] = []
        page.on("request", lambda asked: single.append(asked.url) if "/api/backtest/queue/" in asked.url else None)
        for _ in range(2):
            with page.expect_response(lambda answer: "status=waiting,processing&standing=1" in answer.url):
                pass
        assert single == []


def test_an_attempt_that_failed_counts_down_to_the_next(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site) as visit:
        ready_without_prices(visit)
        slow_site.enqueue(visit.user, "fail", times=1, strategy={"name": "once more"})
        expect(visit.runs).to_contain_text(re.compile(r"Attempt 1 failed; tries again (at .*, in \d+ s|now)"))
        expect(visit.runs).to_have_attribute("data-status", "completed")


def test_two_runs_are_picked_and_compared(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = ready(visit)
        for strategy in ("Buy and hold", "MACD", "RSI reversion"):
            visit.run(strategy, start="2020-01-01")
        expect(page.locator(".run[data-status=completed]")).to_have_count(3)
        for run in visit.runs.all():
            run.get_by_role("checkbox").check()
        expect(page.get_by_role("checkbox", name="compare", checked=True)).to_have_count(2)
        jobs = sorted(run.get_attribute("data-job") or "" for run in visit.runs.all()[1:])
        page.get_by_role("link", name="Compare", exact=True).click()
        assert page.url.endswith(f"#/compare/{jobs[0]}/{jobs[1]}")


def test_fifty_running_jobs_move_and_nothing_else_does(browser: Browser, busy_site: Site) -> None:
    with visiting(browser, busy_site) as visit:
        page = ready_without_prices(visit)
        busy_site.ask("accounts", "set", visit.user, "--concurrent", str(RUNNING))
        facts = {"steps": 200, "seconds": 50}
        busy_site.enqueue_all(visit.user, "steps", [facts | {"strategy": {"name": f"job {n}"}} for n in range(RUNNING)])
        expect(page.locator(".run[data-status=processing]")).to_have_count(RUNNING)
        page.evaluate(WATCH_MOVES)
        first, last = visit.runs.first.get_by_role("progressbar"), visit.runs.last.get_by_role("progressbar")
        for _ in range(4):
            for bar in (first, last):
                seen = bar.get_attribute("aria-valuenow")
                expect(bar).not_to_have_attribute("aria-valuenow", seen or "")
        moved: dict[str, Any] = page.evaluate("window.moved")
        assert moved["shift"] < 0.01
        assert moved["elements"] == 0
        # A frame is 16 ms; the machine of a test may be a slow one with others on it.
        assert median(moved["frames"]) < 200


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_jumps_while_the_page_fills(browser: Browser, site: Site, width: int) -> None:
    with visiting(browser, site, width=width) as visit:
        page = ready(visit)
        for strategy in ("Buy and hold", "MACD"):
            visit.run(strategy, start="2020-01-01")
        expect(page.locator(".run[data-status=completed]")).to_have_count(2)
        page.goto("about:blank")
        page.add_init_script(f"({WATCH_MOVES})()")
        page.goto(site.url)
        ready(visit)
        expect(page.locator(".result .metrics").first).to_be_visible()
        assert page.evaluate("window.moved.shift") < 0.05
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_what_was_typed_stays_while_the_server_is_away(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = ready(visit)
        page.fill("#capital", "4321")

        def refuse(route: Route) -> None:
            route.abort()

        page.route("**/api/**", refuse)
        page.evaluate("window.dispatchEvent(new Event('pagehide'))")
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(page.locator("#away")).to_contain_text("What you see is from before")
        expect(page.locator("body")).to_have_class(re.compile("is-stale"))
        page.click("#run")
        expect(page.locator("#ticket-message")).to_contain_text("will not be run twice")
        assert_accessible(page)
        page.unroute("**/api/**")
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(page.locator("#away")).to_be_hidden()
        expect(page.locator("#capital")).to_have_value("4321")


@pytest.mark.parametrize("dark", [False, True])
def test_the_desk_is_accessible_with_runs_of_every_kind(browser: Browser, slow_site: Site, dark: bool) -> None:
    with visiting(browser, slow_site, dark=dark) as visit:
        page = ready_without_prices(visit)
        slow_site.enqueue(visit.user, "steps", steps=400, seconds=50, strategy={"name": "moving"})
        slow_site.enqueue(visit.user, "fail", permanent=True, strategy={"name": "hopeless"})
        slow_site.enqueue(visit.user, "echo", strategy={"name": "done"})
        for status in ("processing", "failed", "completed"):
            expect(page.locator(f".run[data-status={status}]")).to_have_count(1)
        assert_accessible(page)
