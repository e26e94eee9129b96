"""Child processes, forked from a server that has imported and compiled all; ready before they are given a job."""

import asyncio
import json
import multiprocessing
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess

from pgqueue import child, frames, memory, preload
from pgqueue.errors import ChildStartFailed
from pgqueue.frames import Kind
from pgqueue.handlers import Handler

START_SECONDS = 120.0
"""The first child waits for the forkserver to import and compile everything."""
REAP_SECONDS = 2.0


@dataclass(slots=True)
class Child:
    process: ForkServerProcess
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    jobs: int = 0
    ended: int = 0
    base_bytes: int = 0
    """What it held before its first job."""
    held_bytes: int = 0
    """What it held when last looked at."""


async def spawn(handlers: Mapping[str, Handler], environment: Mapping[str, str], *, max_bytes: int) -> Child:
    """A child that is ready. ChildStartFailed when none comes up, or holds max_bytes before its first job."""
    ours, theirs = socket.socketpair()
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=child.main, args=(theirs, dict(handlers), dict(environment)), daemon=True)
    try:
        # start() waits for the forkserver, which may still be compiling: not on the event loop.
        await asyncio.to_thread(process.start)
    except (OSError, EOFError) as error:
        ours.close()
        raise ChildStartFailed(str(error) or type(error).__name__) from error
    finally:
        theirs.close()
    reader, writer = await asyncio.open_connection(sock=ours)
    spawned = Child(process, reader, writer)
    try:
        async with asyncio.timeout(START_SECONDS):
            kind, said = await frames.read(reader)
    except (OSError, EOFError, TimeoutError) as error:  # IncompleteReadError is an EOFError
        code = await reap(spawned)
        raise ChildStartFailed(f"it ended with exit code {code} before it was ready") from error
    if kind is not Kind.READY:
        await reap(spawned)
        raise ChildStartFailed(f"its handlers could not be warmed: {json.loads(said)['message']}")
    return _weighed(spawned, max_bytes)


def prepare_forkserver(handlers: Mapping[str, Handler], *, logs_as_json: bool = False) -> None:
    """Tell the forkserver, before it starts, what to import and warm; later calls change nothing."""
    preload.announce(handlers, logs_as_json=logs_as_json)
    # __main__ too: a child would otherwise run the program's file again, once each.
    multiprocessing.get_context("forkserver").set_forkserver_preload(["__main__", "pgqueue.preload"])


async def reap(child: Child) -> int | None:
    """Its exit code, once it is gone."""
    child.writer.close()
    await asyncio.to_thread(child.process.join, REAP_SECONDS)
    if child.process.exitcode is None:
        child.process.kill()
        await asyncio.to_thread(child.process.join)
    return child.process.exitcode


def _weighed(spawned: Child, max_bytes: int) -> Child:
    spawned.base_bytes = spawned.held_bytes = memory.private_bytes(spawned.process.pid or 0)
    if spawned.base_bytes >= max_bytes:
        spawned.process.kill()
        spawned.writer.close()
        held, limit = spawned.base_bytes // memory.MEGABYTE, max_bytes // memory.MEGABYTE
        raise ChildStartFailed(
            f"it holds {held:,} MB before its first job, the limit is {limit:,} MB. Raise PGQUEUE_CHILD_MEMORY_MB."
        )
    return spawned
