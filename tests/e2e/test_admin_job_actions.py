"""Operators act on jobs: on one, on some, on all that match, counted first; and they see how one went."""

import re
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, Page, expect

from axe_scene import assert_accessible
from jobs_scene import Jobs, jobs
from page_scene import Site, hold, visiting

__all__ = ["jobs"]


def row(page: Page, job_id: str) -> Any:
    return page.locator(f'.jobs-table tr[data-job="{job_id}"]')


def rows(page: Page) -> Any:
    return page.locator(".jobs-table tbody tr[data-job]")


def look(page: Page, search: str = "") -> None:
    page.evaluate("search => { location.hash = `#/jobs${search}` }", search)
    expect(page.locator(".jobs")).to_have_attribute("aria-busy", "false")


def act_on_all(page: Page, item: str) -> None:
    page.get_by_role("button", name="Act on all that match").click()
    page.get_by_role("menuitem", name=item).click()


def says(page: Page, text: str) -> None:
    expect(page.locator(".outcome:visible")).to_contain_text(text)


def test_two_that_are_selected_are_requeued_and_no_others(browser: Browser, jobs: Jobs) -> None:
    failed = jobs.fail(4, user=uuid4())
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        look(page)
        for job_id in failed[:2]:
            row(page, job_id).get_by_role("checkbox").check()
        selection = page.get_by_role("group", name="Actions on the selection")
        expect(selection).to_contain_text("2 selected")
        assert_accessible(page)
        selection.get_by_role("button", name="Requeue").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Requeue 2 jobs?")
        dialog.get_by_role("button", name="Requeue 2 jobs").click()
        says(page, "Requeued: 2 jobs.")
        expect(selection).to_be_hidden()
        page.get_by_role("button", name="2 newer jobs. Show").click()
        expect(rows(page)).to_have_count(6)
        assert jobs.states(failed) == ["failed"] * 4
        look(page, f"?requeuedFrom={failed[0]}")
        expect(rows(page)).to_have_count(1)


def test_shift_selects_all_between_and_the_head_selects_all(browser: Browser, jobs: Jobs) -> None:
    ids = jobs.add(6, user=uuid4())
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        look(page)
        row(page, ids[5]).get_by_role("checkbox").click()
        row(page, ids[2]).get_by_role("checkbox").click(modifiers=["Shift"])
        chosen = page.locator(".jobs-chosen")
        expect(chosen).to_have_text("4 selected")
        page.get_by_label("Select all that are shown").check()
        expect(chosen).to_have_text("6 selected")
        page.get_by_role("button", name="Select none").click()
        expect(chosen).to_be_hidden()


def test_all_that_failed_are_counted_before_they_are_requeued(browser: Browser, jobs: Jobs) -> None:
    failed = jobs.fail(60, "the lease was lost", user=uuid4())
    jobs.fail(2, "another reason")
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        look(page, "?status=failed&error=lease")
        expect(rows(page)).to_have_count(50)
        act_on_all(page, "Requeue all that ended")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("heading")).to_have_text("Requeue 60 jobs?")
        expect(dialog).to_contain_text("Jobs with Status “Failed”, Error text “lease”.")
        assert_accessible(page)
        dialog.get_by_role("button", name="Leave as it is").click()
        expect(dialog).to_be_hidden()
        expect(page.locator(".outcome")).to_be_hidden()
        act_on_all(page, "Requeue all that ended")
        dialog.get_by_role("button", name="Requeue 60 jobs").click()
        says(page, "Requeued: 60 jobs.")
        look(page, "?status=waiting")
        page.get_by_role("button", name="Show more").click()
        expect(rows(page)).to_have_count(60)
        assert jobs.states(failed) == ["failed"] * 60


def test_more_than_ten_are_deleted_only_once_their_number_is_typed(browser: Browser, jobs: Jobs) -> None:
    failed = jobs.fail(11, user=uuid4())
    (waiting,) = jobs.add()
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        look(page)
        act_on_all(page, "Delete all that ended")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Ended among them: 11 jobs.")
        typed = dialog.get_by_label("Type 11 to confirm")
        for wrong in ("", "1"):
            typed.fill(wrong)
            dialog.get_by_role("button", name="Delete 11 jobs").click()
            expect(dialog).to_be_visible()
        typed.fill("11")
        typed.press("Enter")
        says(page, "Deleted: 11 jobs.")
        expect(row(page, failed[0]).locator(".chip")).to_have_text("Deleted")
        assert jobs.states([*failed, waiting]) == ["ready"]


