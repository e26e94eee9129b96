"""The application, put together in one place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from api import (
    allowance,
    backtests,
    events,
    health,
    job_list,
    openapi,
    prices,
    problems,
    results,
    rule_reference,
    sessions,
    static,
    strategies,
    sweeps,
)
from api.admin import accounts, audit, bulk, dashboard, jobs, keys, queues, workers
from api.compression import Compression
from api.hub import Hub
from api.known_symbols import KnownSymbols
from api.prometheus import Measured, Scraper, Telemetry
from api.rates import RateHeaders, Rates
from api.relay import Relay
from api.settings import ApiSettings
from api.spent import prune_for_ever
from api.tokens import Tokens
from api.upkeep import Upkeep
from pgqueue import USER_ROLE, Gauges, Queue, open_pool, read_gauges, require_row_security, require_schema

QUEUE = "/api/backtest/queue"
STRATEGIES = "/api/strategies"
RELAY_POOL = 3
"""Hints, snapshots and re-reads do not wait for each other."""
ADMIN = "/api/admin"


def create_app(settings: ApiSettings, *, database_url: str, queue_name: str = "backtest") -> Starlette:
    """The API and the page on that database. Closed unless opened: every route but the page asks who is calling."""
    telemetry = Telemetry()

    async def look() -> Gauges:
        async with app.state.pool.connection() as connection:
            return await read_gauges(connection, queue_name)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_pool(
            database_url,
            size=settings.pool_size,
            application_name="pgqueue api",
            wait_seconds=settings.pool_seconds,
            keeps_plans=True,
        ) as pool:
            user_role = None if settings.without_row_security else USER_ROLE
            async with pool.connection() as connection:
                await require_schema(connection)
                if user_role is not None:
                    await require_row_security(connection)
            async with Queue(pool, name=queue_name, user_role=user_role) as queue:
                app.state.pool, app.state.queue, app.state.user_role = pool, queue, user_role
                app.state.symbols, app.state.dashboard = KnownSymbols(pool), dashboard.Dashboard(pool)
                app.state.charts = prices.Charts(pool)
                # Streams end first, then what they are fed by.
                async with app.state.dashboard.running(), _streams(app, settings, database_url):
                    yield

    app = Starlette(
        routes=[
            Route(QUEUE, backtests.enqueue, methods=["POST"]),
            Route(QUEUE, backtests.show, methods=["GET"]),
            Route(f"{QUEUE}/{{job_id}}", backtests.show, methods=["GET"]),
            Route(f"{QUEUE}/{{job_id}}", backtests.cancel, methods=["DELETE"]),
            Route(f"{QUEUE}/{{job_id}}/events", events.of_job, methods=["GET"]),
            Route(f"{QUEUE}/{{job_id}}/result", results.show, methods=["GET"]),
            Route(f"{QUEUE}/{{job_id}}/requeue", backtests.requeue, methods=["POST"]),
            Route("/api/backtest/sweeps", sweeps.enqueue, methods=["POST"]),
            Route("/api/backtest/events", events.of_user, methods=["GET"]),
            Route("/api/backtest/jobs", job_list.show, methods=["GET"]),
            Route(STRATEGIES, strategies.list_strategies, methods=["GET"]),
            Route(STRATEGIES, strategies.create, methods=["POST"]),
            Route(f"{STRATEGIES}/check", strategies.check, methods=["POST"]),
            Route(f"{STRATEGIES}/functions", rule_reference.show, methods=["GET"]),
            Route(f"{STRATEGIES}/{{strategy_id}}", strategies.show, methods=["GET"]),
            Route(f"{STRATEGIES}/{{strategy_id}}", strategies.replace, methods=["PUT"]),
            Route(f"{STRATEGIES}/{{strategy_id}}", strategies.delete, methods=["DELETE"]),
            Route("/api/symbols", strategies.list_symbols, methods=["GET"]),
            Route("/api/symbols/{symbol}/bars", prices.show, methods=["GET"]),
            Route("/api/account", allowance.show, methods=["GET"]),
            Route("/api/session", sessions.show, methods=["GET"]),
            Route("/api/session", sessions.begin, methods=["POST"]),
            Route("/api/session", sessions.end, methods=["DELETE"]),
            *_admin_routes(),
            Route("/openapi.json", openapi.show, methods=["GET"]),
            Route("/metrics", health.metrics, methods=["GET"]),
            Route("/livez", health.live, methods=["GET"]),
            Route("/readyz", health.ready, methods=["GET"]),
            Route("/", static.index, methods=["GET"]),
            Route("/admin", static.admin, methods=["GET"]),
            Mount("/static", static.Assets(), name="static"),
        ],
        middleware=[
            Middleware(Measured, telemetry=telemetry),
            Middleware(static.SecurityHeaders),
            Middleware(RateHeaders),
            Middleware(Compression),
        ],
        exception_handlers=problems.HANDLERS,
        lifespan=lifespan,
    )
    app.state.settings, app.state.telemetry = settings, telemetry
    app.state.scraper = Scraper(telemetry, queue_name, look)
    app.state.tokens = Tokens(settings)
    app.state.rates = Rates(settings.requests_per_minute)
    return app


@asynccontextmanager
async def _streams(app: Starlette, settings: ApiSettings, database_url: str) -> AsyncIterator[None]:
    """What feeds event streams and looks after them, on connections of its own."""
    hub = Hub(app.state.telemetry, root=settings.path_prefix)
    app.state.hub = hub
    async with (
        open_pool(
            database_url, size=RELAY_POOL, application_name="pgqueue relay", wait_seconds=settings.pool_seconds
        ) as pool,
        Queue(pool) as queue,
    ):
        relay = Relay(
            hub,
            queue,
            database_url,
            reread_seconds=settings.reread_seconds,
            poll_seconds=settings.poll_seconds,
        )
        app.state.relay = relay
        upkeep = Upkeep(
            hub,
            pool,
            heartbeat_seconds=settings.heartbeat_seconds,
            send_seconds=settings.send_seconds,
            credential_seconds=settings.credential_seconds,
        )
        running = [
            asyncio.create_task(relay.run(), name="relay"),
            asyncio.create_task(upkeep.run(), name="upkeep"),
            asyncio.create_task(prune_for_ever(app.state.pool, hub.closing), name="spent credentials"),
        ]
        try:
            await relay.ready()
            yield
        finally:
            hub.close()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


def _admin_routes() -> list[Route]:
    return [
        Route(f"{ADMIN}/stats", dashboard.stats, methods=["GET"]),
        Route(f"{ADMIN}/events", dashboard.events, methods=["GET"]),
        Route(f"{ADMIN}/doctor", dashboard.findings, methods=["GET"]),
        Route(f"{ADMIN}/queues", queues.show, methods=["GET"]),
        Route(f"{ADMIN}/queues/{{queue}}", queues.limit, methods=["PATCH"]),
        Route(f"{ADMIN}/queues/{{queue}}/pause", queues.pause, methods=["POST"]),
        Route(f"{ADMIN}/queues/{{queue}}/resume", queues.resume, methods=["POST"]),
        Route(f"{ADMIN}/workers", workers.show, methods=["GET"]),
        Route(f"{ADMIN}/jobs", jobs.show, methods=["GET"]),
        Route(f"{ADMIN}/jobs/requeue", bulk.requeue, methods=["POST"]),
        Route(f"{ADMIN}/jobs/cancel", bulk.cancel, methods=["POST"]),
        Route(f"{ADMIN}/jobs/delete", bulk.delete, methods=["POST"]),
        Route(f"{ADMIN}/jobs/priority", bulk.move, methods=["POST"]),
        Route(f"{ADMIN}/jobs/{{job_id}}", jobs.detail, methods=["GET"]),
        Route(f"{ADMIN}/jobs/{{job_id}}", jobs.move, methods=["PATCH"]),
        Route(f"{ADMIN}/jobs/{{job_id}}", jobs.delete, methods=["DELETE"]),
        Route(f"{ADMIN}/jobs/{{job_id}}/result", jobs.result, methods=["GET"]),
        Route(f"{ADMIN}/jobs/{{job_id}}/requeue", jobs.requeue, methods=["POST"]),
        Route(f"{ADMIN}/jobs/{{job_id}}/cancel", jobs.cancel, methods=["POST"]),
        Route(f"{ADMIN}/accounts", accounts.show, methods=["GET"]),
        Route(f"{ADMIN}/accounts/{{user_id}}", accounts.detail, methods=["GET"]),
        Route(f"{ADMIN}/accounts/{{user_id}}", accounts.change, methods=["PATCH"]),
        Route(f"{ADMIN}/accounts/{{user_id}}/ledger", accounts.ledger, methods=["GET"]),
        Route(f"{ADMIN}/accounts/{{user_id}}/credits", accounts.grant, methods=["POST"]),
        Route(f"{ADMIN}/accounts/{{user_id}}/keys", keys.show, methods=["GET"]),
        Route(f"{ADMIN}/accounts/{{user_id}}/keys/{{key_id}}", keys.revoke, methods=["DELETE"]),
        Route(f"{ADMIN}/audit", audit.show, methods=["GET"]),
    ]
