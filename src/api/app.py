"""The application, put together in one place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from api import backtests, events, health, problems, results, sessions, static, strategies, sweeps
from api.hub import Hub
from api.prometheus import Measured, Scraper, Telemetry
from api.settings import ApiSettings
from pgqueue import Gauges, Queue, open_pool, read_gauges, require_schema

QUEUE = "/api/backtest/queue"
STRATEGIES = "/api/strategies"


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
        ) as pool:
            async with pool.connection() as connection:
                await require_schema(connection)
            async with Queue(pool, name=queue_name) as queue:
                hub = Hub(
                    queue,
                    database_url,
                    reread_seconds=settings.reread_seconds,
                    poll_seconds=settings.poll_seconds,
                )
                app.state.pool, app.state.queue, app.state.hub = pool, queue, hub
                relaying = asyncio.create_task(hub.run(), name="hub")
                try:
                    await hub.ready()
                    yield
                finally:
                    hub.close()
                    relaying.cancel()
                    await asyncio.gather(relaying, return_exceptions=True)

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
            Route("/api/backtest/jobs", backtests.list_jobs, methods=["GET"]),
            Route(STRATEGIES, strategies.list_strategies, methods=["GET"]),
            Route(STRATEGIES, strategies.create, methods=["POST"]),
            Route(f"{STRATEGIES}/check", strategies.check, methods=["POST"]),
            Route(f"{STRATEGIES}/{{strategy_id}}", strategies.show, methods=["GET"]),
            Route(f"{STRATEGIES}/{{strategy_id}}", strategies.replace, methods=["PUT"]),
            Route(f"{STRATEGIES}/{{strategy_id}}", strategies.delete, methods=["DELETE"]),
            Route("/api/symbols", strategies.list_symbols, methods=["GET"]),
            Route("/api/session", sessions.show, methods=["GET"]),
            Route("/api/session", sessions.begin, methods=["POST"]),
            Route("/api/session", sessions.end, methods=["DELETE"]),
            Route("/metrics", health.metrics, methods=["GET"]),
            Route("/livez", health.live, methods=["GET"]),
            Route("/readyz", health.ready, methods=["GET"]),
            Route("/", static.index, methods=["GET"]),
            Mount("/static", static.assets(), name="static"),
        ],
        middleware=[Middleware(Measured, telemetry=telemetry), Middleware(static.SecurityHeaders)],
        exception_handlers=problems.HANDLERS,
        lifespan=lifespan,
    )
    app.state.settings, app.state.telemetry = settings, telemetry
    app.state.scraper = Scraper(telemetry, queue_name, look)
    return app
