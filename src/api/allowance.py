"""/api/account: what the caller's plan allows, and how much of it is used."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.auth import identify
from api.problems import REFUSALS
from api.settings import ApiSettings
from api.shapes import iso
from pgqueue import Allowance


async def show(request: Request) -> Response:
    """GET: plan, limits, present use, credits; and the code with which the next job would be refused."""
    account = await identify(request)
    settings: ApiSettings = request.app.state.settings
    allowance: Allowance = await request.app.state.queue.allowance(account.user_id, tier=account.tier)
    body = {"userId": str(account.user_id)} | _shape(allowance) | {"requestsPerMinute": settings.requests_per_minute}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


def _shape(has: Allowance) -> dict[str, Any]:
    left = None if has.per_day is None else max(0, has.per_day - has.used_today)
    credits_left = {"available": has.available, "held": has.held, "perJob": has.credits_per_job}
    return {
        "plan": has.plan,
        "concurrent": {"limit": has.concurrent, "running": has.running},
        "jobs": {"limit": has.per_day, "used": has.used_today, "left": left, "resetsAt": iso(has.day_ends_at)},
        "waiting": {"limit": has.waiting_limit, "waiting": has.waiting},
        "credits": credits_left if has.credits_per_job else None,
        "refusal": None if has.refused is None else REFUSALS[has.refused],
    }
