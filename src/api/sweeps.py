"""/api/backtest/sweeps: a strategy over a grid of its parameters, as one job; and what it left behind."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api import pieces
from api.enqueue import Kind, add
from api.paging import CACHED, whole_number, window, windowed
from api.problems import invalid
from api.table_order import choice, table_order
from engine import rules, sweep_result
from engine.errors import GridTooLarge
from engine.heat_map import heat_map
from engine.sweep_plan import plan
from engine.sweep_request import MOST_BEST, parse_sweep
from engine.sweep_result import Table
from pgqueue import JobSnapshot, StoredResult

SWEEP = Kind(
    "sweep",
    parse_sweep,
    lambda definition, asked: plan(asked, rules.read(definition)),
    lambda planned: {"combinations": planned.grid.count},
)


async def enqueue(request: Request) -> Response:
    """POST /api/backtest/sweeps."""
    return await add(request, SWEEP)


async def show(request: Request, job: JobSnapshot, stored: StoredResult, wanted: str) -> Response:
    """Summary and table by page, the best combination first or by any column; or its heat map.

    wanted: json, or csv for the table whole.
    """
    offset, limit = window(request)
    detail = await asyncio.to_thread(sweep_result.decode_detail, stored.detail)
    table = detail.table
    if "heatmap" in request.query_params:
        return JSONResponse(await _heat_map(request, job, table), headers=CACHED)
    wish = table_order(request, table.columns)
    order = await asyncio.to_thread(table.order, wish.column, descending=wish.descending)
    if wanted == "csv":
        parts = (table.at(order[at : at + pieces.ROWS]) for at in range(0, len(order), pieces.ROWS))
        return pieces.csv_file(tuple(table.columns), parts, f"sweep-{job.id}.csv")
    shown = order[offset : offset + limit]
    ranks = {"ranks": [row + 1 for row in shown.tolist()]}
    body: dict[str, Any] = {
        "jobId": str(job.id),
        "status": job.status,
        **stored.summary,
        "parameters": list(table.parameters),
        "table": windowed(request, table.at(shown), offset, len(table)) | ranks | wish.to_json(),
    }
    return JSONResponse(body, headers=CACHED)


async def _heat_map(request: Request, job: JobSnapshot, table: Table) -> dict[str, Any]:
    """?heatmap=x,y&metric=…&reduce=max: the metric over those parameters."""
    names = tuple(request.query_params["heatmap"].split(","))
    if not 1 <= len(names) <= 2 or len(set(names)) < len(names) or not set(names) <= set(table.parameters):
        known = ", ".join(table.parameters)
        message = f"must be one or two of the sweep's parameters, with a comma between: {known}"
        raise invalid([{"path": "heatmap", "message": message}])
    metric = choice(request, "metric", [name for name in table.columns if name not in table.parameters], "sharpeRatio")
    reduce = choice(request, "reduce", ("max", "min"), "max")
    try:
        laid_out = await asyncio.to_thread(heat_map, table, names, metric, smallest=reduce == "min")
        cells = await asyncio.to_thread(laid_out.to_json)
    except GridTooLarge as error:
        message = (
            f"has {error.count:,} {error.of}, and {error.limit} are drawn at most; choose another parameter, or sweep "
            "with larger steps"
        )
        raise invalid([{"path": "heatmap", "message": message}]) from None
    return {"jobId": str(job.id), "status": job.status, "metric": metric, "reduce": reduce, **cells}


async def one_of_the_best(request: Request, stored: StoredResult) -> tuple[dict[str, Any], bytes, bytes] | None:
    """With ?best=1 … the run of that rank as a run of its own: summary, preview, detail. None when not asked for."""
    text = request.query_params.get("best")
    if text is None:
        return None
    rank = whole_number(text, "best", default=1, least=1, most=MOST_BEST)
    kept = stored.summary["sweep"]["best"]
    if rank > len(kept):
        raise invalid([{"path": "best", "message": f"must be at most {len(kept)}: so many runs were kept in full"}])
    detail = await asyncio.to_thread(sweep_result.decode_detail, stored.detail)
    previews = await asyncio.to_thread(sweep_result.decode_previews, stored.preview)
    return kept[rank - 1], previews[rank - 1], detail.best[rank - 1]
