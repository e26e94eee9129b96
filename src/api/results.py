"""/api/backtest/queue/{jobId}/result: what a completed run or sweep left behind."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api import sweeps
from api.auth import identify
from api.backtests import BACKTEST, find_job
from api.csv_files import csv_file
from api.paging import CACHED, window, windowed
from api.problems import Problem, conflict, invalid, not_found
from engine import result as results
from pgqueue import JobSnapshot


async def show(request: Request) -> Response:
    """GET: metrics, coverage, warnings, equity (sampled, or ?equity=full), trades by page; ?format=csv: the trades.

    Of a sweep the table of combinations, and with ?best=1 … one of its best runs like any other run.
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
    wanted = request.query_params.get("format", "json")
    if wanted not in ("json", "csv"):
        raise invalid([{"path": "format", "message": "must be json or csv"}])
    if job.kind == BACKTEST.name:
        return await _run(request, job, wanted, stored.summary, stored.preview, stored.detail)
    kept = await sweeps.one_of_the_best(request, stored)
    return await (sweeps.show(request, job, stored, wanted) if kept is None else _run(request, job, wanted, *kept))


async def _run(
    request: Request, job: JobSnapshot, wanted: str, summary: Mapping[str, Any], preview: bytes, whole: bytes
) -> Response:
    equity = request.query_params.get("equity", "sampled")
    if equity not in ("sampled", "full"):
        raise invalid([{"path": "equity", "message": "must be sampled or full"}])
    offset, limit = window(request)
    # Decompressing a long run takes a while: not on the event loop.
    detail = await asyncio.to_thread(results.decode_detail, whole)
    if wanted == "csv":
        return csv_file(detail.trades, f"trades-{job.id}.csv")
    drawn = await asyncio.to_thread(results.decode_preview, preview)
    curves = await asyncio.to_thread(detail.curves) if equity == "full" else drawn
    compared = summary.get("benchmark")
    body = {
        "jobId": str(job.id),
        "status": job.status,
        **summary,
        "benchmark": compared and {**compared, "points": drawn["benchmark"]},
        "equity": {"points": curves["equity"]},
        "drawdown": {"points": curves["drawdown"]},
        "monthly": drawn["monthly"],
        "trades": windowed(request, detail.trades[offset : offset + limit], offset, len(detail.trades)),
    }
    return JSONResponse(body, headers=CACHED)
