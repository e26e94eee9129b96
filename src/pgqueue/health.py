"""A worker's health on a port: /livez, /readyz, /metrics. Three short answers, so that no web server is needed."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

from pgqueue import metrics
from pgqueue.errors import PgQueueError
from pgqueue.vitals import Vitals

MAX_CONNECTIONS = 32
MAX_HEAD_BYTES = 8 * 1024
REQUEST_SECONDS = 5.0
"""For a whole request and its answer."""
JSON = "application/json"
TEXT = "text/plain; version=0.0.4; charset=utf-8"

log = logging.getLogger(__name__)


class HealthPortTaken(PgQueueError):
    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"health: cannot listen on {host}:{port}: {reason}. Choose another PGQUEUE_WORKER_PORT.")


@asynccontextmanager
async def serve(read: Callable[[], Vitals], *, host: str, port: int) -> AsyncIterator[int]:
    """Answer while inside; the port that is listened on. Raises HealthPortTaken."""
    responder = Responder(read)
    try:
        server = await asyncio.start_server(responder.answer, host, port, limit=MAX_HEAD_BYTES)
    except OSError as error:
        raise HealthPortTaken(host, port, error.strerror or str(error)) from error
    async with server:
        listening: int = server.sockets[0].getsockname()[1]
        log.info("health port open", extra={"host": host, "port": listening})
        yield listening


class Responder:
    """One request a connection. That it answers at all says that the event loop turns."""

    def __init__(self, read: Callable[[], Vitals]) -> None:
        self._read = read
        self._registry = metrics.registry(read)
        self._connections = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                if self._connections <= MAX_CONNECTIONS:
                    async with asyncio.timeout(REQUEST_SECONDS):
                        writer.write(await self._respond(reader))
                        await writer.drain()
        finally:
            self._connections -= 1
            writer.close()

    async def _respond(self, reader: asyncio.StreamReader) -> bytes:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return _response(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, JSON, b"{}")
        method, _, rest = head.partition(b"\r\n")[0].partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        if method not in (b"GET", b"HEAD"):
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, JSON, b"{}", with_body=True)
        status, content_type, body = self._page(path)
        return _response(status, content_type, body, with_body=method == b"GET")

    def _page(self, path: bytes) -> tuple[HTTPStatus, str, bytes]:
        match path:
            case b"/livez":
                return HTTPStatus.OK, JSON, _json({"status": "ok"})
            case b"/readyz":
                ailments = self._read().ailments()
                status = HTTPStatus.SERVICE_UNAVAILABLE if ailments else HTTPStatus.OK
                return status, JSON, _json({"status": "not ready" if ailments else "ok", "because": ailments})
            case b"/metrics":
                return HTTPStatus.OK, TEXT, metrics.exposition(self._registry)
        return HTTPStatus.NOT_FOUND, JSON, _json({"error": "There are /livez, /readyz and /metrics."})


def _json(value: object) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _response(status: HTTPStatus, content_type: str, body: bytes, *, with_body: bool = True) -> bytes:
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (body if with_body else b"")
