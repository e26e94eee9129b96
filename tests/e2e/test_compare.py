"""Two runs side by side."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from axe_scene import assert_accessible
from page_scene import Site, visiting
from result_scene import ask_for_run, follow, settle

pytestmark = pytest.mark.pages


def completed(page: Page, job_id: str) -> str:
    view = follow(page, f"#/runs/{job_id}")
    expect(view.locator(".metric")).to_have_count(6)
    return job_id


def test_what_differs_comes_first_and_every_metric_has_its_difference(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        first = completed(page, ask_for_run(visit))
        second = completed(page, ask_for_run(visit, strategyParams={"fast": 20}, costs={"commission": 0.001}))
        view = follow(page, f"#/compare/{first}/{second}")
        differences = view.locator(".differences tbody tr")
        expect(differences.first).to_contain_text("Parameter fast")
        expect(differences.filter(has_text="Commission")).to_contain_text("0.10%")
        expect(view.locator("[data-metric=totalReturn] td")).to_have_count(3)
        one, two, by = (
            float(re.sub(r"[%p+, ]", "", text).replace("−", "-"))
            for text in view.locator("[data-metric=totalReturn] td").all_inner_texts()
        )
        assert by == pytest.approx(two - one, abs=0.02)
        expect(view.locator("run-chart .readout")).to_contain_text("2022-12-28: A: AAPL · SMA crossover 165.07")
        expect(view.locator("canvas").first).to_be_visible()

        view.get_by_role("button", name="Swap").click()
        page.wait_for_url(re.compile(f"compare/{second}/{first}$"))
        expect(view.locator("run-chart .readout")).to_contain_text("B: AAPL · SMA crossover 165.07")


def test_other_prices_and_other_days_are_said(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        first = completed(page, ask_for_run(visit))
        second = completed(page, ask_for_run(visit, symbol="MSFT", startDate="2021-01-01"))
        view = follow(page, f"#/compare/{first}/{second}")
        expect(view.locator(".warnings")).to_contain_text("AAPL 1d and MSFT 1d")
        expect(view.locator(".warnings")).to_contain_text("They ran over other days")
        view = follow(page, f"#/compare/{first}/{completed(page, ask_for_run(visit))}")
        expect(view.locator(".warnings")).to_contain_text("exactly the same trades and equity")
        expect(view).to_contain_text("Both were asked the same.")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_comparison_is_for_everyone(browser: Browser, site: Site, *, dark: bool, width: int) -> None:
    with visiting(browser, site, dark=dark, width=width) as visit:
        page = visit.page
        first, second = (completed(page, ask_for_run(visit, name)) for name in ("sma-cross", "buy-and-hold"))
        view = follow(page, f"#/compare/{first}/{second}")
        expect(view.locator("canvas").first).to_be_visible()
        settle(page)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_second_is_picked_among_recent_runs(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        view = follow(page, "#/compare")
        expect(view).to_contain_text("There are no completed runs to compare yet")
        first, second = (completed(page, ask_for_run(visit, name)) for name in ("sma-cross", "buy-and-hold"))
        view = follow(page, f"#/compare/{first}")
        expect(view).to_contain_text("Choose two completed runs")
        view.get_by_label("Second run").select_option(second)
        expect(view.locator(".differences")).to_contain_text("Buy and hold")
        view.get_by_label("Second run").select_option(first)
        expect(view.get_by_role("alert")).to_contain_text("These are the same run")


def test_what_has_no_result_or_is_anothers_is_said(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        theirs = ask_for_run(visit)
    with visiting(browser, site) as visit:
        page = visit.page
        mine = completed(page, ask_for_run(visit))
        view = follow(page, f"#/compare/{mine}/{theirs}")
        expect(view.get_by_role("alert")).to_contain_text("There is no such run here.")
        page.route("**/result?**", lambda route: route.abort())
        second = ask_for_run(visit, "buy-and-hold")
        expect(page.locator(f"[data-job='{second}'][data-status=completed]")).to_have_count(1)
        view = follow(page, f"#/compare/{mine}/{second}")
        expect(view.get_by_role("alert")).to_contain_text("could not be loaded")
        page.unroute("**/result?**")
        view.get_by_role("button", name="Try again").click()
        expect(view.locator(".differences")).to_be_visible()
