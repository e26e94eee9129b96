"""Runs asked for behind a page's back, and their addresses in it."""

from typing import Any

from playwright.sync_api import Page, expect

from page_scene import Visit

_POST = """async ([path, body]) => {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": String(Math.random()) };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()).jobId;
}"""
RANGE = {"symbol": "AAPL", "startDate": "2020-01-01", "endDate": "2022-12-28", "initialCapital": 10_000}


def ask_for_run(visit: Visit, strategy: str = "sma-cross", **params: Any) -> str:
    body = {"strategyId": strategy, "params": RANGE | params}
    return str(visit.page.evaluate(_POST, ["api/backtest/queue", body]))


def ask_for_sweep(visit: Visit, grid: dict[str, Any], *, params: dict[str, Any] | None = None, **members: Any) -> str:
    body = {"strategyId": "sma-cross", "grid": grid, "params": RANGE | (params or {}), **members}
    return str(visit.page.evaluate(_POST, ["api/backtest/sweeps", body]))


def follow(page: Page, address: str) -> Any:
    """The view at a fragment, once it says more than that it loads. Its first heading has the focus."""
    page.evaluate("hash => { location.hash = hash }", address)
    view = page.locator("#views > section:visible")
    expect(view.locator("h2").first).not_to_have_text("Loading…")
    return view


def settle(page: Page) -> None:
    """Until no transition runs: colours on their way are nobody's choice."""
    page.wait_for_function("() => document.getAnimations().every((each) => each.playState === 'finished')")
