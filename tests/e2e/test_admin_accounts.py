"""Operators and accounts: found, changed, and credited, each movement in the ledger."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from axe_scene import assert_accessible
from page_scene import Site, hold, visiting

pytestmark = pytest.mark.pages

BAD = "<img src=x onerror=alert(1)>"


def to_account(page: Page, user: str) -> None:
    page.get_by_role("link", name="Accounts", exact=True).click()
    page.get_by_label("User id").fill(user)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Account {user}")).to_be_visible()
    expect(fact(page, "Plan")).not_to_be_empty()


def fact(page: Page, name: str) -> Locator:
    return page.locator(f".facts dt:text-is('{name}') + dd")


def test_an_account_is_found_by_its_user_and_its_plan(browser: Browser, site: Site) -> None:
    user = str(uuid4())
    site.key(user, plan="basic")
    with visiting(browser, site, role="admin") as visit:
        page = visit.page
        page.get_by_role("link", name="Accounts", exact=True).click()
        expect(page.get_by_role("link", name=user)).to_be_visible()
        page.get_by_label("Plan").select_option("basic")
        expect(page).to_have_url(re.compile("#/accounts[?]plan=basic$"))
        expect(page.get_by_role("link", name=visit.user)).to_have_count(0)
        row = page.get_by_role("row").filter(has_text=user)
        expect(row).to_contain_text("basic")
        assert_accessible(page)

        page.get_by_label("User id").fill("nobody")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_label("User id")).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#accounts-user-error")).to_contain_text("36 characters")
        row.get_by_role("link").click()
        expect(page.get_by_role("heading", name=f"Account {user}")).to_be_focused()
        jobs = page.get_by_role("link", name="Jobs of this user")
        expect(jobs).to_have_attribute("href", f"#/jobs?userId={user}")


def test_a_user_without_an_account_is_said_to_have_none(browser: Browser, site: Site) -> None:
    with visiting(browser, site, role="admin") as visit:
        visit.page.goto(f"{site.url}/admin#/accounts/{uuid4()}")
        expect(visit.page.locator("#views [role=alert]:visible")).to_contain_text("There is no such account")


def test_plan_and_figures_are_changed_and_given_back_to_the_plan(browser: Browser, site: Site) -> None:
    with visiting(browser, site, role="admin") as visit:
        page = visit.page
        to_account(page, visit.user)
        form = page.get_by_role("form", name="Plan and limits")
        form.get_by_label("Plan", exact=True).select_option("basic")
        form.get_by_label("Jobs a day", exact=True).fill("77")
        form.get_by_role("button", name="Save").click()
        expect(form.get_by_role("status")).to_have_text("Saved.")
        expect(fact(page, "Plan")).to_have_text("basic")
        expect(fact(page, "Jobs added today")).to_have_text("0 / 77")
        assert_accessible(page)

        day = form.locator("[data-member=perDay]")
        expect(day).to_contain_text("The account's own, in place of no limit by the plan basic")
        form.get_by_label("Plan", exact=True).select_option("free")
        expect(day).to_contain_text("in place of 3 by the plan free")
        form.get_by_label("Plan", exact=True).select_option("basic")
        form.get_by_role("button", name="Back to the plan's: Jobs a day").click()
        expect(form.get_by_label("Jobs a day", exact=True)).to_be_focused()
        expect(form.get_by_label("Jobs a day", exact=True)).to_have_attribute("placeholder", "no limit")
        expect(day).to_contain_text("As the plan basic: no limit")
        form.get_by_role("button", name="Save").click()
        expect(fact(page, "Jobs added today")).not_to_have_text("0 / 77")

        form.get_by_label("Jobs at once", exact=True).fill("0")
        form.get_by_role("button", name="Save").click()
        expect(form.locator("[data-member=concurrent] .error")).to_contain_text("Must be at least 1")
        form.get_by_label("Jobs at once", exact=True).fill("")
        form.get_by_role("button", name="Save").click()
        expect(form.get_by_role("status")).to_have_text("Nothing was changed.")


def test_credits_are_granted_and_taken_back_and_stand_in_the_ledger(browser: Browser, site: Site) -> None:
    with visiting(browser, site, role="admin") as visit:
        page = visit.page
        to_account(page, visit.user)
        form = page.get_by_role("form", name="Grant or take credits")
        form.get_by_label("Credits").fill("1.5")
        form.get_by_role("button", name="Grant").click()
        expect(form.locator(".error")).to_have_text("Must be a whole number of at least 1")
        form.get_by_label("Credits").fill("1,200")
        form.get_by_label("Note").fill(f"welcome {BAD}")
        form.get_by_role("button", name="Grant").click()
        expect(form.get_by_role("status")).to_have_text("1,200 credits granted.")
        expect(fact(page, "Credits available")).to_have_text("1,200")
        newest = page.get_by_role("region", name="Ledger").locator("tbody tr").first
        expect(newest).to_contain_text("granted+1,200")
        expect(newest).to_contain_text(f"welcome {BAD}")
        expect(page.locator("#views img")).to_have_count(0)

        form.get_by_label("Credits").fill("200")
        form.get_by_role("button", name="Take back").click()
        page.get_by_role("dialog", name="Take back 200 credits?").get_by_role("button", name="Take back").click()
        expect(fact(page, "Credits available")).to_have_text("1,000")
        expect(newest).to_contain_text("taken back−200")

        form.get_by_label("Credits").fill("5000")
        form.get_by_role("button", name="Take back").click()
        page.get_by_role("dialog").get_by_role("button", name="Take back").click()
        expect(form.get_by_role("alert")).to_contain_text("Fewer than 5,000 credits are available")
        expect(fact(page, "Credits available")).to_have_text("1,000")


def test_a_key_is_revoked_and_what_it_opened_ends(browser: Browser, site: Site) -> None:
    with visiting(browser, site, role="admin") as visit:
        page = visit.page
        to_account(page, visit.user)
        keys = page.locator("section.card", has=page.get_by_role("heading", name="API keys"))
        expect(keys).to_contain_text("No key yet. Make one by command: pgqueue keys create")
        user = str(uuid4())
        prefix = site.key(user)[:12]
        to_account(page, user)
        row = keys.get_by_role("row").filter(has_text=prefix)
        expect(row).to_contain_text("add and change, read")
        assert_accessible(page)
        row.get_by_role("button", name=f"Revoke: {prefix}").click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        row.get_by_role("button", name=f"Revoke: {prefix}").click()
        dialog = page.get_by_role("dialog", name=f"Revoke the key {prefix}")
        expect(dialog).to_contain_text("From then on it opens nothing")
        dialog.get_by_role("button", name="Revoke").click()
        expect(row).to_contain_text("Revoked")
        expect(keys.get_by_role("status")).to_contain_text("opens nothing any more")
        expect(row.get_by_role("button")).to_have_count(0)


def test_a_grant_whose_answer_was_lost_is_seen_in_the_ledger(browser: Browser, site: Site) -> None:
    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    with visiting(browser, site, role="admin") as visit:
        page = visit.page
        to_account(page, visit.user)
        form = page.get_by_role("form", name="Grant or take credits")
        page.route("**/credits", lose_the_answer, times=1)
        form.get_by_label("Credits").fill("10")
        form.get_by_role("button", name="Grant").click()
        expect(form.get_by_role("alert")).to_contain_text("look at the ledger before you try again")
        expect(page.get_by_role("region", name="Ledger").locator("tbody tr")).to_have_count(1)
        expect(fact(page, "Credits available")).to_have_text("10")


def test_an_answer_about_an_account_that_was_left_is_not_shown_as_another_s(browser: Browser, site: Site) -> None:
    other = str(uuid4())
    site.key(other, plan="free")
    with visiting(browser, site, role="admin") as visit:
        page = visit.page
        to_account(page, visit.user)
        held = hold(page, "**/credits", times=1)
        form = page.get_by_role("form", name="Grant or take credits")
        form.get_by_label("Credits").fill("10")
        grant = form.get_by_role("button", name="Grant")
        with page.expect_request("**/credits"):
            grant.click()
        # Busy, it keeps the focus, and pressed again it does nothing: the end of this has 10 credits and not 20.
        expect(grant).to_have_attribute("aria-disabled", "true")
        expect(grant).to_be_focused()
        page.keyboard.press("Enter")
        to_account(page, other)
        with page.expect_response("**/credits"):
            held[0].continue_()
        page.get_by_label("Jobs a day", exact=True).fill("7")
        page.get_by_role("button", name="Save").click()
        expect(fact(page, "Jobs added today")).to_have_text("0 / 7")
        expect(fact(page, "Plan")).to_have_text("free")
        expect(fact(page, "Credits available")).to_have_text("0")
        to_account(page, visit.user)
        expect(fact(page, "Credits available")).to_have_text("10")


def test_who_may_only_look_sees_an_account_and_no_form(browser: Browser, site: Site) -> None:
    with visiting(browser, site, role="read_only_admin") as visit:
        to_account(visit.page, visit.user)
        expect(visit.page.get_by_role("heading", name="Ledger")).to_be_visible()
        expect(visit.page.get_by_role("heading", name="API keys")).to_be_visible()
        expect(visit.page.locator("#views form:visible")).to_have_count(0)
        assert_accessible(visit.page)
