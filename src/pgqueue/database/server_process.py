"""The server as a process: started so that it cannot outlive us, found again when it did."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from pgqueue.database.errors import EmbeddedServerFailed
from pgqueue.database.system_user import SystemUser

STOP_SECONDS = 20.0
SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


def spawn(command: list[str], user: SystemUser | None, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
    """Run a program of PostgreSQL, as that user, with stdout and stderr to `output`."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd="/",
        # Nothing of ours: a PGPORT or a locale that is not installed would change or end the server.
        env={"PATH": os.defpath, "LC_ALL": "C"},
        # A session of its own: a Ctrl-C at the terminal must not stop it before what uses it has stopped.
        start_new_session=True,
        preexec_fn=_death_watch(),  # noqa: PLW1509 - one system call, looked up beforehand: safe beside threads
        user=None if user is None else user.uid,
        group=None if user is None else user.gid,
        extra_groups=None if user is None else [],
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a server of ours: fast first, at once when that takes too long."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        process.wait()


def end_leftover(cluster: Path) -> None:
    """Stop a server of that cluster whose command died without it. The caller holds the lock: nobody else answers."""
    pid_file = cluster / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    for number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        if not _serves(pid, cluster):
            break
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        _wait_until_gone(pid, cluster, seconds)
    else:
        raise EmbeddedServerFailed(f"process {pid}, left over in {cluster}, does not stop", remedy="Kill it.")
    if _lives(pid):
        # The number is somebody else's by now, and PostgreSQL would take them for a server and refuse to start.
        pid_file.unlink(missing_ok=True)


def _wait_until_gone(pid: int, cluster: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while _serves(pid, cluster) and time.monotonic() < deadline:
        time.sleep(0.02)


def _serves(pid: int, cluster: Path) -> bool:
    """Whether that process is a server of this very cluster; its number alone may have been used again."""
    if not _lives(pid):
        return False
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        listed = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], check=False, capture_output=True)
        words = listed.stdout
    return b"postgres -D " + os.fsencode(cluster) in words


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _death_watch() -> Callable[[], None] | None:
    """What the child does before it becomes the server: ask to be stopped (fast) when we die, however we die.

    Linux only. The signal comes when the starting thread ends, so start from one that lives as long as the server.
    """
    if sys.platform != "linux":
        return None
    parent = os.getpid()
    # Loaded here, before the fork: another thread may hold the loader's lock at that moment.
    prctl = ctypes.CDLL(None).prctl

    def watch() -> None:
        prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGINT)
        if os.getppid() != parent:
            os._exit(1)

    return watch
