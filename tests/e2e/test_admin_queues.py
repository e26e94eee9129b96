"""Operators and queues: paused, resumed and limited on the page, and by nobody who may only look."""

import re
from datetime import datetime
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from axe_scene import assert_accessible
from page_scene import Site, Visit, visiting

QUEUE = "backtest"
CRAFTED = """async ([path, method, body]) => {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    return { status: answer.status, ...(await answer.json()) };
}"""


def card(page: Page, name: str = QUEUE) -> Locator:
    return page.locator(f'.queue[data-name="{name}"]')


def to_queues(visit: Visit, site: Site) -> Locator:
    """The queue's card. The first job makes the queue, and has ended."""
    site.enqueue(visit.user, "steps", steps=1)
    visit.page.get_by_role("link", name="Queues", exact=True).first.click()
    queue = card(visit.page)
    for figure in ("waiting", "active"):
        expect(queue.locator(f"[data-figure={figure}] dd")).to_have_text("0")
    return queue


def switch(page: Page, action: str) -> None:
    card(page).get_by_role("button", name=action).click()
    page.get_by_role("dialog").get_by_role("button", name=action, exact=True).click()


def answer(page: Page, site: Site, path: str) -> Any:
    return page.request.get(f"{site.url}/api/admin/{path}").json()


def test_a_paused_queue_starts_nothing_until_it_is_resumed(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin") as visit:
        page = visit.page
        queue = to_queues(visit, slow_site)
        switch(page, "Pause")
        expect(queue).to_have_attribute("data-state", "paused")
        expect(queue).to_contain_text("Nothing starts here until it is resumed.")
        expect(queue.locator(".done")).to_have_text("backtest is paused.")
        expect(page.locator("#alerts")).to_contain_text("Paused: backtest.")
        slow_site.enqueue(visit.user, "steps", steps=2)
        expect(queue.locator("[data-figure=waiting] dd")).to_have_text("1")
        assert_accessible(page)

        switch(page, "Resume")
        expect(queue).to_have_attribute("data-state", "open")
        expect(queue.locator("[data-figure=waiting] dd")).to_have_text("0")
        expect(page.locator("#alerts")).not_to_contain_text("Paused")
        (resumed, paused) = answer(page, slow_site, "audit")["entries"]
        assert (paused["action"], resumed["action"]) == ("queue.pause", "queue.resume")
        (job, _) = answer(page, slow_site, "jobs")["jobs"]
        assert datetime.fromisoformat(job["startedAt"]) >= datetime.fromisoformat(resumed["at"])


def test_whoever_says_no_pauses_nothing(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin") as visit:
        page = visit.page
        queue = to_queues(visit, slow_site)
        queue.get_by_role("button", name="Pause").click()
        dialog = page.get_by_role("dialog", name="Pause backtest?")
        expect(dialog).to_contain_text("Nothing more starts there until it is resumed")
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        assert answer(page, slow_site, "audit")["entries"] == []
        expect(queue).to_have_attribute("data-state", "open")


def test_what_one_operator_pauses_another_sees_paused(browser: Browser, slow_site: Site) -> None:
    with (
        visiting(browser, slow_site, role="admin") as one,
        visiting(browser, slow_site, role="read_only_admin") as other,
    ):
        to_queues(one, slow_site)
        seen = to_queues(other, slow_site)
        switch(one.page, "Pause")
        expect(seen).to_have_attribute("data-state", "paused")


def test_limits_are_edited_in_place_and_can_be_taken_back(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin") as visit:
        page = visit.page
        queue = to_queues(visit, slow_site)
        most = queue.locator("[data-figure=maxRunning] dd")
        expect(most).to_have_text("no limit")
        queue.get_by_role("button", name="Limits of backtest").click()
        field = queue.get_by_label("Most running")
        expect(field).to_be_focused()
        field.fill("3")
        queue.get_by_label("Starts").fill("10")
        queue.get_by_label("Within, seconds").fill("2.5")
        assert_accessible(page)
        queue.get_by_role("button", name="Save").click()
        expect(most).to_have_text("3")
        expect(queue.locator("[data-figure=starts] dd")).to_have_text("10 in 2.5 s")
        expect(queue.locator("form")).to_have_count(0)
        expect(queue.get_by_role("button", name="Limits of backtest")).to_be_focused()

        queue.get_by_role("button", name="Undo").click()
        expect(most).to_have_text("no limit")
        expect(queue.locator(".done")).to_have_text("Limits of backtest are as they were.")
        expect(queue.locator("[data-figure=maxWaiting] dd")).to_have_text("100,000")


def test_what_is_wrong_with_a_limit_is_said_at_its_field(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin") as visit:
        queue = to_queues(visit, slow_site)
        queue.get_by_role("button", name="Limits of backtest").click()
        queue.get_by_label("Most running").fill("many")
        queue.get_by_label("Within, seconds").fill("5")
        queue.get_by_role("button", name="Save").click()
        expect(queue.locator("[data-member=maxRunning] .error")).to_have_text("Must be a number")
        expect(queue.locator("[data-member=starts] .error")).to_have_text("Goes with a number of starts")
        expect(queue.get_by_label("Most running")).to_be_focused()

        # What can be read is the server's to judge.
        queue.get_by_label("Most running").fill("0")
        queue.get_by_label("Starts").fill("10001")
        queue.get_by_role("button", name="Save").click()
        expect(queue.locator("[data-member=maxRunning] .error")).to_contain_text("Must be at least 1")
        expect(queue.locator("[data-member=starts] .error")).to_contain_text("Must be at most 10,000")
        expect(queue.locator("[data-figure=maxRunning] dd")).to_have_text("no limit")


def test_who_may_only_look_finds_no_buttons_and_is_refused_by_the_server(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="read_only_admin") as visit:
        page = visit.page
        queue = to_queues(visit, slow_site)
        expect(page.locator("#read-only")).to_be_visible()
        expect(queue.get_by_role("button")).to_have_count(0)
        assert_accessible(page)
        for path, method, body in (
            (f"queues/{QUEUE}/pause", "POST", None),
            (f"queues/{QUEUE}/resume", "POST", None),
            (f"queues/{QUEUE}", "PATCH", {"maxRunning": 1}),
            (f"accounts/{visit.user}", "PATCH", {"plan": "pro"}),
            (f"accounts/{visit.user}/credits", "POST", {"amount": 1}),
        ):
            refused = page.evaluate(CRAFTED, [f"/api/admin/{path}", method, body])
            assert (refused["status"], refused["code"]) == (403, "read_only"), path
        expect(queue).to_have_attribute("data-state", "open")
        assert answer(page, slow_site, "audit")["entries"] == []


def test_jobs_that_nobody_takes_are_said_with_the_command(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin") as visit:
        page = visit.page
        to_queues(visit, slow_site)
        slow_site.enqueue(visit.user, "steps", queue_name="nightly")
        banner = page.get_by_role("alert").filter(has_text="no worker takes them: nightly")
        expect(banner).to_contain_text("PGQUEUE_QUEUE=nightly pgqueue worker")
        expect(card(page, "nightly")).to_have_attribute("data-state", "unserved")
        waiting = card(page, "nightly").get_by_role("link", name="Waiting")
        expect(waiting).to_have_attribute("href", re.compile("queue=nightly&status=waiting"))
