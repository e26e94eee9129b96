"""Operators act on more jobs than one request takes: they see how far it is, stop it, and go on after a break."""

import socket
from contextlib import ExitStack

import psycopg
from playwright.sync_api import Browser, Route, expect

from axe_scene import assert_accessible
from page_scene import Site, hold, serve, visiting

MANY = 2_500
FAILED = f"""
insert into pgqueue.queues (name) values ('backtest') on conflict do nothing;
insert into pgqueue.jobs (queue, kind, rank, turn, state, attempt, started_at, finished_at, error, user_id, args)
select 'backtest', 'backtest', 5, n, 'failed', 1, now(), now(), '{{"message": "broken"}}', gen_random_uuid(),
       '{{"symbol": "AAPL"}}'
  from generate_series(1, {MANY}) as n;
"""
ROUNDS = "**/api/admin/jobs/requeue"


def test_thousands_are_requeued_each_once_though_it_is_stopped_and_the_server_goes_away(
    browser: Browser, database_url: str
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with ExitStack() as stack, psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(FAILED)
        server, url = serve(stack, database_url, port)
        with visiting(browser, Site(database_url, url), role="admin") as visit:
            page = visit.page
            outcome = page.locator(".outcome:visible")
            page.evaluate("() => { location.hash = '#/jobs?status=failed' }")
            page.get_by_role("button", name="Act on all that match").click()
            page.get_by_role("menuitem", name="Requeue all that ended").click()
            expect(page.get_by_role("dialog")).to_contain_text("Requeue 2,500 jobs?")

            held = hold(page, ROUNDS, times=1)
            page.get_by_role("dialog").get_by_role("button", name="Requeue 2,500 jobs").click()
            expect(outcome).to_contain_text("0 of 2,500. Keep this page open until it is done.")
            expect(outcome.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "0")
            outcome.get_by_role("button", name="Stop").click()
            expect(outcome).to_contain_text("Stopping after this round.")
            assert_accessible(page)
            held[0].continue_()
            expect(outcome).to_contain_text("Stopped after 1,000 of 2,500. The others are as they were.")

            def away(route: Route) -> None:
                """What was asked is done, but its answer is lost: the server ends as it answers."""
                route.fetch()
                server.stop()
                route.abort()

            page.route(ROUNDS, away, times=1)
            outcome.get_by_role("button", name="Go on").click()
            expect(outcome).to_contain_text("It broke off after 1,000 of 2,500. Up to 1,000 more may have been done.")
            serve(stack, database_url, port)
            outcome.get_by_role("button", name="Go on").click()
            expect(outcome).to_contain_text("Requeued: 1,500 jobs.")
            expect(outcome).to_contain_text("Done in the round that was not answered, or changed since")
            expect(outcome).to_contain_text("1,000 jobs.")

            made = "select count(*), count(distinct requeued_from) from pgqueue.jobs where requeued_from is not null"
            assert connection.execute(made).fetchone() == (MANY, MANY)