def test_a_waiting_job_is_cancelled_and_a_final_one_deleted_from_their_rows(browser: Browser, jobs: Jobs) -> None:
    (failed,) = jobs.fail()
    (waiting,) = jobs.add()
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        look(page)
        for job_id, item, sure in ((waiting, "Cancel", "Cancel"), (failed, "Delete", "Delete")):
            row(page, job_id).get_by_role("button", name="Actions on").click()
            page.get_by_role("menuitem", name=item).click()
            page.get_by_role("dialog").get_by_role("button", name=sure).click()
        says(page, "was deleted.")
        expect(row(page, waiting).locator(".chip")).to_have_text("Cancelled")
        expect(row(page, failed).locator(".chip")).to_have_text("Deleted")
        assert jobs.states([failed, waiting]) == ["cancelled"]


def test_a_job_of_higher_priority_is_claimed_first(browser: Browser, jobs: Jobs) -> None:
    (first,) = jobs.add(tier=2)
    (second,) = jobs.add(tier=2)
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        look(page)
        row(page, second).locator(".job-name").click()
        page.get_by_role("button", name="Priority").click()
        page.get_by_role("dialog").get_by_label("Priority").select_option("10")
        page.get_by_role("dialog").get_by_role("button", name="Priority").click()
        expect(page.locator(".job-facts")).to_contain_text("10, first")
        expect(page.locator(".events")).to_contain_text("Priority changed")
        by = page.locator(".events li", has_text="Priority changed").get_by_role("link", name=visit.user[:8])
        expect(by).to_have_attribute("href", f"#/accounts/{visit.user}")
        assert jobs.end(1) == [second]
        assert jobs.end(1) == [first]


def test_a_question_that_is_open_goes_with_the_session(browser: Browser, jobs: Jobs) -> None:
    (waiting,) = jobs.add()
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        look(page)
        row(page, waiting).locator(".job-name").click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.context.clear_cookies()
        expect(page.locator("#login")).to_be_visible()
        expect(page.locator("dialog")).to_have_count(0)
        assert jobs.states([waiting]) == ["ready"]


def test_newer_jobs_shown_while_the_old_ones_are_asked_for_again_go_on_being_renewed(
    browser: Browser, jobs: Jobs
) -> None:
    user = uuid4()
    jobs.add(2, user=user)
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        look(page, "?status=waiting")
        expect(rows(page)).to_have_count(2)
        (newer,) = jobs.add(user=user)
        page.get_by_role("button", name="1 newer job. Show").wait_for()
        held = hold(page, "**/api/admin/jobs?*", times=1)
        page.wait_for_event("request", lambda request: "/api/admin/jobs?" in request.url)
        jobs.end(2)
        page.get_by_role("button", name="1 newer job. Show").click()
        expect(rows(page)).to_have_count(1)
        held[0].continue_()
        jobs.end(1)
        expect(row(page, newer).locator(".chip")).to_have_text("Completed")


def test_who_may_only_look_is_offered_nothing_and_refused_by_the_server(browser: Browser, jobs: Jobs) -> None:
    (failed,) = jobs.fail()
    with visiting(browser, jobs.site, role="read_only_admin") as visit:
        page = visit.page
        look(page)
        expect(row(page, failed)).to_be_visible()
        expect(page.get_by_role("button", name="Act on all that match")).to_be_hidden()
        expect(row(page, failed).get_by_role("checkbox")).to_be_hidden()
        row(page, failed).get_by_role("button", name="Actions on").click()
        expect(page.get_by_role("menuitem")).to_have_text(["Open", "Jobs of this user"])
        page.get_by_role("menuitem", name="Open").click()
        expect(page.locator(".job-facts")).to_be_visible()
        page.keyboard.press("#")
        page.keyboard.press("e")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator(".job-actions button")).to_have_count(0)
        refused = page.evaluate(CRAFTED, failed)
        assert refused == [403] * len(refused)
        assert jobs.states([failed]) == ["failed"]


CRAFTED = """async (id) => {
    const send = async (method, path, body) => (await fetch(`api/admin/jobs${path}`, {
        method, body: body && JSON.stringify(body), headers: { "Content-Type": "application/json" },
    })).status;
    const all = { filter: {}, dryRun: false, atMost: 1 };
    return [
        await send("DELETE", `/${id}`), await send("PATCH", `/${id}`, { priority: 10 }),
        await send("POST", `/${id}/requeue`), await send("POST", `/${id}/cancel`),
        await send("POST", "/requeue", all), await send("POST", "/cancel", all), await send("POST", "/delete", all),
        await send("POST", "/priority", { ...all, priority: 10 }),
    ];
}"""


