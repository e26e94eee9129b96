"""How soon does the operators' page show what is looked for among a million jobs?

From the change of the page's address to the first row on it, and to where it says that it is done: the page asks for
more until a screen is full or nothing is left. In a real Chromium, each search three times, the middle one counts.
"""

import os
from contextlib import ExitStack
from statistics import median
from typing import Any

from playwright.sync_api import Page

from bench.harness import Options, main, processes, say
from bench.operators import many_jobs
from bench.page_weight import PATIENCE_MILLISECONDS, chromium, operator

ROUNDS = 3
SERVE = ["-m", "pgqueue", "serve", "--port", "0", "--json", "--no-access-log"]
SEARCHES = {
    "all": "",
    "failed": "?status=failed",
    "waiting": "?status=waiting",
    "user": "?userId=00000000-0000-0000-0000-000000000007",
    "error": "?status=failed&error=lease",
    "symbol_rare_ended": "?status=completed&symbol=RARE",
    "symbol_rare": "?symbol=RARE",
    "text": "?q=Strategy+777",
    "text_none": "?q=nobody+calls+it+so",
}
"""By the name of its figure: the search in the page's address."""
LOOK = """hash => new Promise(done => {
    const began = performance.now();
    let first = null;
    addEventListener("hashchange", () => {
        const look = () => {
            const list = document.querySelector(".jobs");
            first ??= document.querySelector(".jobs-table tr[data-job]") && performance.now() - began;
            if (list.getAttribute("aria-busy") !== "false") return requestAnimationFrame(look);
            const rows = document.querySelectorAll(".jobs-table tr[data-job]").length;
            done({ first, done: performance.now() - began, rows });
        };
        setTimeout(look);
    }, { once: true });
    location.hash = hash;
})"""


def run(options: Options) -> dict[str, Any]:
    with (
        many_jobs(options) as (database_url, jobs),
        processes(database_url, SERVE) as (served,),
        chromium() as browser,
        ExitStack() as stack,
    ):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        stack.callback(context.close)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        key = operator({**os.environ, "DATABASE_URL": database_url})
        context.request.post(f"{served['url']}/api/session", headers={"Authorization": f"Bearer {key}"})
        page = context.new_page()
        page.goto(f"{served['url']}/admin")
        page.wait_for_selector("#connection[data-state=live]")
        found = {name: searched(page, search) for name, search in SEARCHES.items()}
        say(options, "\n".join(f"{name}: {each}" for name, each in found.items()))
    return {"jobs": jobs} | {f"{name}_ms": each for name, each in found.items()}


def searched(page: Page, search: str) -> dict[str, Any]:
    """The middle of some rounds; before each one the page shows another search, which finds nothing at once."""
    rounds = []
    for _ in range(ROUNDS):
        page.evaluate(LOOK, "#/jobs?status=cancelled")
        rounds.append(page.evaluate(LOOK, f"#/jobs{search}"))
    firsts = [each["first"] for each in rounds if each["first"] is not None]
    return {
        "first": round(median(firsts)) if firsts else None,
        "done": round(median(each["done"] for each in rounds)),
        "rows": rounds[-1]["rows"],
    }


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
