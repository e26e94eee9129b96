"""axe finds nothing grave in any view of either page: empty, filled, with questions open, in either theme."""

import pytest
from playwright.sync_api import Browser, Page, expect

from axe_scene import violations
from page_scene import Site, Visit, visiting
from result_scene import ask_for_run, ask_for_sweep, settle

# By its address: what a view says and no other does.
TRADERS = {
    "": "New backtest",
    "history": "What you run is kept here.",
    "strategies": "Built in",
    "strategies/new": "Keep strategy",
    "compare": "There are no completed runs to compare yet.",
    "runs/none": "There is no such run here",
    "strategies/none": "There is no such strategy",
}
OPERATORS = {
    "": "Ended in the last hour",
    "jobs": "Act on all that match",
    "queues": "Most running",
    "workers": "busy",
    "accounts": "free",
    "audit": "is written down",
    "doctor": "durability",
    "jobs/none": "There is no such job",
    "accounts/none": "There is no such account",
    "jobs?status=none": "status",
}
IN_BOTH_THEMES = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


@IN_BOTH_THEMES
def test_each_view_of_traders_is_for_everyone(browser: Browser, site: Site, *, dark: bool) -> None:
    with visiting(browser, site, dark=dark) as visit:
        found = {f"empty #/{view}": looked_at(visit.page, view, says) for view, says in TRADERS.items()}
        run, other = ask_for_run(visit), ask_for_run(visit, "buy-and-hold")
        sweep = ask_for_sweep(visit, {"fast": [5, 10], "slow": [20, 50]}, top=1)
        for job_id in (run, other, sweep):
            visit.page.evaluate("hash => { location.hash = hash }", f"#/runs/{job_id}")
            expect(visit.page.locator("#views .result[aria-busy=false]:visible")).to_be_visible()
        filled = {
            "": "New backtest",
            "history": "Created from",
            f"runs/{run}": "Compare with…",
            f"runs/{sweep}": "combinations were tried",
            f"runs/{sweep}?best=1": "All combinations",
            f"compare/{run}/{other}": "What differs",
        }
        found |= {f"#/{view}": looked_at(visit.page, view, says) for view, says in filled.items()}
    hold(found)


@IN_BOTH_THEMES
def test_each_view_of_operators_is_for_everyone(browser: Browser, site: Site, *, dark: bool) -> None:
    with visiting(browser, site, role="admin", dark=dark) as visit:
        page = visit.page
        job_id = ask_for_run(visit)
        views = OPERATORS | {f"jobs/{job_id}": "About this job", f"accounts/{visit.user}": visit.user}
        found = {f"#/{view}": looked_at(page, view, says) for view, says in views.items()}
        looked_at(page, "queues", OPERATORS["queues"])
        page.locator(".queue .switch:visible").first.click()
        found["question"] = asked(visit)
        page.keyboard.press("?")
        found["keys"] = asked(visit)
    hold(found)


def looked_at(page: Page, view: str, says: str) -> list[str]:
    page.evaluate("view => { location.hash = `#/${view}` }", view)
    # The view before would else be looked at once more, while this one is fetched.
    expect(page.locator("#views > :visible")).to_contain_text(says)
    expect(page.locator("#views h2:visible").first).not_to_have_text("Loading…")
    expect(page.locator("#views [aria-busy=true]:visible")).to_have_count(0)
    return grave(page)


def asked(visit: Visit) -> list[str]:
    """An open question, which is answered no."""
    expect(visit.page.get_by_role("dialog")).to_be_visible()
    found = grave(visit.page)
    visit.page.keyboard.press("Escape")
    expect(visit.page.get_by_role("dialog")).to_have_count(0)
    return found


def grave(page: Page) -> list[str]:
    settle(page)
    return [line for line in violations(page) if not line.startswith("moderate")]


def hold(found: dict[str, list[str]]) -> None:
    wrong = [f"{view}: {line}" for view, lines in found.items() for line in lines]
    assert wrong == [], "\n".join(wrong)
