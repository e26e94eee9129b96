"""/livez, /readyz and /metrics: for whoever restarts us, sends us requests, or watches."""

import asyncio
from hashlib import sha256

import psycopg
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.auth import require_scope
from api.problems import Problem
from api.prometheus import Scraper

READY_SECONDS = 1.0


async def live(_request: Request) -> Response:
    """The event loop turns. Nothing else is asked: a restart would not mend a database."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


async def ready(request: Request) -> Response:
    """The database answers and we are not on our way out. Without LISTEN we are ready still, and say so."""
    hub = request.app.state.hub
    headers = {"Cache-Control": "no-store"}
    if hub.closing.is_set():
        return JSONResponse({"status": "stopping"}, 503, headers=headers)
    if request.app.state.relay.is_broken:
        return JSONResponse({"status": "relay broken"}, 503, headers=headers)
    try:
        async with asyncio.timeout(READY_SECONDS), request.app.state.pool.connection() as connection:
            await connection.execute("select 1")
    except (psycopg.Error, PoolTimeout, TimeoutError):
        return JSONResponse({"status": "database away"}, 503, headers=headers)
    return JSONResponse({"status": "ok", "mode": hub.mode}, headers=headers)


async def metrics(request: Request) -> Response:
    """GET /metrics, for credentials with the scope of that name."""
    scraper: Scraper = request.app.state.scraper
    authorization = request.headers.get("authorization")
    # Only what programs send with every request: a request without one is anybody's.
    credential = None if authorization is None else sha256(authorization.encode()).digest()
    try:
        await require_scope(request, "metrics")
    except Problem as problem:
        if credential is not None and problem.status in (401, 403):
            scraper.forget(credential)
        raise
    except (psycopg.OperationalError, PoolTimeout):
        # A database that is away must not blind who watches it.
        if credential is None or not scraper.remembers(credential):
            raise
    else:
        if credential is not None:
            scraper.remember(credential)
    body, content_type = await scraper.scrape(request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})
