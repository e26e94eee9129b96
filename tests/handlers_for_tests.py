"""Handlers that workers of tests and benches run: real ones, in real children."""

import math
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pgqueue.handlers import Context, Handler, SnoozeRequest


@dataclass
class Outcome:
    summary: dict[str, Any] = field(default_factory=dict)
    preview: bytes = b""
    detail: bytes = b""


class _Plain:
    time_limit = 60.0

    def check(self, args: Mapping[str, Any]) -> None:
        pass

    def warm(self) -> None:
        pass


class Steps(_Plain):
    """Reports `steps` steps over `seconds` seconds; its summary says what time it is here."""

    def run(self, args: Mapping[str, Any], context: Context) -> Outcome:
        steps, seconds = args.get("steps", 100), args.get("seconds", 0.0)
        for step in range(1, steps + 1):
            if context.cancelled():
                break
            time.sleep(seconds / steps)
            context.progress(step * 100 // steps, "stepping", seconds * (1 - step / steps))
        return Outcome({"steps": steps, "attempt": context.attempt, "clock": time.time()})


class Echo(_Plain):
    """Gives its args back, and as many bytes of detail as they ask for."""

    def run(self, args: Mapping[str, Any], context: Context) -> Outcome:
        return Outcome({"echo": dict(args)}, preview=b"p", detail=b"d" * args.get("detail_bytes", 1))


class Babble(_Plain):
    """Reports what no database can store, and is done when it is cancelled or after `seconds`."""

    def run(self, args: Mapping[str, Any], context: Context) -> Outcome:
        step, ends_at = "nul \0 half \ud800 " + "x" * 100_000, time.monotonic() + args["seconds"]
        for percent in range(1_000_000):
            if context.cancelled() or time.monotonic() > ends_at:
                break
            context.progress(percent, step, (math.nan, math.inf, -1.0, 1e300, 1e-300)[percent % 5])
            time.sleep(0.01)
        return Outcome()


class Hopeless(Exception):
    permanent = True


class Fail(_Plain):
    """Fails the first `times` attempts; for good when `permanent`, in the words of `message`."""

    def run(self, args: Mapping[str, Any], context: Context) -> Outcome:
        if args.get("permanent"):
            raise Hopeless(args.get("message", "The input can never work. Give another."))
        if context.attempt <= args.get("times", 1_000):
            raise RuntimeError(f"attempt {context.attempt} failed on purpose")
        return Outcome({"attempt": context.attempt})


class Crash(_Plain):
    """Kills its own process the first `times` attempts."""

    def run(self, args: Mapping[str, Any], context: Context) -> Outcome:
        if context.attempt <= args.get("times", 1_000):
            context.progress(10, "crashing")
            os.kill(os.getpid(), signal.SIGKILL)
        return Outcome({"attempt": context.attempt})


class Hang(_Plain):
    """Announces its pid in a file, then computes until `seconds` are over and listens to nobody."""

    time_limit = 30.0

    def run(self, args: Mapping[str, Any], context: Context) -> Outcome:
        if "pid_file" in args:
            path = Path(args["pid_file"])
            path.with_suffix(".new").write_text(str(os.getpid()))
            path.with_suffix(".new").rename(path.with_name(f"{path.name}.{context.attempt}"))
        context.progress(10, "hanging")
        seconds = args.get("seconds_by_attempt", {}).get(str(context.attempt), args.get("seconds", 600))
        time.sleep(seconds)
        return Outcome({"attempt": context.attempt})


class Brief(Hang):
    """A hang with a time limit of a tenth of a second."""

    time_limit = 0.1


class Deaf(Hang):
    """A hang that SIGTERM does not end either."""

    def run(self, args: Mapping[str, Any], context: Context) -> Outcome:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return super().run(args, context)


@dataclass
class Later:
    """As an engine would say it that knows nothing of the queue."""

    snooze_seconds: Any
    reason: str | None = None


class Snoozing(_Plain):
    """Asks to be run in `seconds`, the first `times` attempts."""

    def run(self, args: Mapping[str, Any], context: Context) -> Outcome | SnoozeRequest:
        if context.attempt <= args.get("times", 1):
            return Later(args.get("seconds", 1), args.get("reason"))
        return Outcome({"attempt": context.attempt})


_kept: list[bytes] = []


class Growing(_Plain):
    """Holds `megabytes`, for as long as `seconds`; for good where they are `kept`."""

    def run(self, args: Mapping[str, Any], context: Context) -> Outcome:
        context.progress(10, "growing")
        held = [b"x" * (1024 * 1024) for _ in range(args["megabytes"])]
        if args.get("kept"):
            _kept.extend(held)
        time.sleep(args.get("seconds", 0))
        return Outcome({"pid": os.getpid()})


class Starved(_Plain):
    def run(self, args: Mapping[str, Any], context: Context) -> Outcome:
        raise MemoryError


class Broken(_Plain):
    """Returns what is no result."""

    def run(self, args: Mapping[str, Any], context: Context) -> Any:
        return {"summary": {}}


class Garbage(_Plain):
    """A result Postgres cannot take: its jsonb knows no NUL character."""

    def run(self, args: Mapping[str, Any], context: Context) -> Outcome:
        return Outcome({"text": "nul \0 inside"})


HANDLERS: dict[str, Handler] = {
    "steps": Steps(),
    "echo": Echo(),
    "fail": Fail(),
    "crash": Crash(),
    "hang": Hang(),
    "brief": Brief(),
    "garbage": Garbage(),
    "deaf": Deaf(),
    "snooze": Snoozing(),
    "grow": Growing(),
    "starved": Starved(),
    "broken": Broken(),
    "babble": Babble(),
}
