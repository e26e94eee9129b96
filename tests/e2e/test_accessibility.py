"""axe finds nothing to mend, whatever the page shows, in either theme."""

from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from axe_scene import assert_accessible, violations
from page_scene import Site, looking, visiting

pytestmark = pytest.mark.pages

Theme = Literal["light", "dark"]
THEMES: list[Theme] = ["light", "dark"]
IN_BOTH_THEMES = pytest.mark.parametrize("theme", THEMES)


@IN_BOTH_THEMES
def test_the_login_is_for_everyone(browser: Browser, site: Site, theme: Theme) -> None:
    with looking(browser, dark=theme == "dark") as visit:
        page = visit.page
        page.goto(site.url)
        expect(page.locator("#login")).to_be_visible()
        assert_accessible(page)

        page.fill("#key", "no key")
        page.click("#login-form .primary")
        expect(page.locator("#login-message")).to_be_visible()
        assert_accessible(page)


@IN_BOTH_THEMES
def test_the_desk_is_for_everyone(browser: Browser, site: Site, theme: Theme) -> None:
    with visiting(browser, site, dark=theme == "dark") as visit:
        page = visit.page
        expect(page.locator("#runs-empty")).to_be_visible()
        expect(page.locator("#run")).to_be_enabled()
        assert_accessible(page)

        visit.run(start="2022-01-01", end="2020-01-01", capital="5")
        expect(page.locator("#capital-error")).to_be_visible()
        assert_accessible(page)

        visit.run(start="2020-01-01", end="2025-12-22", capital="10000")
        expect(page.locator(".result .metric").first).to_be_visible()
        settle(page)
        assert_accessible(page)


def settle(page: Page) -> None:
    """Until no transition runs: colours on their way are nobody's choice."""
    page.wait_for_function("() => document.getAnimations().every((each) => each.playState === 'finished')")


def test_what_is_wrong_is_found(browser: Browser, site: Site) -> None:
    with looking(browser) as visit:
        page = visit.page
        page.goto(site.url)
        expect(page.locator("#login")).to_be_visible()
        page.evaluate("() => document.querySelector('label[for=key]').remove()")

        found = violations(page)

    assert "critical: label (Form elements must have labels) at #key" in found
