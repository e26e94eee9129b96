"""The application, put together in one place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from api import backtests, events, health, problems, results, sessions, static, strategies, sweeps
from api.hub import Hub
from api.rates import RateHeaders, Rates
from api.settings import ApiSettings
from api.tokens import Tokens
from pgqueue import USER_ROLE, Queue, open_pool, require_row_security, require_schema

QUEUE = "/api/backtest/queue"
STRATEGIES = "/api/strategies"


def create_app(settings: ApiSettings, *, database_url: str, queue_name: str = "backtest") -> Starlette:
    """The API and the page on that database. Closed unless opened: every route but the page asks who is calling."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_pool(
            database_url,
            size=settings.pool_size,
            application_name="pgqueue api",
            wait_seconds=settings.pool_seconds,
        ) as pool:
            user_role = None if settings.without_row_security else USER_ROLE
            async with pool.connection() as connection:
                await require_schema(connection)
                if user_role is not None:
                    await require_row_security(connection)
            async with Queue(pool, name=queue_name, user_role=user_role) as queue:
                hub = Hub(
                    queue,
                    database_url,
                    reread_seconds=settings.reread_seconds,
                    poll_seconds=settings.poll_seconds,
                )
                app.state.pool, app.state.queue, app.state.hub = pool, queue, hub
                app.state.user_role = user_role
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
            Route("/livez", health.live, methods=["GET"]),
            Route("/readyz", health.ready, methods=["GET"]),
            Route("/", static.index, methods=["GET"]),
            Mount("/static", static.assets(), name="static"),
        ],
        middleware=[Middleware(static.SecurityHeaders), Middleware(RateHeaders)],
        exception_handlers=problems.HANDLERS,
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.tokens = Tokens(settings)
    app.state.rates = Rates(settings.requests_per_minute)
    return app
