"""/api/backtest/sweeps: a strategy over a grid of its parameters, as one job; and what it left behind."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.csv_files import csv_file
from api.enqueue import Kind, add
from api.paging import CACHED, whole_number, window, windowed
from api.problems import invalid
from engine import rules, sweep_result
from engine.sweep_plan import plan
from engine.sweep_request import MOST_BEST, parse_sweep
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
    """Summary and table by page, the best combination first. wanted: json, or csv for the table whole."""
    offset, limit = window(request)
    detail = await asyncio.to_thread(sweep_result.decode_detail, stored.detail)
    table = detail.table
    if wanted == "csv":
        rows = await asyncio.to_thread(table.rows, 0, len(table))
        return csv_file(rows, f"sweep-{job.id}.csv")
    items = table.rows(offset, offset + limit)
    body: dict[str, Any] = {
        "jobId": str(job.id),
        "status": job.status,
        **stored.summary,
        "parameters": list(table.parameters),
        "table": windowed(request, items, offset, len(table)),
    }
    return JSONResponse(body, headers=CACHED)


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
