"""What one user has, another's page says nothing of: not at its address, not in lists, not after a change of users."""

from typing import Any

from playwright.sync_api import Browser, Page, expect

from page_scene import Site, visiting


def own(page: Page, site: Site) -> Any:
    """Ids of all that the page's user has."""
    jobs = page.request.get(f"{site.url}/api/backtest/jobs").json()["jobs"]
    return [job["jobId"] for job in jobs]


def test_another_s_run_and_strategy_are_not_found_at_their_addresses(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as theirs, visiting(browser, site) as mine:
        theirs.run(start="2020-01-01")
        expect(theirs.page.locator(".run[data-status=completed]")).to_have_count(1)
        (job_id,) = own(theirs.page, site)
        theirs.page.goto(f"{site.url}/#/strategies/new?from=macd")
        theirs.page.locator("#strategy-name").fill("Secret sauce")
        theirs.page.get_by_role("button", name="Keep strategy").click()
        expect(theirs.page.get_by_role("button", name="Save")).to_be_visible()
        strategy_address = theirs.page.url

        page = mine.page
        for address in (f"{site.url}/#/runs/{job_id}", f"{site.url}/#/compare/{job_id}/{job_id}"):
            page.goto(address)
            expect(page.locator("#views")).to_contain_text("There is no such run here.")
        page.goto(strategy_address)
        expect(page.locator("#views")).to_contain_text("There is no such strategy.")
        expect(page.locator("body")).not_to_contain_text("Secret sauce")
        page.goto(f"{site.url}/#/history")
        expect(page.locator("#views [data-job]")).to_have_count(0)
        page.goto(f"{site.url}/#/")
        expect(mine.runs).to_have_count(0)


def test_who_logs_in_next_finds_nothing_of_who_was_there(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        visit.run(start="2020-01-01")
        expect(page.locator(".run[data-status=completed]")).to_have_count(1)
        page.goto(f"{site.url}/#/strategies/new")
        page.locator("#strategy-name").fill("Half a secret")
        page.click("#logout")
        expect(page.locator("#login-message")).to_have_text("You are logged out.")

        page.goto(site.login_url("00000000-0000-4000-8000-000000000001"))
        expect(page.locator("#runs-empty")).to_be_visible()
        expect(page.locator("body")).not_to_contain_text("Half a secret")
        page.goto(f"{site.url}/#/strategies/new")
        expect(page.locator("#strategy-name")).to_have_value("")
        assert page.evaluate("Object.keys(sessionStorage).length") == 0
