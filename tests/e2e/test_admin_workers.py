"""Operators and workers: what each slot runs, and who is there."""

import re
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from axe_scene import assert_accessible
from database_scene import execute
from page_scene import TEST_WORKER, Site, serve, start, visiting

pytestmark = pytest.mark.pages

BAD = "<img src=x onerror=alert(1)>"


def test_slots_say_what_they_run_and_how_far_it_is(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin") as visit:
        page = visit.page
        page.get_by_role("link", name="Workers", exact=True).click()
        worker = page.locator(".worker")
        expect(worker.locator(".slot[data-free]")).to_have_count(2)
        height = worker.bounding_box()
        slow_site.enqueue(visit.user, "steps", steps=400, seconds=40, strategy={"name": f"<b>{BAD}"})

        slot = worker.locator(".slot").filter(has_text=f"KO · <b>{BAD}")
        bar = slot.get_by_role("progressbar", name=f"Progress of KO · <b>{BAD}")
        expect(bar).not_to_have_attribute("aria-valuenow", "0")
        seen = bar.get_attribute("aria-valuenow")
        expect(bar).not_to_have_attribute("aria-valuenow", seen or "")
        expect(slot).to_contain_text("left")
        expect(worker).to_contain_text("1 of 2 slots busy")
        expect(worker.locator("time[data-age=ago]")).to_have_text(re.compile(r"^\d+ s ago$"))
        expect(page.locator("#views img, #views b")).to_have_count(0)
        assert worker.bounding_box() == height
        assert_accessible(page)

        slot.get_by_role("link").click()
        expect(page).to_have_url(re.compile("#/jobs/[0-9a-f-]{36}$"))


def test_a_worker_that_stops_is_missed_and_its_absence_explained(browser: Browser, database_url: str) -> None:
    with ExitStack() as stack:
        _, url = serve(stack, database_url)
        worker, _ = start(stack, database_url, [str(TEST_WORKER), database_url, "1"])
        with visiting(browser, Site(database_url, url), role="admin") as visit:
            page = visit.page
            page.get_by_role("link", name="Workers", exact=True).click()
            expect(page.locator(".worker")).to_have_count(1)
            worker.stop()
            expect(page.locator(".worker")).to_have_count(0)
            expect(page.locator(".gone-list li")).to_contain_text("backtest")
            expect(page.locator("#views .empty .command").first).to_have_text("pgqueue worker")
            assert_accessible(page)


def test_releases_that_run_together_are_flagged(browser: Browser, slow_site: Site) -> None:
    with ExitStack() as stack, visiting(browser, slow_site, role="admin") as visit:
        page = visit.page
        page.get_by_role("link", name="Workers", exact=True).click()
        expect(page.locator(".worker")).to_have_count(1)
        execute(slow_site.database_url, "update pgqueue.workers set version = '0.0.9'")
        start(stack, slow_site.database_url, [str(TEST_WORKER), slow_site.database_url, "1"])
        expect(page.locator(".worker")).to_have_count(2)
        expect(page.locator("#views > section:not([hidden]) > .notice")).to_contain_text(
            "Workers of several releases run together: 0.0.9, "
        )
