"""A result on paper, and in the colours that somebody chose for all of their system."""

import pytest
from playwright.sync_api import Browser, expect

from page_scene import Site, visiting
from result_scene import ask_for_run, follow

WIDEST = """() => Math.max(
    ...[...document.querySelectorAll("#views *")]
        .filter(element => element.checkVisibility()).map(element => element.getBoundingClientRect().right)
)"""


def test_a_result_is_printed_whole_and_without_controls(browser: Browser, site: Site) -> None:
    with visiting(browser, site, dark=True) as visit:
        page = visit.page
        view = follow(page, f"#/runs/{ask_for_run(visit)}")
        expect(view.locator("run-chart canvas").first).to_be_visible()
        expect(view.locator("run-chart")).not_to_have_attribute("aria-busy", "true")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        # A4 at 96 to the inch, less what browsers leave at its edges.
        page.set_viewport_size({"width": 718, "height": 1000})
        expect(page.locator("header, button.quiet, .links a, .plot").and_(page.locator(":visible"))).to_have_count(0)
        expect(view.locator(".printed")).to_be_visible()
        expect(view.locator(".metric")).to_have_count(6)
        expect(view.locator(".trades tbody tr").last).to_be_visible()
        assert page.evaluate(WIDEST) <= 718
        assert page.evaluate("getComputedStyle(document.querySelector('.final')).color") == "rgb(18, 23, 31)"

        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        expect(view.locator(".printed")).to_have_count(0)
        assert page.evaluate("document.documentElement.dataset.theme") == "system"


@pytest.mark.pages
def test_forced_colours_show_the_bar_and_what_is_chosen_and_still_motion_is_still(
    browser: Browser, slow_site: Site
) -> None:
    with visiting(browser, slow_site) as visit:
        page = visit.page
        page.emulate_media(forced_colors="active", reduced_motion="reduce")
        slow_site.enqueue(visit.user, "steps", steps=400, seconds=40)
        bar = visit.runs.get_by_role("progressbar")
        expect(bar).not_to_have_attribute("aria-valuenow", "0")
        fill, around = (
            page.evaluate("at => getComputedStyle(document.querySelector(at)).backgroundColor", at)
            for at in (".run .bar-fill", ".run .bar")
        )
        assert fill != around
        assert bar.evaluate("bar => getComputedStyle(bar).borderTopStyle") == "solid"
        assert bar.evaluate("bar => getComputedStyle(bar.firstChild).transitionDuration") == "0s"
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        visit.runs.get_by_role("button", name="Cancel").click()
        expect(visit.runs).to_have_attribute("data-status", "cancelled")
