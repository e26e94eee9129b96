"""How much memory a process holds, and the watch that keeps children within their bound.

Measured from outside as what is private and in memory. A limit of the address space would count what numba's compiler,
thread stacks and numpy's pools reserve and never touch; shared and file pages, such as the bars that all children map,
are not one child's to answer for.
"""

import asyncio
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Protocol

MEGABYTE = 1024 * 1024
WATCH_SECONDS = 0.1
"""A child that touches 2 GB/s is some 200 MB over its bound by then; looking costs some 20 µs."""


class Bounded(Protocol):
    async def check_memory(self) -> None:
        """Stop what is over its bound."""


def private_bytes(pid: int) -> int:
    """Resident memory that is the process's alone; 0 when it has ended, and on systems other than Linux."""
    with suppress(OSError):
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    return 0


async def watch(executors: Collection[Bounded]) -> None:
    """Look after all until cancelled."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        for executor in executors:
            await executor.check_memory()
