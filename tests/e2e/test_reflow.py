"""Every view of both pages at 200 % and at 400 %: 640 and 320 pixels are left, and the page scrolls one way only."""

import pytest
from playwright.sync_api import Browser, Page, expect

from page_scene import Site, Visit, visiting
from result_scene import ask_for_run, ask_for_sweep

OPERATORS = ("", "jobs", "queues", "workers", "accounts", "audit", "doctor")
# What has more columns than there is room for may scroll by itself, and what is clipped may say so with an ellipsis.
CUT_OFF = """() => {
    const wide = document.documentElement.scrollWidth - innerWidth;
    const isClipping = element => /auto|scroll|hidden|clip/.test(getComputedStyle(element).overflowX);
    const scrolls = element => element && (isClipping(element) || scrolls(element.parentElement));
    const isSkipped = element => !element.checkVisibility() || element.closest(".unseen, .skip, .plot");
    const found = [...document.querySelectorAll("body *")].filter(element => {
        if (isSkipped(element)) return false;
        const { left, right, width } = element.getBoundingClientRect();
        return width > 1 && (right > innerWidth + 1 || left < -1) && !scrolls(element.parentElement);
    });
    const cut = [...document.querySelectorAll("button, h2, h3, label, dt, dd, .button")].filter(element =>
        !isSkipped(element) && element.clientWidth > 1 && element.scrollWidth > element.clientWidth + 1
        && getComputedStyle(element).textOverflow !== "ellipsis");
    const named = element => `${element.localName}#${element.id}.${element.className}`;
    return [
        ...(wide > 0 ? [`the page is ${wide} px too wide`] : []),
        ...found.slice(0, 5).map(named),
        ...cut.slice(0, 5).map(element => `cut: ${named(element)} ${element.textContent.slice(0, 30)}`),
    ];
}"""


def look(page: Page, views: tuple[str, ...]) -> dict[str, list[str]]:
    found = {}
    for view in views:
        page.evaluate("view => { location.hash = `#/${view}` }", view)
        expect(page.locator("#views h2:visible").first).not_to_have_text("Loading…")
        expect(page.locator("#views [aria-busy=true]:visible")).to_have_count(0)
        for width in (640, 320):
            page.set_viewport_size({"width": width, "height": 900})
            if wrong := page.evaluate(CUT_OFF):
                found[f"#/{view} at {width}"] = wrong
    return found


def traders_views(visit: Visit) -> tuple[str, ...]:
    run, other = ask_for_run(visit), ask_for_run(visit, "buy-and-hold")
    sweep = ask_for_sweep(visit, {"fast": [5, 10, 20, 30, 40], "slow": [20, 50]}, top=1)
    expect(visit.page.locator(".run[data-status=completed]")).to_have_count(3)
    return (
        "",
        "history",
        "strategies",
        "strategies/new",
        f"compare/{run}/{other}",
        f"runs/{run}",
        f"runs/{sweep}",
        "runs/none",
    )


@pytest.mark.parametrize("locale", ["en-US", pytest.param("ko-KR", marks=pytest.mark.pages)])
def test_nothing_is_cut_off_at_four_times_the_size(browser: Browser, site: Site, locale: str) -> None:
    with visiting(browser, site, width=640, locale=locale) as visit:
        found = look(visit.page, traders_views(visit))
    with visiting(browser, site, width=640, locale=locale, role="admin") as visit:
        job_id = ask_for_run(visit)
        found |= look(visit.page, (*OPERATORS, f"jobs/{job_id}", f"accounts/{visit.user}"))
    wrong = [f"{view}: {line}" for view, lines in found.items() for line in lines]
    assert wrong == [], "\n".join(wrong)
