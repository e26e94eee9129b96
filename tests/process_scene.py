"""What tests ask of processes that are not their children."""

import os
from pathlib import Path


def gone(pid: int) -> bool:
    """Whether the process has ended; one that nobody reaped yet has."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(") ")[2].startswith("Z")
