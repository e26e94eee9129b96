"""`pgqueue serve`: the API and the page."""

import asyncio
import json
import logging
import signal
import sys
import time
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

import typer

LONGEST_LOGGED_PATH = 500
LEAST_REFUSAL = 400

log = logging.getLogger("api.access")


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on [default: PGQUEUE_API_HOST or 127.0.0.1].")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one [default: PGQUEUE_API_PORT or 8000].")
    ] = None,
    any_port: Annotated[bool, typer.Option("--any-port", help="When the port is taken, take a free one.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help='Say {"url": …} on stdout once requests are taken.')] = False,
    access_log: Annotated[bool, typer.Option(help="One line per request on stderr.")] = True,
    refusals_only: Annotated[
        bool, typer.Option("--refusals-only", help="Of these lines only those of answers of 400 and above.")
    ] = False,
) -> None:
    """Serve the API and the page until SIGTERM or Ctrl-C; exit code 1 when it cannot."""
    # Loaded here: other commands should not wait for a web server.
    import uvicorn

    from api.app import create_app
    from api.cli.listening import listen
    from api.settings import load_api_settings
    from pgqueue import (
        check_database,
        check_row_security,
        configure_logs,
        load_settings,
        require_url,
        warn_of_unknown_settings,
    )

    chosen: dict[str, Any] = {name: value for name, value in {"host": host, "port": port}.items() if value is not None}
    settings = load_api_settings(**chosen)
    queue_settings = load_settings()
    configure_logs(as_json=queue_settings.log_format == "json")
    warn_of_unknown_settings()
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    database_url = require_url(queue_settings)
    # Asked before anything listens: a wrong address or schema is then one sentence instead of a failed start.
    asyncio.run(check_database(database_url))
    _allow_open_files()
    if settings.without_row_security:
        log.warning("no row-level security behind the API", extra={"reason": settings.without_row_security})
    else:
        asyncio.run(check_row_security(database_url))
    sockets = listen(settings.host, settings.port, or_any=any_port)
    app = create_app(settings, database_url=database_url, queue_name=queue_settings.queue)

    def announce(url: str) -> None:
        if as_json:
            sys.stdout.write(json.dumps({"url": url}) + "\n")
            sys.stdout.flush()
        log.info("serving", extra={"url": url, "row_security": not settings.without_row_security})

    served = AccessLog(app, least_status=LEAST_REFUSAL if refusals_only else 0) if access_log else app
    config = uvicorn.Config(
        Abortable(served),
        log_config=None,
        access_log=False,
        server_header=False,
        root_path=settings.path_prefix,
        # By itself uvicorn believes whoever calls from this machine.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        # Streams end by themselves once told; what has not ended by then is cut.
        timeout_graceful_shutdown=2,
    )
    # The hub is made when the application starts: looked up late.
    server = _server(config, on_exit=lambda: app.state.hub.close(), on_started=announce)  # noqa: PLW0108
    server.run(sockets)
    raise typer.Exit(0 if server.started else 1)


def _allow_open_files() -> None:
    """A stream is an open file: as many as the system lets this process have, not the few of a shell."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _server(config: Any, *, on_exit: Callable[[], None], on_started: Callable[[str], None]) -> Any:
    import uvicorn

    class Server(uvicorn.Server):
        """Tells streams to end before it waits for them: uvicorn runs the application's own shutdown only after."""

        def handle_exit(self, sig: int, _frame: Any) -> None:
            if self.started:
                on_exit()
            # As uvicorn does, but for raising the signal again in the end: a clean stop is exit code 0.
            if self.should_exit and sig == signal.SIGINT:
                self.force_exit = True
            self.should_exit = True

        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            if self.started:
                host, port = self.servers[0].sockets[0].getsockname()[:2]
                on_started(f"http://{f'[{host}]' if ':' in host else host}:{port}")

    return Server(config)


class Abortable:
    """Leaves a way in the scope to drop the connection, which closing does not while its reader reads nothing."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if transport is not None:
            scope["pgqueue.abort"] = transport.abort
        await self._app(scope, receive, send)


class AccessLog:
    """One line per answer: method, path, status, milliseconds. No query, no header: secrets live there."""

    def __init__(self, app: Any, *, least_status: int = 0) -> None:
        self._app = app
        self._least_status = least_status

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def watching(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watching)
        finally:
            facts = {
                "method": scope["method"],
                # Quoted: a line break in a path would otherwise write a line of its own.
                "path": quote(scope["path"])[:LONGEST_LOGGED_PATH],
                "status": status,
                "ms": round((time.perf_counter() - began) * 1000, 1),
                "client": scope["client"][0] if scope["client"] else None,
            }
            if status >= self._least_status:
                log.info("request", extra=facts)
