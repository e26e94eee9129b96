"""A day at the traders' page by keys alone: nothing is out of reach, and one always sees where one is."""

import re

import psycopg
from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from page_scene import Site, looking

WHERE = """() => {
    const at = document.activeElement;
    const isOutlined = (element) => element && getComputedStyle(element).outlineStyle !== "none";
    const { left, right, top, bottom } = at.getBoundingClientRect();
    const isThere = at !== document.body && at.checkVisibility();
    // A radio's label and a rule's box are outlined in its place.
    const isSeen = [at, at.nextElementSibling, at.parentElement].some(isOutlined);
    const isInSight = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
    return {
        isThere, isSeen, isInSight, isWell: isThere && isSeen && isInSight,
        name: `${at.localName}#${at.id} ${at.getAttribute("aria-label") ?? at.textContent.slice(0, 40)}`,
    };
}"""
MOST_STEPS = 120


class Keys:
    """Presses, and a look after each where the focus is."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said, self.dialog = page.locator("#announcer"), page.get_by_role("dialog")
        self.heading = page.locator("#views h2:focus")

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.locator("#views").get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.page.locator("#views").get_by_role("link", name=name, exact=True)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.look()

    def look(self) -> str:
        """What has the focus, once what the last press set going has happened."""
        where = self.page.evaluate(WHERE)
        if not where["isWell"]:
            try:
                self.page.wait_for_function(f"() => ({WHERE})().isWell")
            except PlaywrightTimeoutError as late:
                raise AssertionError(self.page.evaluate(WHERE)) from late
        return str(where["name"])

    def reach(self, target: Locator, *, by: str = "Tab") -> Locator:
        passed = []
        for _ in range(MOST_STEPS):
            self.page.keyboard.press(by)
            passed.append(self.look())
            if target.evaluate_all("found => found.includes(document.activeElement)"):
                return target
        raise AssertionError(f"{target} is not reached: {passed}")

    def follow(self, target: Locator, *, by: str = "Tab", key: str = "Enter") -> None:
        self.reach(target, by=by)
        self.press(key)

    def write(self, target: Locator, text: str) -> None:
        self.reach(target)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)


def pause(site: Site, *, is_paused: bool) -> None:
    with psycopg.connect(site.database_url) as connection:
        connection.execute(
            "insert into pgqueue.queues (name, paused) values ('backtest', %s)"
            " on conflict (name) do update set paused = excluded.paused",
            [is_paused],
        )


def test_all_of_it_is_done_by_keys(browser: Browser, site: Site) -> None:
    with looking(browser) as visit:
        keys = Keys(visit.page)
        log_in(keys, site)
        fill_the_ticket(keys, site)
        cancel_and_run_again(keys, site)
        sort_and_page(keys)
        reset(keys)
        sweep(keys)
        compare(keys)
        write_a_strategy(keys)
        log_out(keys)


def log_in(keys: Keys, site: Site) -> None:
    page = keys.page
    page.goto(site.url)
    expect(page.locator("#key")).to_be_focused()
    page.keyboard.type(site.key("0b6fd2a4-7a51-4d5c-9d8a-1c8f8f3f2f11"))
    page.keyboard.press("Enter")
    expect(page.locator("#ticket-title")).to_be_focused()
    expect(page.locator("#ticket-fields")).to_be_visible()


def fill_the_ticket(keys: Keys, site: Site) -> None:
    """The ticket, top to bottom."""
    page = keys.page
    symbol = keys.reach(page.locator("#symbol"))
    page.keyboard.type("microsoft")
    keys.press("ArrowDown", "Enter")
    expect(symbol).to_have_value(re.compile("^MSFT"))
    keys.reach(page.locator("#strategy"))
    page.keyboard.type("SMA")
    keys.write(page.locator("#parameter-fast"), "19")
    keys.follow(keys.button("All"), key=" ")
    pause(site, is_paused=True)
    keys.follow(page.locator("#run"))
    expect(keys.said).to_have_text("MSFT · SMA crossover: sent to the queue")


def cancel_and_run_again(keys: Keys, site: Site) -> None:
    """Cancelled while it waits, and run again in its place."""
    page = keys.page
    keys.follow(keys.button(re.compile("^Cancel: ")))
    expect(page.locator(".run")).to_have_attribute("data-status", "cancelled")
    pause(site, is_paused=False)
    again = keys.button(re.compile("^Run again: "))
    expect(again).to_have_attribute("aria-disabled", "false")
    keys.press("Enter")
    expect(keys.said).to_have_text("MSFT · SMA crossover: Completed")
    result = page.locator(".result")
    expect(result.locator(".trades tbody tr")).to_have_count(50)
    keys.look()


def sort_and_page(keys: Keys) -> None:
    """Its trades are sorted and paged through."""
    page = keys.page
    result = page.locator(".result")
    keys.follow(result.get_by_role("button", name="Profit", exact=True))
    expect(result.locator("th[aria-sort=descending]")).to_have_text(re.compile("Profit"))
    more = keys.reach(result.get_by_role("button", name="Show more trades"))
    while more.is_visible():
        count = result.locator(".trades tbody tr").count()
        # What comes is read where one looks, and pushes the button down: it keeps the focus, to be pressed again.
        page.keyboard.press("Enter")
        expect(result.locator(".trades tbody tr")).not_to_have_count(count)
        assert more.is_hidden() or more.evaluate("button => button === document.activeElement")
    expect(result.locator(".trades tbody tr").nth(count).locator(":focus")).to_be_visible()
    keys.look()


def reset(keys: Keys) -> None:
    """A reset takes its own button away."""
    page = keys.page
    page.locator(".skip").focus()
    keys.follow(page.locator("#parameters-reset"))
    expect(page.locator("#parameter-fast")).to_be_focused()


def sweep(keys: Keys) -> None:
    """A sweep, whose map is walked to a cell that is asked about and run."""
    page = keys.page
    keys.reach(page.locator("#mode-run"), by="Shift+Tab")
    keys.press("ArrowRight")
    expect(page.locator("#where")).to_have_value("fast < slow")
    keys.reach(page.locator("#where"))
    keys.press("Control+Enter")
    expect(keys.said).to_have_text("MSFT · SMA crossover: Completed")
    heat = page.locator(".result .heat")
    expect(heat).to_be_visible()
    keys.reach(heat.locator("td[tabindex='0']"))
    keys.press("Control+End")
    expect(heat.locator(".readout")).to_contain_text("Enter runs it")
    keys.press(" ")
    expect(keys.dialog).to_be_visible()
    for _ in range(3):
        keys.press("Tab")
        assert keys.dialog.locator(":focus").count() == 1
    keys.press("Escape")
    expect(keys.dialog).to_have_count(0)
    expect(heat.locator("td:focus")).to_have_count(1)
    keys.press("Enter")
    keys.follow(keys.dialog.get_by_role("button", name="Run it"))
    expect(keys.heading).to_be_visible()
    expect(keys.heading).to_have_text("MSFT · SMA crossover")
    expect(page.locator(".metric:visible").first).to_be_visible()
    keys.look()
    keys.follow(keys.button("Run again"))
    expect(keys.heading).to_be_visible()
    expect(page.locator(".metric:visible").first).to_be_visible()


def compare(keys: Keys) -> None:
    """Two are picked in the history and compared."""
    page = keys.page
    page.keyboard.press("Control+Home")
    keys.follow(page.get_by_role("link", name="History"), by="Shift+Tab")
    expect(keys.heading).to_be_visible()
    keys.follow(page.locator(".skip"), by="Shift+Tab")
    expect(page.locator("#views")).to_be_focused()
    assert page.url.endswith("#/history")
    picks = page.locator(".history-table").get_by_role("checkbox")
    expect(picks.first).to_be_visible()
    for pick in (picks.nth(0), picks.nth(1)):
        keys.follow(pick, key=" ")
    keys.follow(page.locator(".page-head a.primary"), by="Shift+Tab")
    expect(keys.heading).to_have_text("Compare runs")
    expect(keys.heading).to_be_visible()
    expect(page.locator(".compare .result")).to_be_visible()
    keys.follow(keys.button("Swap"))
    expect(page.locator(".compare .result")).to_be_visible()
    keys.look()


def write_a_strategy(keys: Keys) -> None:
    """A strategy is copied, changed with what is offered, kept and left."""
    page = keys.page
    keys.follow(page.get_by_role("link", name="Strategies"), by="Shift+Tab")
    built_in = keys.link("MACD")
    expect(built_in).to_be_visible()
    keys.follow(built_in)
    expect(page.locator(".strategy-list [aria-current]")).to_be_focused()
    keys.follow(keys.link("Copy and change"), by="Shift+Tab")
    name = page.get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("By keys")
    rule = keys.reach(page.get_by_label("Close long when"))
    page.keyboard.press("Control+a")
    page.keyboard.type("close < fas")
    expect(page.locator(".completion:visible")).to_be_visible()
    keys.press("ArrowDown", "Enter")
    expect(rule).to_have_value("close < fast")
    keys.follow(keys.button("Keep strategy"), by="Shift+Tab")
    expect(keys.button("Save")).to_be_focused()
    expect(keys.said).to_have_text("By keys: saved")
    keys.follow(keys.button("Delete"), by="Shift+Tab")
    expect(keys.dialog).to_be_visible()
    keys.press("Escape")
    expect(keys.button("Delete")).to_be_focused()


def log_out(keys: Keys) -> None:
    page = keys.page
    page.keyboard.press("Control+Home")
    keys.follow(page.locator("#logout"), by="Shift+Tab")
    expect(page.locator("#key")).to_be_focused()
