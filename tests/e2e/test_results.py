"""A run's result, and a run without one, at an address of its own."""

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from axe_scene import assert_accessible
from page_scene import Site, hold, visiting
from result_scene import ask_for_run, follow, settle

LIBRARY = "**/vendor/lightweight-charts.js"
PIXELS = """() => {
  const canvases = [...document.querySelectorAll("#views > section:not([hidden]) .plot canvas")];
  const colours = new Set();
  for (const canvas of canvases) {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) colours.add(data.slice(i, i + 3).join());
  }
  return [...colours];
}"""


def test_a_result_has_an_address_that_can_be_opened_again(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        job_id = ask_for_run(visit, benchmark="MSFT", outOfSampleFrom="2022-01-01", costs={"commission": 0.001})
        view = follow(visit.page, f"#/runs/{job_id}")
        expect(view.locator("h2")).to_be_focused()
        expect(view.locator(".warnings")).to_contain_text("closes only")
        expect(view.locator(".metric")).to_have_count(6)
        expect(view.locator("[data-metric]")).to_have_count(23)
        expect(view.locator(".summary")).to_contain_text("MSFT in the same time")
        expect(view.locator(".split")).to_contain_text("From 2022-01-01 on")
        for fact in ("SMA crossover", "Parameter fast", "Commission", "0.10%", "Result hash", job_id):
            expect(view.locator(".asked")).to_contain_text(fact)

        visit.page.reload()
        expect(view.locator("h2")).to_have_text("AAPL · SMA crossover")
        expect(view.locator(".metric")).to_have_count(6)
        expect(visit.page).to_have_title("AAPL · SMA crossover · Backtests")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_result_is_for_everyone(browser: Browser, site: Site, *, dark: bool, width: int) -> None:
    with visiting(browser, site, dark=dark, width=width) as visit:
        view = follow(visit.page, f"#/runs/{ask_for_run(visit, benchmark='MSFT', outOfSampleFrom='2022-01-01')}")
        expect(view.locator("canvas").first).to_be_visible()
        settle(visit.page)
        assert_accessible(visit.page)
        assert visit.page.evaluate("document.documentElement.scrollWidth") == width


def test_the_chart_is_loaded_when_one_is_shown_and_not_before(browser: Browser, site: Site) -> None:
    asked: list[str] = []

    def note(page: Page) -> None:
        page.on("request", lambda request: asked.append(request.url))

    with visiting(browser, site, prepare=note) as visit:
        expect(visit.page.locator("#run")).to_be_enabled()
        assert not [url for url in asked if "lightweight" in url]
        view = follow(visit.page, f"#/runs/{ask_for_run(visit)}")
        expect(view.locator("canvas").first).to_be_visible()
        assert len([url for url in asked if "lightweight" in url]) == 1


def test_a_chart_ends_when_its_view_is_left_and_begins_again(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        job_id = ask_for_run(visit)
        for _ in range(2):
            view = follow(page, f"#/runs/{job_id}")
            expect(view.locator("canvas").first).to_be_visible()
            follow(page, "#/history")
            expect(page.locator(".run-page canvas")).to_have_count(0)


def test_the_charts_colours_are_those_of_the_theme(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        view = follow(page, f"#/runs/{ask_for_run(visit)}")
        expect(view.locator("canvas").first).to_be_visible()
        page.wait_for_function(f"() => ({PIXELS})().includes('29,79,215')")
        page.click("#theme")
        page.click("#theme")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.wait_for_function(f"() => ({PIXELS})().includes('123,164,255')")


def test_what_the_cursor_is_at_is_said_in_words(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        view = follow(visit.page, f"#/runs/{ask_for_run(visit)}")
        reader, readout = view.get_by_role("slider"), view.locator("run-chart .readout")
        reader.focus()
        expect(view.locator("canvas").first).to_be_visible()
        expect(readout).to_have_text(
            re.compile(r"^2022-12-28: equity 16,507\.13, drawdown −16\.12%, close [\d.]+, Holding")
        )
        for key in ("Home", "PageUp", "PageUp", "PageUp", "PageUp"):
            reader.press(key)
        expect(readout).to_contain_text("Long since 2020-")
        assert readout.inner_text() == reader.get_attribute("aria-valuetext")
        expect(view.locator(".trades .is-read")).to_have_count(1)

        box = view.locator(".plot").bounding_box()
        assert box is not None
        visit.page.mouse.move(box["x"] + 40, box["y"] + 100)
        expect(readout).to_have_text(re.compile("^2020-0"))


def test_a_chart_that_cannot_be_drawn_says_so_and_is_still_read(browser: Browser, site: Site) -> None:
    def refuse(page: Page) -> None:
        page.route(LIBRARY, lambda route: route.abort())

    with visiting(browser, site, prepare=refuse) as visit:
        view = follow(visit.page, f"#/runs/{ask_for_run(visit)}")
        expect(view.locator(".plot")).to_contain_text("The chart could not be loaded")
        view.get_by_role("slider").press("Home")
        expect(view.locator("run-chart .readout")).to_contain_text("2020-01-02: equity 10,000")
        visit.page.unroute(LIBRARY)


def test_without_prices_the_runs_own_curves_are_drawn(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        job_id = ask_for_run(visit)
        visit.page.route("**/bars?**", lambda route: route.abort())
        view = follow(visit.page, f"#/runs/{job_id}")
        expect(view.locator("canvas").first).to_be_visible()
        expect(view.locator("run-chart")).to_contain_text("Prices are not drawn")


def test_trades_are_sorted_over_all_of_them_and_lead_into_the_chart(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        view = follow(visit.page, f"#/runs/{ask_for_run(visit)}")
        rows = view.locator(".trades tbody tr")
        expect(rows).to_have_count(10)
        head = view.locator(".trades th", has_text="Return")
        head.get_by_role("button").press("Enter")
        expect(head).to_have_attribute("aria-sort", "descending")
        expect(view.locator("[aria-busy=true]")).to_have_count(0)
        returns = [
            float(text.rstrip("%").replace("−", "-"))
            for text in view.locator(".trades td:last-child").all_inner_texts()
        ]
        assert returns == sorted(returns, reverse=True)
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", "ascending")
        expect(rows.last).to_contain_text(f"{returns[0]:+.2f}%")

        link = rows.first.get_by_role("button")
        since = link.inner_text()
        link.click()
        expect(view.locator("run-chart .readout")).to_contain_text(f"Long since {since}")
        expect(rows.first).to_have_class(re.compile("is-read"))


def test_an_order_that_is_answered_late_is_not_that_of_the_table(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        view = follow(page, f"#/runs/{ask_for_run(visit)}")
        rows = view.locator(".trades tbody tr")
        expect(rows).to_have_count(10)
        held = hold(page, "**/result?*sort=return*", times=1)
        with page.expect_request("**/result?*sort=return*"):
            view.locator(".trades th", has_text="Return").get_by_role("button").click()
        entered = view.locator(".trades th", has_text="Entry").first
        entered.get_by_role("button").click()
        expect(view.locator("[aria-busy=true]")).to_have_count(0)
        newest_first = rows.all_inner_texts()
        with page.expect_response("**/result?*sort=return*") as late:
            held[0].continue_()
        late.value.finished()
        page.evaluate("() => new Promise(requestAnimationFrame)")
        assert rows.all_inner_texts() == newest_first


def test_trades_and_equity_are_files(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        view = follow(visit.page, f"#/runs/{ask_for_run(visit)}")
        for name, rows in {"All trades as CSV": 11, "Equity as CSV": 755}.items():
            with visit.page.expect_download() as download:
                view.get_by_role("link", name=name).click()
            assert len(download.value.path().read_text(encoding="utf-8-sig").strip().splitlines()) == rows


def test_months_are_a_table_whose_years_are_what_the_months_make(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        view = follow(visit.page, f"#/runs/{ask_for_run(visit)}")
        months = view.get_by_role("table", name="Returns by month")
        expect(months.get_by_role("row")).to_have_count(4)
        expect(months.get_by_role("columnheader")).to_have_count(14)
        product = 1.0
        for total in months.locator(".total").all_inner_texts():
            product *= 1 + float(total.rstrip("%").replace("−", "-")) / 100
        assert product == pytest.approx(1.6507, abs=0.005)


def test_a_run_can_be_run_again_changed_and_compared(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        job_id = ask_for_run(visit)
        view = follow(page, f"#/runs/{job_id}")
        expect(view.get_by_role("link", name="Change and run again")).to_have_attribute("href", f"#/?copy={job_id}")
        expect(view.get_by_role("link", name="Compare with…")).to_have_attribute("href", f"#/compare/{job_id}")
        view.get_by_role("button", name="Run again").click()
        page.wait_for_function("id => location.hash.startsWith('#/runs/') && !location.hash.includes(id)", arg=job_id)
        expect(view.locator(".metric")).to_have_count(6)


def test_another_users_run_is_none_at_all(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        theirs = ask_for_run(visit)
    with visiting(browser, site) as visit:
        for job_id in (theirs, "01a20ad0-2158-78f1-8cbd-a341db17a8f9", "nonsense"):
            visit.page.evaluate("hash => { location.hash = hash }", f"#/runs/{job_id}")
            view = visit.page.locator(".run-page")
            expect(view).to_contain_text("There is no such run here.")
            expect(view).not_to_contain_text("AAPL")
        assert_accessible(visit.page)


def test_a_result_that_was_removed_for_its_age_says_so(browser: Browser, site: Site) -> None:
    gone = {"error": "Gone", "detail": "The details were removed for their age. Run it again.", "code": "gone"}

    def old(route: Route) -> None:
        route.fulfill(status=410, json=gone)

    with visiting(browser, site) as visit:
        job_id = ask_for_run(visit)
        visit.page.route("**/result?**", old)
        view = follow(visit.page, f"#/runs/{job_id}")
        expect(view.get_by_role("alert").filter(has_text="removed for their age")).to_be_visible()
        expect(view.get_by_role("button", name="Run again")).to_be_enabled()


def test_a_result_that_does_not_come_can_be_asked_for_again(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        job_id = ask_for_run(visit)
        visit.page.route("**/result?**", lambda route: route.abort())
        view = follow(visit.page, f"#/runs/{job_id}")
        expect(view.get_by_role("alert").filter(has_text="could not be loaded")).to_be_visible()
        visit.page.unroute("**/result?**")
        view.get_by_role("button", name="Try again").click()
        expect(view.locator(".metric")).to_have_count(6)


def test_a_run_that_moves_is_watched_at_its_address_and_cancelled(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site) as visit:
        slow_site.enqueue(visit.user, "steps", steps=400, seconds=40, strategy={"name": "slow <b>one</b>"})
        job_id = visit.page.locator(".run").get_attribute("data-job")
        view = follow(visit.page, f"#/runs/{job_id}")
        bar = view.get_by_role("progressbar")
        expect(view.locator("h2")).to_have_text("KO · slow <b>one</b>")
        expect(bar).not_to_have_attribute("aria-valuenow", "0")
        seen = bar.get_attribute("aria-valuenow")
        assert seen is not None
        expect(bar).not_to_have_attribute("aria-valuenow", seen)
        expect(view.locator(".standing-extra")).to_contain_text("left")
        assert_accessible(visit.page)
        view.get_by_role("button", name="Cancel").click()
        expect(view.locator(".standing-phase")).to_have_text("Cancelled")
        expect(view.locator("h2 b")).to_have_count(0)


def test_an_answer_from_before_the_end_does_not_undo_it(browser: Browser, site: Site) -> None:
    def as_it_was(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "status": "processing", "progress": 10, "seq": 1})

    with visiting(browser, site) as visit:
        job_id = ask_for_run(visit)
        expect(visit.page.locator(f"[data-job='{job_id}']")).to_have_attribute("data-status", "completed")
        visit.page.route(f"**/api/backtest/queue/{job_id}", as_it_was)
        view = follow(visit.page, f"#/runs/{job_id}")
        expect(view.locator(".metric")).to_have_count(6)
        expect(view.locator(".asked")).to_contain_text("Parameter fast")


def test_a_failed_run_says_why_at_its_address(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site) as visit:
        slow_site.enqueue(visit.user, "fail", permanent=True, strategy={"name": "hopeless"})
        expect(visit.runs).to_have_attribute("data-status", "failed")
        view = follow(visit.page, f"#/runs/{visit.runs.get_attribute('data-job')}")
        expect(view.locator(".standing")).to_contain_text("The input can never work. Give another.")
        expect(view.locator(".standing")).to_contain_text("Failed at the first attempt.")
        assert_accessible(visit.page)


def test_a_result_speaks_korean(browser: Browser, site: Site) -> None:
    with visiting(browser, site, locale="ko-KR") as visit:
        visit.page.evaluate("hash => { location.hash = hash }", f"#/runs/{ask_for_run(visit)}")
        view = visit.page.locator(".run-page")
        expect(view.locator(".metric")).to_have_count(6)
        expect(view.locator("h2")).to_have_text("AAPL · SMA 교차")
        expect(view.locator(".warnings")).to_contain_text("종가만 있습니다")
        expect(view.locator(".asked")).to_contain_text("단기 기간 (fast)")
        expect(view.get_by_role("table", name="월별 수익률")).to_be_visible()
        expect(view).not_to_contain_text("undefined")

        site.enqueue(visit.user, "backtest", symbol="LEHMQ", strategyId="sma-cross", strategy="sma-cross")
        visit.page.evaluate("location.hash = '#/'")
        failed = visit.page.locator(".run[data-status=failed]")
        expect(failed).to_contain_text("여기에는 LEHMQ의 일봉 가격이 없습니다. 다른 종목을 고르거나")
        expect(visit.page.locator("#strategy option:checked")).to_have_text("볼린저 밴드 회귀")
        expect(visit.page.get_by_label("표준편차 배수", exact=True)).to_have_value("2")
        visit.page.get_by_label("표준편차 배수", exact=True).fill("9")
        visit.page.click("#run")
        expect(visit.page.locator("#parameter-deviations-error")).to_have_text("0.5–5 범위여야 합니다.")
