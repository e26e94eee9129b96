"""The strict policy leaves a browser all that our pages need, third-party charts included."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from page_scene import Site, looking, serve


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    with ExitStack() as stack:
        _, url = serve(stack, database_url)
        yield Site(database_url, url)


DRAW = """async (module) => {
  const { createChart, CandlestickSeries, AreaSeries, createSeriesMarkers } = await import(module);
  const place = document.createElement("div");
  place.id = "chart";
  document.body.append(place);
  const chart = createChart(place, { width: 600, height: 300, layout: { attributionLogo: false } });
  const days = Array.from({ length: 40 }, (_, day) => new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(0, 10));
  const bars = days.map((time, i) => ({ time, open: 10 + i, high: 12 + i, low: 9 + i, close: 11 + i }));
  const candles = chart.addSeries(CandlestickSeries);
  candles.setData(bars);
  const sold = { time: days[20], position: "aboveBar", shape: "arrowDown", color: "#b3261e", text: "sell" };
  createSeriesMarkers(candles, [sold]);
  chart.addSeries(AreaSeries, {}, 1).setData(days.map((time, i) => ({ time, value: 100 + i })));
  chart.timeScale().fitContent();
  const picture = chart.takeScreenshot();
  const pixels = picture.getContext("2d").getImageData(0, 0, picture.width, picture.height).data;
  const colours = new Set();
  for (let i = 0; i < pixels.length; i += 4) colours.add(pixels.slice(i, i + 3).join());
  return { colours: colours.size, hasStyle: document.querySelector("#chart style") !== null };
}"""


def test_a_chart_is_drawn_under_it_and_breaks_nothing(browser: Browser, site: Site) -> None:
    with looking(browser) as visit:
        page = visit.page
        page.goto(site.url)
        expect(page.locator("#login")).to_be_visible()

        drawn = page.evaluate(DRAW, f"{site.url}/static/vendor/lightweight-charts.js")

        assert page.locator("#chart canvas").count() > 0
        assert drawn["colours"] > 5
        assert not drawn["hasStyle"]


def test_what_it_refuses_is_noticed_by_these_tests(browser: Browser, site: Site) -> None:
    def style_inline() -> None:
        with looking(browser) as visit:
            visit.page.goto(site.url)
            visit.page.evaluate("() => { document.body.append(document.createElement('style')); }")
            visit.page.evaluate("() => { document.querySelector('body > style').textContent = 'a { color: red }'; }")

    with pytest.raises(AssertionError, match="Content Security Policy"):
        style_inline()
