"""/api/symbols/{symbol}/bars: prices to draw a chart of, for everyone who is logged in."""

import asyncio
import json
from collections import OrderedDict

from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from api.auth import identify
from api.etags import is_known, tag_of
from api.forms import checked
from api.problems import Problem
from engine import charts
from engine.charts import MOST_BUCKETS, Drawn, Source
from engine.members import Day, Timeframe, is_symbol

KEPT = 64
"""Charts that one process remembers, of some 100 KB each."""
AT_ONCE = 2
"""Charts that one process has drawn at a time: of a million bars each is a second of Postgres's time."""


class Range(BaseModel):
    """Which bars, in how many buckets. Both days are of the symbol's session and belong to it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    timeframe: Timeframe = "1d"
    start: Day | None = None
    end: Day | None = None
    limit: int = Field(MOST_BUCKETS, ge=1, le=MOST_BUCKETS)


class Charts:
    """Draws charts, and keeps those drawn lately: runs of one symbol are looked at one after the other."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._kept: OrderedDict[tuple[str, Range], bytes] = OrderedDict()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def find(self, symbol: str, timeframe: str) -> Source | None:
        async with self._pool.connection() as connection:
            return await charts.find_source(connection, symbol, timeframe)

    async def draw(self, source: Source, wanted: Range) -> bytes:
        """The chart as JSON."""
        key = (source.fingerprint, wanted)
        if (kept := self._kept.get(key)) is None:
            async with self._places:
                # Whoever waited for a place may have waited for this very chart.
                if (kept := self._kept.get(key)) is None:
                    kept = self._kept[key] = await self._drawn(source, wanted)
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return kept

    async def _drawn(self, source: Source, wanted: Range) -> bytes:
        async with self._pool.connection() as connection:
            drawn = await charts.draw(
                connection, source, first_day=wanted.start, last_day=wanted.end, limit=wanted.limit
            )
        return _encoded(source, drawn)


async def show(request: Request) -> Response:
    """GET: open, high, low, close and volume of at most 2,000 buckets of whole bars."""
    await identify(request)
    symbol = request.path_params["symbol"].upper()
    wanted = checked(Range, request.query_params)
    drawing: Charts = request.app.state.charts
    source = await drawing.find(symbol, wanted.timeframe) if is_symbol(symbol) else None
    if source is None:
        detail = f"There are no {wanted.timeframe} prices of that symbol here. See GET /api/symbols."
        raise Problem(404, "Not found", detail, code="not_found")
    tag = tag_of(f"{source.fingerprint} {wanted!r}".encode())
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(await drawing.draw(source, wanted), media_type="application/json", headers=headers)


def _encoded(source: Source, drawn: Drawn) -> bytes:
    series = source.series
    time, *prices = drawn.columns
    body = {
        "symbol": series.symbol,
        "timeframe": series.timeframe,
        "version": series.version,
        "timezone": series.timezone,
        "closeOnly": series.close_only,
        "adjusted": series.adjusted,
        "source": series.source,
        "bars": drawn.bars,
        "barsPerBucket": drawn.step,
        "time": charts.milliseconds(time),
        "lastTime": None if drawn.last_time is None else drawn.last_time // 1_000_000,
        **{name: column.tolist() for name, column in zip(charts.PRICE_FIELDS, prices, strict=True)},
    }
    return json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
