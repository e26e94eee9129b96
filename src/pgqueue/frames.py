"""What a worker and its children say to each other: frames over a socket pair, one kind byte, four of length, a body.

Worker to child: JOB (JSON header, newline, the job's args as stored) and CANCEL (empty).
Child to worker: READY (empty), PROGRESS (JSON list), FAILURE (JSON), RESULT (three lengths, then summary, preview
and detail).
"""

import asyncio
import socket
import struct
from enum import IntEnum

HEADER = struct.Struct("!BI")
RESULT_LENGTHS = struct.Struct("!III")
MAX_BODY_BYTES = 256 * 1024 * 1024


class Kind(IntEnum):
    JOB = 1
    CANCEL = 2
    READY = 3
    PROGRESS = 4
    FAILURE = 5
    RESULT = 6


def pack(kind: Kind, body: bytes = b"") -> bytes:
    return HEADER.pack(kind, len(body)) + body


def send(sock: socket.socket, kind: Kind, *parts: bytes) -> None:
    """Write one frame from a child; blocks until the worker has taken it."""
    sock.sendall(HEADER.pack(kind, sum(map(len, parts))))
    for part in parts:
        if part:
            sock.sendall(part)


def receive(sock: socket.socket) -> tuple[Kind, bytes]:
    """Read one frame in a child. EOFError when the worker is gone."""
    kind, length = HEADER.unpack(_exactly(sock, HEADER.size))
    return Kind(kind), _exactly(sock, length)


def _exactly(sock: socket.socket, size: int) -> bytes:
    body = bytearray()
    while len(body) < size:
        piece = sock.recv(min(size - len(body), 1 << 20))
        if not piece:
            raise EOFError
        body += piece
    return bytes(body)


async def read(reader: asyncio.StreamReader) -> tuple[Kind, bytes]:
    """Read one frame in the worker. asyncio.IncompleteReadError when the child is gone."""
    kind, length = HEADER.unpack(await reader.readexactly(HEADER.size))
    return Kind(kind), await reader.readexactly(length)


def pack_result(summary: bytes, preview: bytes, detail: bytes) -> tuple[bytes, ...]:
    """The parts of a RESULT body."""
    return RESULT_LENGTHS.pack(len(summary), len(preview), len(detail)), summary, preview, detail


def unpack_result(body: bytes) -> tuple[bytes, bytes, bytes]:
    """summary, preview, detail."""
    summary, preview, _ = RESULT_LENGTHS.unpack_from(body)
    start = RESULT_LENGTHS.size
    middle = start + summary
    end = middle + preview
    return body[start:middle], body[middle:end], body[end:]
