"""The obvious server of event streams: for each client one connection that LISTENs, and a read at every notification.

It reads with the same statement, sends the same members and tells the same keys apart as ours; it has no shared relay,
no heartbeats, no limits and no way to recover.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from uuid import UUID

import psycopg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from api import accounts
from api.shapes import job_shape
from pgqueue import CHANGED, Queue, open_pool, parse_ids

DATABASE_URL = os.environ["DATABASE_URL"]


async def events(request: Request) -> StreamingResponse:
    return StreamingResponse(_events(request), media_type="text/event-stream")


async def _events(request: Request) -> AsyncIterator[bytes]:
    job_id = UUID(request.path_params["job_id"])
    key = request.headers["authorization"].removeprefix("Bearer ")
    yield b"event: hello\ndata: {}\n\n"
    async with await psycopg.AsyncConnection.connect(DATABASE_URL, autocommit=True) as connection:
        account = await accounts.find_key(connection, key)
        assert account is not None
        await connection.execute(f"listen {CHANGED}")
        async with open_pool(DATABASE_URL, size=1) as pool:
            queue = Queue(pool)
            while True:
                for job in await queue.read([job_id], user_id=account.user_id):
                    shape = json.dumps(job_shape(job, "en"))
                    yield f"event: progress\nid: {job.seq}\ndata: {shape}\n\n".encode()
                    if job.is_final:
                        return
                async for notification in connection.notifies():
                    if job_id in parse_ids(notification.payload):
                        break


async def main() -> None:
    app = Starlette(routes=[Route("/api/backtest/queue/{job_id}/events", events)])
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{listening.getsockname()[1]}"}) + "\n")
        sys.stdout.flush()
        listening.listen(2048)
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        await uvicorn.Server(config).serve([listening])


if __name__ == "__main__":
    asyncio.run(main())
