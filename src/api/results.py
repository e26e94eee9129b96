"""/api/backtest/queue/{jobId}/result: what a completed run or sweep left behind."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api import pieces, sweeps
from api.auth import identify
from api.backtests import BACKTEST, find_job
from api.paging import CACHED, window, windowed
from api.problems import Problem, conflict, not_found
from api.table_order import choice, table_order
from engine import result as results
from engine.trade_table import COLUMNS
from pgqueue import JobSnapshot


async def show(request: Request) -> Response:
    """GET: metrics, coverage, warnings, equity (sampled, or ?equity=full), trades by page in any order.

    ?format=csv: all trades, or with of=equity the curves at every bar. Of a sweep the table of combinations, its heat
    map, and with ?best=1 … one of its best runs like any other run.
    """
    account = await identify(request)
    job = await find_job(request, request.path_params["job_id"], account)
    return await show_of(request, job, user_id=account.user_id)


async def show_of(request: Request, job: JobSnapshot, *, user_id: UUID | None) -> Response:
    """What that job left behind, as the request's query wants it. user_id: whose it must be; None: anyone's."""
    if job.kind not in (BACKTEST.name, sweeps.SWEEP.name):
        raise not_found("result")
    if job.status != "completed":
        raise conflict(f"The job is {job.status}: only a completed one has a result.")
    stored = await request.app.state.queue.result(job.id, user_id=user_id)
    if stored is None:
        raise not_found("result")
    if not stored.detail:
        raise Problem(410, "Gone", "The details of this result were removed for their age. Run it again.", code="gone")
    wanted = choice(request, "format", ("json", "csv"), "json")
    if job.kind == BACKTEST.name:
        return await _run(request, job, wanted, stored.summary, stored.preview, stored.detail)
    kept = await sweeps.one_of_the_best(request, stored)
    return await (sweeps.show(request, job, stored, wanted) if kept is None else _run(request, job, wanted, *kept))


async def _run(
    request: Request, job: JobSnapshot, wanted: str, summary: Mapping[str, Any], preview: bytes, whole: bytes
) -> Response:
    is_full = choice(request, "equity", ("sampled", "full"), "sampled") == "full"
    offset, limit = window(request)
    of = choice(request, "of", ("trades", "equity"), "trades")
    wish = table_order(request, COLUMNS)
    # Decompressing a long run takes a while: not on the event loop.
    detail = await asyncio.to_thread(results.decode_detail, whole)
    if wanted == "csv" and of == "equity":
        return pieces.csv_file(pieces.CURVE_COLUMNS, pieces.curve_rows(detail), f"equity-{job.id}.csv")
    order = await asyncio.to_thread(detail.table.order, wish.column or "entryTime", descending=wish.descending)
    if wanted == "csv":
        return pieces.csv_file(COLUMNS, pieces.trade_rows(detail, order), f"trades-{job.id}.csv")
    drawn = await asyncio.to_thread(results.decode_preview, preview)
    compared = summary.get("benchmark")
    shown = detail.table.at(order[offset : offset + limit])
    body = {
        "jobId": str(job.id),
        "status": job.status,
        **summary,
        "benchmark": compared and {**compared, "points": drawn["benchmark"]},
        "monthly": drawn["monthly"],
        "trades": windowed(request, shown, offset, len(order)) | wish.to_json(),
    }
    if is_full:
        return pieces.result(body, detail)
    curves = {"equity": {"points": drawn["equity"]}, "drawdown": {"points": drawn["drawdown"]}}
    return JSONResponse(body | curves, headers=CACHED)
