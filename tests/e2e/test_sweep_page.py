"""A sweep's result: how far to trust it, its map, its table, and the way from a combination to a run."""

import re

import pytest
from playwright.sync_api import Browser, expect

from axe_scene import assert_accessible
from page_scene import Site, Visit, visiting
from result_scene import ask_for_sweep, follow, settle

GRID = {"fast": [5, 10, 20, 40], "slow": [10, 20, 50]}


def swept(visit: Visit) -> str:
    return f"#/runs/{ask_for_sweep(visit, GRID, where='fast < slow', top=2, params={'outOfSampleFrom': '2022-01-01'})}"


def test_it_says_how_many_were_tried_and_how_the_best_did_afterwards(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        view = follow(visit.page, swept(visit))
        expect(view.locator(".honesty")).to_contain_text("7 combinations were tried")
        expect(view.locator(".honesty")).to_contain_text("Deflated Sharpe ratio")
        expect(view.locator(".honesty")).to_contain_text("what came before 2022-01-01")
        expect(view.locator(".best tbody tr")).to_have_count(2)
        expect(view.locator(".best thead")).to_contain_text("Sharpe ratio after")
        expect(view.locator(".combinations tbody tr")).to_have_count(7)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_sweep_is_for_everyone(browser: Browser, site: Site, *, dark: bool, width: int) -> None:
    with visiting(browser, site, dark=dark, width=width) as visit:
        view = follow(visit.page, swept(visit))
        expect(view.get_by_role("grid")).to_be_visible()
        settle(visit.page)
        assert_accessible(visit.page)
        assert visit.page.evaluate("document.documentElement.scrollWidth") == width


def test_the_map_is_walked_by_arrow_keys_and_the_best_is_where_one_begins(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        view = follow(visit.page, swept(visit))
        grid, readout = view.get_by_role("grid"), view.locator(".heat .readout")
        expect(grid.get_by_role("gridcell")).to_have_count(12)
        expect(grid.locator("td[tabindex='0']")).to_have_count(1)
        grid.locator("td[tabindex='0']").focus()
        expect(readout).to_contain_text("no. 1 of 7")
        visit.page.keyboard.press("Control+Home")
        expect(readout).to_contain_text("fast 5, slow 10: Sharpe ratio")
        visit.page.keyboard.press("ArrowRight")
        expect(readout).to_have_text("fast 10, slow 10: no such combination")
        visit.page.keyboard.press("ArrowDown")
        expect(readout).to_contain_text("fast 10, slow 20")
        visit.page.keyboard.press("Control+End")
        expect(readout).to_contain_text("fast 40, slow 50")
        visit.page.keyboard.press("ArrowRight")
        expect(grid.locator("td:focus")).to_have_text(re.compile(r"[\d.]+"))


def test_axes_and_metric_are_chosen(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        view = follow(visit.page, swept(visit))
        expect(view.get_by_role("grid", name="Sharpe ratio by fast and slow")).to_be_visible()
        view.get_by_label("Metric", exact=True).select_option(label="Total return")
        expect(view.get_by_role("grid", name="Total return by fast and slow")).to_contain_text("%")
        view.get_by_label("Across").select_option("slow")
        expect(view.get_by_role("grid", name="Total return by slow and fast")).to_be_visible()


def test_more_than_two_parameters_show_the_best_over_the_rest(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        listed = page.evaluate("fetch('api/strategies').then((r) => r.json())")["strategies"]
        three = next(each for each in listed if len(each["params"]) >= 3)
        grid = {
            name: [each["default"], min(each["max"], each["default"] + (1 if each["type"] == "int" else 0.1))]
            for name, each in list(three["params"].items())[:3]
        }
        view = follow(page, f"#/runs/{ask_for_sweep(visit, grid, strategyId=three['id'])}")
        last = list(grid)[2]
        expect(view.locator(".heat")).to_contain_text(f"Each cell is the best over {last}")
        view.get_by_role("grid").locator("td[tabindex='0']").focus()
        expect(view.locator(".heat .readout")).to_contain_text(f"{last} ")


def test_the_best_is_opened_as_it_was_stored(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        address = swept(visit)
        view = follow(page, address)
        view.get_by_role("grid").locator("td[tabindex='0']").press("Enter")
        page.wait_for_url(re.compile(r"\?best=1$"))
        expect(view.locator(".metric")).to_have_count(6)
        expect(view.locator("h2")).to_contain_text("No. 1 of its sweep")
        expect(view.locator(".asked")).to_contain_text("Parameter fast")
        view.get_by_role("link", name="All combinations").click()
        expect(view.get_by_role("grid")).to_be_visible()


def test_any_other_is_asked_about_and_run(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        view = follow(page, swept(visit))
        last = view.locator(".combinations tbody tr").last
        fast, slow = last.locator("td").nth(1).inner_text(), last.locator("td").nth(2).inner_text()
        last.get_by_role("button", name="Run").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(f"fast {fast}, slow {slow}, on AAPL")
        assert_accessible(page)
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        last.get_by_role("button", name="Run").click()
        dialog.get_by_role("button", name="Run it").click()
        expect(view.locator(".metric")).to_have_count(6)
        asked = view.locator(".asked")
        expect(asked.locator("div", has_text="Parameter fast")).to_contain_text(fast)
        expect(asked.locator("div", has_text="Parameter slow")).to_contain_text(slow)
        expect(asked).not_to_contain_text("Tried")


def test_the_table_is_sorted_over_all_of_them(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        grid = {"fast": {"from": 5, "to": 50, "step": 5}, "slow": {"from": 60, "to": 150, "step": 10}}
        view = follow(visit.page, f"#/runs/{ask_for_sweep(visit, grid)}")
        rows = view.locator(".combinations tbody tr")
        expect(rows).to_have_count(50)
        head = view.locator(".combinations th", has_text="Closed trades")
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", "descending")
        expect(view.locator("[aria-busy=true]")).to_have_count(0)
        view.get_by_role("button", name="Show more combinations").click()
        expect(rows).to_have_count(100)
        at = view.locator(".combinations thead th").all_inner_texts()
        column = next(index for index, text in enumerate(at) if text.startswith("Closed trades"))
        counts = [int(row.locator("td").nth(column).inner_text()) for row in rows.all()]
        assert counts == sorted(counts, reverse=True)
