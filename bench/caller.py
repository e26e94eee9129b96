"""A caller of the API as lean as one can be, so that the bench measures the service and not its client."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit


async def post(url: str, path: str, key: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Status and JSON of one POST on a connection of its own, as a user's first request is."""
    content = json.dumps(body).encode()
    reader, writer = await _connect(url)
    try:
        writer.write(_head("POST", path, key, f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"))
        writer.write(content)
        status, length = await _read_head(reader)
        return status, json.loads(await reader.readexactly(length))
    finally:
        writer.close()


async def get(url: str, path: str, key: str) -> tuple[int, dict[str, Any]]:
    """Status and JSON of one GET on a connection of its own."""
    reader, writer = await _connect(url)
    try:
        writer.write(_head("GET", path, key, ""))
        status, length = await _read_head(reader)
        return status, json.loads(await reader.readexactly(length))
    finally:
        writer.close()


async def events(url: str, path: str, key: str) -> AsyncIterator[dict[str, Any]]:
    """Data of each progress event of a stream, until it ends."""
    reader, writer = await _connect(url)
    try:
        writer.write(_head("GET", path, key, "Accept: text/event-stream\r\n"))
        status, _ = await _read_head(reader)
        if status != 200:
            raise RuntimeError(f"{path} answered {status}")
        name = ""
        # Chunk lengths stand on lines of their own and begin no field.
        while line := await reader.readline():
            if line == b"0\r\n":
                return
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: ") and name == "progress":
                yield json.loads(line[6:])
    finally:
        writer.close()


async def _connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 20)


def _head(method: str, path: str, key: str, more: str) -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n{more}\r\n".encode()


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, int]:
    """Status and Content-Length (0 when there is none)."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    _, _, length = head.partition("content-length: ")
    return int(head.split(" ", 2)[1]), int(length.split("\r\n", 1)[0]) if length else 0
