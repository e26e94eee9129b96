"""Processes that a command starts beside itself, and that end when it does, however it ends."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import IO

STOP_SECONDS = 40.0
SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux's prctl."""


class Companion:
    """One such process: its own session, so that a Ctrl-C reaches the command alone, which ends it in good order."""

    def __init__(
        self, command: Sequence[str], *, environment: Mapping[str, str], log: "IO[bytes] | None" = None
    ) -> None:
        """log: where its stderr goes; None: to ours. Its stdout is read line by line with `answer`."""
        self.command = command
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=dict(environment),
            start_new_session=True,
            preexec_fn=death_watch(signal.SIGTERM),  # noqa: PLW1509 - one call into the kernel, no lock is taken
        )

    def answer(self) -> str:
        """The next line of its stdout; empty when it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode()

    def stop(self) -> None:
        """Ask it to end and wait; end it when it does not. May be called twice."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def death_watch(number: signal.Signals) -> Callable[[], None] | None:
    """What a child does before it becomes another program: have the kernel signal it when we die, however we die.

    Linux only; None elsewhere. The signal comes when the starting thread ends: start from one that lives as long.
    """
    if sys.platform != "linux":
        return None
    parent = os.getpid()
    # Loaded here, before the fork: another thread may hold the loader's lock at that moment.
    prctl = ctypes.CDLL(None).prctl

    def watch() -> None:
        prctl(SET_PARENT_DEATH_SIGNAL, number)
        if os.getppid() != parent:
            os._exit(1)

    return watch