def test_the_keyboard_is_enough(browser: Browser, jobs: Jobs) -> None:
    failed = jobs.fail(3, user=uuid4())
    with visiting(browser, jobs.site, role="admin") as visit:
        page, press = visit.page, visit.page.keyboard.press
        look(page)
        expect(rows(page)).to_have_count(3)
        press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
        page.keyboard.type("SMA")
        press("Enter")
        expect(page).to_have_url(re.compile("q=SMA$"))
        expect(rows(page)).to_have_count(3)
        page.get_by_role("searchbox").evaluate("box => box.blur()")
        press("j")
        press("j")
        expect(row(page, failed[1]).locator(".job-name")).to_be_focused()
        press("x")
        expect(page.locator(".jobs-chosen")).to_have_text("1 selected")
        press("x")
        press("Enter")
        expect(page.locator(".job h2")).to_be_focused()
        expect(page.locator(".job-facts")).to_contain_text(failed[1])
        expect(page.get_by_role("button", name="Next")).to_be_enabled()
        press("j")
        expect(page.locator(".job-facts")).to_contain_text(failed[0])
        press("e")
        says(page, "was requeued as a new job")
        press("#")
        press("Escape")
        press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
        expect(page).to_have_url(re.compile("q=SMA$"))
        page.go_back()
        expect(page.locator(".job-facts")).to_contain_text(failed[0])
        press("u")
        expect(row(page, failed[0]).locator(".job-name")).to_be_focused()
        press("#")
        expect(page.get_by_role("dialog")).to_contain_text("Delete AAPL · SMA crossover?")
        press("Enter")
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert jobs.states([failed[0]]) == ["failed"]
        press("#")
        press("Tab")
        press("Enter")
        expect(row(page, failed[0]).locator(".chip")).to_have_text("Deleted")


def test_a_job_that_failed_twice_shows_each_attempt(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin") as visit:
        page = visit.page
        slow_site.enqueue(visit.user, "fail", times=2)
        look(page)
        rows(page).locator(".job-name").click()
        expect(page.locator(".job-chip")).to_have_text("Completed")
        attempts = page.get_by_role("table", name="Attempts").locator("tbody tr")
        expect(attempts).to_have_count(3)
        expect(attempts.nth(0)).to_contain_text("completed")
        for at, number in ((1, 2), (2, 1)):
            expect(attempts.nth(at)).to_contain_text(f"RuntimeError: attempt {number} failed on purpose")
        kinds = page.locator(".track .span").evaluate_all("spans => spans.map((span) => span.dataset.kind)")
        assert [kind for kind in kinds if kind != "waiting"] == ["failed", "failed", "completed"]
        assert_accessible(page)


def test_a_running_job_moves_and_is_cancelled(browser: Browser, slow_site: Site) -> None:
    with visiting(browser, slow_site, role="admin", width=390, dark=True) as visit:
        page = visit.page
        slow_site.enqueue(visit.user, "steps", steps=600, seconds=55)
        look(page)
        expect(rows(page).get_by_role("progressbar")).not_to_have_attribute("aria-valuenow", "0")
        rows(page).locator(".job-name").click()
        expect(page.locator(".job > .bar")).to_be_visible()
        expect(page.locator(".job-line")).to_contain_text("stepping")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert_accessible(page)
        page.keyboard.press("c")
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        expect(page.locator(".job-chip")).to_have_text("Cancelled")
        expect(page.locator(".events")).to_contain_text("Asked to stop")


def test_a_deleted_job_says_so(browser: Browser, jobs: Jobs) -> None:
    with visiting(browser, jobs.site, role="admin") as visit:
        page = visit.page
        for gone in (str(uuid4()), "no-id"):
            page.evaluate("id => { location.hash = `#/jobs/${id}` }", gone)
            expect(page.locator("#views").get_by_role("alert")).to_contain_text("There is no such job")


def test_a_completed_run_shows_its_rules_and_its_figures(browser: Browser, site: Site) -> None:
    with visiting(browser, site, role="admin") as visit:
        page = visit.page
        job_id = page.evaluate(RUN)
        page.evaluate("id => { location.hash = `#/jobs/${id}` }", job_id)
        expect(page.locator(".job-chip")).to_have_text("Completed")
        expect(page.locator(".job-metrics")).to_contain_text("Sharpe ratio")
        expect(page.locator(".rules").last).to_contain_text("crosses_above")
        assert_accessible(page)


RUN = """async () => {
    const body = {
        strategyId: "sma-cross",
        params: { symbol: "AAPL", startDate: "2015-01-01", endDate: "2020-01-01", initialCapital: 10000 },
    };
    const answer = await fetch("api/backtest/queue", {
        method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" },
    });
    return (await answer.json()).jobId;
}"""
