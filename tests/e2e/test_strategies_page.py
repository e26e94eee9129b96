"""The editor of rules in a real Chromium: checked as one types, kept, used, and never lost."""

from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, Page, expect

from page_scene import Site, hold, visiting


def rule(page: Page, label: str) -> Any:
    return page.get_by_label(label, exact=True)


def test_what_is_wrong_is_marked_under_its_characters_while_one_types(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        page.goto(f"{site.url}/#/strategies/new")
        rule(page, "Open long when").fill("close > smaa(close, 20)")
        expect(page.locator(".rule-mirror mark")).to_have_text("smaa")
        expect(page.locator(".rule-field .error:visible")).to_contain_text("did you mean 'sma'?")
        expect(page.locator(".check-state")).to_have_attribute("data-state", "invalid")

        rule(page, "Open long when").fill("close > sma(close, 20)")
        page.get_by_label("Name", exact=True).fill("Above its mean")
        expect(page.locator(".rule-mirror mark")).to_have_count(0)
        expect(page.locator(".check-state")).to_contain_text("Ready to run. Looks back 49 bars; 1 parameter.")


def test_a_copy_of_a_built_in_is_kept_and_run(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        page.get_by_role("link", name="Strategies").click()
        page.get_by_role("link", name="SMA crossover").click()
        expect(page.get_by_label("Name", exact=True)).not_to_be_editable()
        page.get_by_role("link", name="Copy and change").click()
        page.get_by_label("Name", exact=True).fill("Mine")
        page.get_by_role("button", name="Keep strategy").click()
        expect(
            page.get_by_role("navigation", name="All strategies").get_by_role("link", name="Mine")
        ).to_have_attribute("aria-current", "page")
        page.get_by_role("link", name="Use in a run").click()
        expect(page.locator("#strategy")).to_be_visible()


def test_what_was_typed_survives_a_reload_until_it_is_thrown_away(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        page.goto(f"{site.url}/#/strategies/new")
        page.get_by_label("Name", exact=True).fill("Half-way")
        page.reload()
        expect(page.get_by_label("Name", exact=True)).to_have_value("Half-way")
        page.get_by_role("button", name="Throw them away").click()
        expect(page.get_by_label("Name", exact=True)).to_have_value("")


def test_a_taken_name_is_said_at_the_name(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        for _ in range(2):
            page.goto(f"{site.url}/#/strategies/new?from=sma-cross")
            # Filled in before, it would be written over by what is loaded.
            expect(page.get_by_label("Name", exact=True)).to_have_value("SMA crossover, changed")
            page.get_by_label("Name", exact=True).fill("Twice")
            page.get_by_role("button", name="Keep strategy").click()
            expect(
                page.get_by_role("navigation", name="All strategies").get_by_role("link", name="Twice")
            ).to_be_visible()
        expect(page.locator("#strategy-name-error")).to_be_visible()


def test_another_tab_s_change_is_not_overwritten(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        page.goto(f"{site.url}/#/strategies/new?from=sma-cross")
        page.get_by_label("Name", exact=True).fill("Shared")
        page.get_by_role("button", name="Keep strategy").click()
        expect(page.get_by_role("button", name="Save")).to_be_visible()
        other = page.context.new_page()
        other.goto(page.url)
        rule(other, "Close long when").fill("close < 0")
        other.get_by_role("button", name="Save").click()
        expect(other.locator("#announcer")).to_have_text("Shared: saved")

        rule(page, "Close long when").fill("close < 1")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Load the newer one").click()
        expect(rule(page, "Close long when")).to_have_value("close < 0")


def test_strategies_that_come_after_somebody_left_are_not_the_next_one_s(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        page.goto(f"{site.url}/#/strategies/new?from=macd")
        page.get_by_label("Name", exact=True).fill("Private")
        page.get_by_role("button", name="Keep strategy").click()
        expect(page.get_by_role("link", name="Private")).to_be_visible()
        page.goto(f"{site.url}/")
        page.reload()
        expect(page.locator("#strategy option", has_text="Private")).to_have_count(1)
        held = hold(page, "**/api/strategies", times=1)
        with page.expect_request("**/api/strategies"):
            page.get_by_role("link", name="Strategies").click()
        expect(page.get_by_role("navigation", name="All strategies")).to_be_visible()
        answer = held[0].fetch()
        page.get_by_role("button", name="Log out").click()
        expect(page.locator("#login")).to_be_visible()
        page.fill("#key", site.key(str(uuid4())))
        page.keyboard.press("Enter")
        listed = page.get_by_role("navigation", name="All strategies")
        macd = listed.get_by_role("link", name="MACD")
        expect(macd).to_be_visible()
        held[0].fulfill(response=answer)
        macd.click()
        expect(macd).to_have_attribute("aria-current", "page")
        assert "Private" not in page.content()


def test_deleting_asks_first(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        page.goto(f"{site.url}/#/strategies/new?from=macd")
        page.get_by_label("Name", exact=True).fill("Short-lived")
        page.get_by_role("button", name="Keep strategy").click()
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.locator("#announcer")).to_have_text("Short-lived: deleted")
        expect(page.get_by_role("link", name="Short-lived")).to_have_count(0)


def test_markup_in_a_strategy_s_name_stays_text(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        bad = "<img src=x onerror=alert(1)>"
        page.goto(f"{site.url}/#/strategies/new?from=macd")
        page.get_by_label("Name", exact=True).fill(bad)
        page.get_by_role("button", name="Keep strategy").click()
        expect(page.get_by_role("heading", name=bad)).to_be_visible()
        expect(page.locator("#views img")).to_have_count(0)


def test_a_function_is_found_and_inserted_at_the_caret(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        page.goto(f"{site.url}/#/strategies/new")
        rule(page, "Close long when").fill("close < ")
        page.get_by_label("Search functions").fill("sma(")
        page.get_by_role("button", name="sma(series, length)", exact=True).click()
        expect(rule(page, "Close long when")).to_have_value("close < sma(series, length)")
        expect(rule(page, "Close long when")).to_be_focused()


def test_a_definition_comes_in_as_json(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        page.goto(f"{site.url}/#/strategies/new")
        page.get_by_text("As JSON").click()
        page.get_by_role("textbox", name="As JSON").fill('{"name": "Brought in", "entryLong": "close > 1"')
        page.get_by_role("button", name="Use this JSON").click()
        expect(page.locator(".json-part .error")).to_contain_text("This is no definition in JSON")
        page.get_by_role("textbox", name="As JSON").fill('{"name": "Brought in", "entryLong": "close > 1"}')
        page.get_by_role("button", name="Use this JSON").click()
        expect(page.get_by_label("Name", exact=True)).to_have_value("Brought in")
        expect(page.locator(".check-state")).to_contain_text("Ready to run")


def test_names_are_offered_while_one_types_and_taken_by_keys(browser: Browser, site: Site) -> None:
    with visiting(browser, site) as visit:
        page = visit.page
        page.goto(f"{site.url}/#/strategies/new")
        field = rule(page, "Close short when")
        expect(page.get_by_role("button", name="sma(series, length)", exact=True)).to_be_visible()
        field.press_sequentially("close < le")
        expect(page.locator(".completion:visible [role=option]")).to_have_count(1)
        field.press("ArrowDown")
        field.press("Enter")
        expect(field).to_have_value("close < length")
        field.press("Escape")
        expect(page.locator(".completion:visible [role=option]")).to_have_count(0)
