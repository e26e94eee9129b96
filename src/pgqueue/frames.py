"""What a worker and its children say to each other: frames over a socket pair, one kind byte, four of length, a body.

Worker to child: JOB (JSON header, newline, the job's args as stored) and CANCEL (the id of the job).
Child to worker: READY (empty), PROGRESS (JSON list), FAILURE (JSON), SNOOZE (JSON), RESULT (three lengths, then
summary, preview and detail).
"""

import asyncio
import socket
import struct
from enum import IntEnum
from typing import BinaryIO

HEADER = struct.Struct("!BI")
RESULT_LENGTHS = struct.Struct("!III")
SMALL_BYTES = 64 * 1024
"""Up to here a copy costs less than another system call."""


class Kind(IntEnum):
    JOB = 1
    CANCEL = 2
    READY = 3
    PROGRESS = 4
    FAILURE = 5
    RESULT = 6
    SNOOZE = 7


def pack(kind: Kind, body: bytes = b"") -> bytes:
    return HEADER.pack(kind, len(body)) + body


def send(sock: socket.socket, kind: Kind, *parts: bytes) -> None:
    """Write one frame from a child; blocks until the worker has taken it."""
    header = HEADER.pack(kind, sum(map(len, parts)))
    if sum(map(len, parts)) <= SMALL_BYTES:
        sock.sendall(b"".join((header, *parts)))
        return
    sock.sendall(header)
    for part in parts:
        if part:
            sock.sendall(part)


def receive(stream: BinaryIO) -> tuple[Kind, bytes]:
    """Read one frame in a child. EOFError when the worker is gone."""
    kind, length = HEADER.unpack(_exactly(stream, HEADER.size))
    return Kind(kind), _exactly(stream, length)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    body = stream.read(size)
    if len(body) < size:
        raise EOFError
    return body


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
