"""The child process: runs one job after another, hears of cancels while it computes, dies with its worker."""

import json
import math
import os
import signal
import socket
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from uuid import UUID

from pgqueue import frames, preload
from pgqueue.frames import Kind
from pgqueue.handlers import Handler, HandlerResult, find
from pgqueue.snooze import checked

MAX_SUMMARY_BYTES = 64 * 1024
MAX_RESULT_BYTES = 64 * 1024 * 1024
MAX_MESSAGE_CHARS = 2_000
NICENESS = 10
"""Runs give way to what must answer at once on the same host: the worker's lease, an API, Postgres."""
MAX_TRACEBACK_CHARS = 8_000
MAX_FIGURES_CHARS = 1_000
MAX_STEP_CHARS = 200
MAX_REMAINING_SECONDS = 1e9


class ResultTooLarge(Exception):
    permanent = True

    def __init__(self, part: str, *, size: int, limit: int) -> None:
        super().__init__(f"The result's {part} is {size:,} bytes, the limit is {limit:,}. Ask for less in one run.")


class RunContext:
    """What the handler reports through; see handlers.Context."""

    def __init__(self, sock: socket.socket, job_id: UUID, attempt: int) -> None:
        self.job_id = job_id
        self.attempt = attempt
        self.cancel = threading.Event()
        self._sock = sock
        self._last: tuple[int, str] | None = None

    def progress(self, percent: int, step: str, remaining_seconds: float | None = None) -> None:
        # Written together with that of all the worker's runs: one that Postgres cannot take would silence them.
        percent, step = max(0, min(100, int(percent))), _clean(str(step))[:MAX_STEP_CHARS]
        if (percent, step) == self._last:
            return
        self._last = (percent, step)
        frames.send(self._sock, Kind.PROGRESS, json.dumps([percent, step, _seconds(remaining_seconds)]).encode())

    def cancelled(self) -> bool:
        return self.cancel.is_set()


class _Inbox:
    """Reads the socket on a thread of its own, so that a cancel is heard while a kernel runs without the GIL."""

    def __init__(self, sock: socket.socket) -> None:
        self._stream = sock.makefile("rb")
        self.jobs: SimpleQueue[bytes] = SimpleQueue()
        self.running: RunContext | None = None

    def follow(self) -> None:
        while True:
            try:
                kind, body = frames.receive(self._stream)
            except (EOFError, OSError):
                # The worker is gone, and with it the lease: whatever runs here counts for nothing.
                os._exit(1)
            running = self.running
            if kind is Kind.JOB:
                self.jobs.put(body)
            elif kind is Kind.CANCEL and running is not None and running.job_id == UUID(body.decode()):
                running.cancel.set()


def main(sock: socket.socket, handlers: Mapping[str, Handler], environment: Mapping[str, str]) -> None:
    """Serve jobs until the worker closes its end.

    environment: set before the first job, for handlers that find their database by it.
    """
    # A session of its own: a Ctrl-C at the terminal reaches the worker alone, which drains.
    os.setsid()
    os.nice(NICENESS)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _offer_to_the_oom_killer()
    os.environ.update(environment)
    inbox = _Inbox(sock)
    threading.Thread(target=inbox.follow, name="pgqueue inbox", daemon=True).start()
    if preload.failure is not None:
        frames.send(sock, Kind.FAILURE, json.dumps(describe(preload.failure)).encode())
        return
    frames.send(sock, Kind.READY)
    while True:
        header, _, args = inbox.jobs.get().partition(b"\n")
        facts = json.loads(header)
        inbox.running = RunContext(sock, UUID(facts["id"]), facts["attempt"])
        _run(sock, handlers, facts["kind"], args, inbox.running)


def _offer_to_the_oom_killer() -> None:
    """Where a host runs out of memory, Linux is to end a run, which is tried again, and not the worker or Postgres."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def _run(sock: socket.socket, handlers: Mapping[str, Handler], kind: str, args: bytes, context: RunContext) -> None:
    try:
        answer, parts = _answer(find(handlers, kind).run(json.loads(args), context))
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is its job's failure, not the child's
        frames.send(sock, Kind.FAILURE, json.dumps(describe(error)).encode())
    else:
        frames.send(sock, answer, *parts)


def _answer(returned: Any) -> tuple[Kind, tuple[bytes, ...]]:
    if not hasattr(returned, "snooze_seconds"):
        return Kind.RESULT, _encode(returned)
    seconds, reason = checked(returned.snooze_seconds), getattr(returned, "reason", None)
    said = _clean(str(reason))[:MAX_MESSAGE_CHARS] if reason else None
    return Kind.SNOOZE, (json.dumps([seconds, said]).encode(),)


def _encode(result: HandlerResult) -> tuple[bytes, ...]:
    summary = json.dumps(result.summary, allow_nan=False).encode()
    if len(summary) > MAX_SUMMARY_BYTES:
        raise ResultTooLarge("summary", size=len(summary), limit=MAX_SUMMARY_BYTES)
    size = len(result.preview) + len(result.detail)
    if size > MAX_RESULT_BYTES:
        raise ResultTooLarge("preview and detail", size=size, limit=MAX_RESULT_BYTES)
    return frames.pack_result(summary, bytes(result.preview), bytes(result.detail))


def describe(error: BaseException) -> dict[str, Any]:
    """The error as stored: type, message and figures for callers, traceback for operators, permanent for the retry."""
    message = str(error) or type(error).__name__
    if isinstance(error, MemoryError):
        message = (
            f"The host gave the run no more memory ({message}). It is tried again; give it less, or run fewer slots."
        )
    figures = _figures(getattr(error, "figures", None))
    return {
        "type": type(error).__name__,
        "message": _clean(message)[:MAX_MESSAGE_CHARS],
        **({"figures": figures} if figures else {}),
        "traceback": _clean("".join(traceback.format_exception(error)))[-MAX_TRACEBACK_CHARS:],
        "permanent": bool(getattr(error, "permanent", False)),
    }


def _figures(given: object) -> dict[str, Any]:
    """What the message says, by name, as far as it is short and plain: it goes to callers with every snapshot."""
    if not isinstance(given, Mapping) or not all(isinstance(value, str | int | float) for value in given.values()):
        return {}
    plain = {_clean(str(name)): _clean(value) if isinstance(value, str) else value for name, value in given.items()}
    try:
        size = len(json.dumps(plain, allow_nan=False))
    except ValueError:
        return {}
    return plain if size <= MAX_FIGURES_CHARS else {}


def _seconds(given: float | None) -> float | None:
    """As Postgres's real takes it, rounded to milliseconds; None for what is no time."""
    if given is None or not math.isfinite(given):
        return None
    return round(min(max(0.0, float(given)), MAX_REMAINING_SECONDS), 3)


def _clean(text: str) -> str:
    # Postgres stores no NUL, and a lone surrogate is no UTF-8.
    return text.replace("\0", "").encode("utf-8", "replace").decode()
