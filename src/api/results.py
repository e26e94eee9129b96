"""/api/backtest/queue/{jobId}/result: what a completed run left behind."""

import asyncio
import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.auth import identify
from api.backtests import KIND, find_job
from api.problems import conflict, invalid, not_found
from engine import result as results

TRADES_LIMIT = 1000
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula."""


async def show(request: Request) -> Response:
    """GET: metrics, coverage, warnings, equity (sampled, or ?equity=full), trades by page; ?format=csv: the trades."""
    account = await identify(request)
    job = await find_job(request, request.path_params["job_id"], account)
    if job.kind != KIND:
        raise not_found("result")
    if job.status != "completed":
        raise conflict(f"The job is {job.status}: only a completed one has a result.")
    stored = await request.app.state.queue.result(job.id, user_id=account.user_id)
    if stored is None:
        raise not_found("result")
    query = request.query_params
    wanted = query.get("format", "json")
    if wanted not in ("json", "csv"):
        raise invalid([{"path": "format", "message": "must be json or csv"}])
    equity = query.get("equity", "sampled")
    if equity not in ("sampled", "full"):
        raise invalid([{"path": "equity", "message": "must be sampled or full"}])
    offset = _whole(query.get("offset"), "offset", default=0, least=0, most=10**9)
    limit = _whole(query.get("limit"), "limit", default=100, least=1, most=TRADES_LIMIT)
    # Decompressing a long run takes a while: not on the event loop.
    detail = await asyncio.to_thread(results.decode_detail, stored.detail)
    if wanted == "csv":
        return _csv(detail.trades, f"trades-{job.id}.csv")
    preview = await asyncio.to_thread(results.decode_preview, stored.preview)
    curves = await asyncio.to_thread(detail.curves) if equity == "full" else preview
    compared = stored.summary.get("benchmark")
    body = {
        "jobId": str(job.id),
        "status": job.status,
        **stored.summary,
        "benchmark": compared and {**compared, "points": preview["benchmark"]},
        "equity": {"points": curves["equity"]},
        "drawdown": {"points": curves["drawdown"]},
        "monthly": preview["monthly"],
        "trades": _page(request, detail.trades, offset, limit),
    }
    return JSONResponse(body, headers={"Cache-Control": "private, max-age=60", "Vary": "Authorization, Cookie"})


def _page(request: Request, trades: Sequence[Mapping[str, Any]], offset: int, limit: int) -> dict[str, Any]:
    following = None
    if offset + limit < len(trades):
        url = request.url.include_query_params(offset=offset + limit, limit=limit)
        following = f"{url.path}?{url.query}"
    return {"items": trades[offset : offset + limit], "total": len(trades), "offset": offset, "next": following}


def _csv(trades: Sequence[Mapping[str, Any]], name: str) -> Response:
    text = io.StringIO(newline="")
    if trades:
        writer = csv.DictWriter(text, fieldnames=list(trades[0]))
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in trade.items()} for trade in trades)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, max-age=60"}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: Any) -> Any:
    """Numbers as they are; text that a spreadsheet would run is quoted out of harm's way."""
    return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else value


def _whole(text: str | None, name: str, *, default: int, least: int, most: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 10 or not least <= int(text) <= most:
        raise invalid([{"path": name, "message": f"must be a whole number from {least} to {most}"}])
    return int(text)
