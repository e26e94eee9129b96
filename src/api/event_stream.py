"""One event stream on its connection: the snapshot first, then changes, then nothing more than there is to say."""

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator
from contextlib import aclosing

from sse_starlette import EventSourceResponse
from starlette.types import Message, Receive, Scope, Send

from api.hub import Hub
from api.readers import Reader
from api.relay import Relay

RETRY_MILLISECONDS = 2000
FAREWELL_SPREAD_MILLISECONDS = 4000
"""Readers told to go come back spread over so long, lest they all come at once to whoever starts next."""
MOST_BODY_BYTES = 64 * 1024
HEARTBEAT = b": \n\n"

log = logging.getLogger(__name__)


class EventStream(EventSourceResponse):
    """sse-starlette's response, driven by one loop instead of a group of tasks and timers per stream.

    What is due when, comments and cuts alike, the process's Upkeep sees for all streams; the hub tells of a shutdown.
    """

    def __init__(self, hub: Hub, relay: Relay, reader: Reader, content: AsyncIterator[bytes]) -> None:
        super().__init__(content, ping=0, sep="\n")
        self._hub = hub
        self._relay = relay
        self._reader = reader
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writing = asyncio.current_task()
        assert writing is not None
        self._reader.cut = lambda: self._cut(scope, writing)
        gone = asyncio.create_task(self._until_disconnected(receive, writing))
        try:
            # To its very last write: until then it may have to be cut.
            with self._hub.reading(self._reader):
                self._relay.greet(self._reader)
                await self._write(scope, send)
        except asyncio.CancelledError:
            if not gone.done() and not self._reader.is_cut:
                raise
        finally:
            gone.cancel()

    async def _write(self, scope: Scope, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            async with aclosing(self._content) as content:  # type: ignore[type-var]
                async for piece in content:
                    await self._send(send, {"body": piece, "more_body": True})
        await self._send(send, {"body": b"", "more_body": False})

    async def _send(self, send: Send, message: Message) -> None:
        self._reader.written_at = asyncio.get_running_loop().time()
        self._reader.is_writing = True
        await send({"type": "http.response.body", **message})
        self._reader.is_writing = False

    async def _until_disconnected(self, receive: Receive, writing: "asyncio.Task[object]") -> None:
        heard_bytes = 0
        while (message := await receive())["type"] != "http.disconnect":
            heard_bytes += len(message.get("body", b""))
            if heard_bytes > MOST_BODY_BYTES:
                # A request for a stream has nothing to say: one that talks on keeps us busy for nothing.
                self._reader.cut()
                return
        writing.cancel()

    def _cut(self, scope: Scope, writing: "asyncio.Task[object]") -> None:
        log.info("stream cut: its reader does not read, or talks", extra={"path": scope["path"]})
        self._reader.is_cut = True
        # Closing would wait for the unread rest to be read. The server leaves its way out in the scope.
        abort = scope.get("pgqueue.abort")
        if abort is not None:
            abort()
        writing.cancel()


async def events(hub: Hub, reader: Reader, *, language: str, recovered: bool, heartbeat: float) -> AsyncIterator[bytes]:
    """What the reader is sent, one piece a write. The reader is registered and waits for its snapshot.

    recovered: whether it missed nothing since it was last here. heartbeat: seconds, as it is told.
    """
    hello = {"recovered": recovered, "mode": hub.mode, "heartbeat": int(heartbeat) if heartbeat % 1 == 0 else heartbeat}
    yield f"retry: {RETRY_MILLISECONDS}\nevent: hello\nid: {hub.epoch}:0\ndata: {json.dumps(hello)}\n\n".encode()
    while True:
        # One write for all there is: a reader of many jobs costs one system call.
        if piece := b"".join(_news(hub, reader, language)):
            yield piece
        if reader.farewell is not None or reader.is_done:
            return
        await reader.wake.wait()
        reader.wake.clear()


def _news(hub: Hub, reader: Reader, language: str) -> list[bytes]:
    pieces = []
    if reader.mode_changed:
        reader.mode_changed = False
        pieces.append(f"event: mode\ndata: {json.dumps({'mode': hub.mode})}\n\n".encode())
    pieces += [event.encode(hub.epoch, language, hub.root) for event in hub.take(reader)]
    pieces += [f"event: gone\ndata: {json.dumps({'jobId': str(job_id)})}\n\n".encode() for job_id in reader.take_gone()]
    if reader.is_done and reader.job_ids is not None and len(reader.job_ids) > 1:
        # Dispatches nothing, but is what a browser sends as Last-Event-ID: with it, it had every final event.
        pieces.append(f"id: {hub.epoch}:{reader.seen}\n\n".encode())
    elif reader.farewell is not None:
        pieces.append(_bye(reader.farewell))
    elif reader.is_quiet and not pieces:
        pieces.append(HEARTBEAT)
    reader.is_quiet = False
    return pieces


def _bye(reason: str) -> bytes:
    retry = 1000 + random.randrange(FAREWELL_SPREAD_MILLISECONDS)  # noqa: S311 - jitter
    return f"retry: {retry}\nevent: bye\ndata: {json.dumps({'reason': reason})}\n\n".encode()
