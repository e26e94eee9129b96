"""What the bench's worker runs. In a module of its own: a child process must be able to import it by name."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from engine.jobs import backtest
from pgqueue import Context, Handler


@dataclass
class Result:
    summary: dict[str, Any] = field(default_factory=dict)
    preview: bytes = b""
    detail: bytes = b""


class _Plain:
    """Takes any args and needs no warming."""

    time_limit = 60.0

    def check(self, args: Mapping[str, Any]) -> None:
        pass

    def warm(self) -> None:
        pass


class NoOp(_Plain):
    """Does nothing: what is left is the queue's own cost."""

    def run(self, _args: Mapping[str, Any], _context: Context) -> Result:
        return Result()


class Begun(_Plain):
    """Says when it began."""

    def run(self, _args: Mapping[str, Any], _context: Context) -> Result:
        return Result(summary={"at": time.monotonic_ns()})


def compute(loops: int) -> bytes:
    """Work of so many loops, all Python's own."""
    found = b""
    for _ in range(loops):
        found = sha256(found).digest()
    return found


class Computing(_Plain):
    """Computes `loops` loops; with `steps`, it reports so many."""

    def run(self, args: Mapping[str, Any], context: Context) -> Result:
        loops, steps = args["loops"], args["steps"]
        # Both kinds loop in twenty parts, so that only the reports differ.
        for part in range(1, 21):
            compute(loops // 20)
            if steps:
                context.progress(part * 100 // steps, f"part {part}")
        return Result()


class Stamped(_Plain):
    """Reports `steps` steps over `seconds` seconds; the step of each report is the clock at which it was made."""

    time_limit = 120.0

    def run(self, args: Mapping[str, Any], context: Context) -> Result:
        steps, seconds = args["steps"], args["seconds"]
        began = time.monotonic()
        for step in range(1, steps + 1):
            time.sleep(max(0.0, began + seconds * step / steps - time.monotonic()))
            context.progress(step * 100 // steps, str(time.time_ns()))
        return Result()


FIRST = """
import json
from bench.prices import walk
from engine import strategies
from engine.backtest import run
from engine.request import parse_args
from engine.rules import compile_strategy
prices = walk(1_250, seed=1, timeframe="1d")
days = {"startDate": "2020-01-01", "endDate": "2023-12-31"}
request = parse_args({"strategyId": "sma-cross", "symbol": "WALK", **days})
result = run(request, compile_strategy(strategies.get("sma-cross").definition), prices)
found = {"trades": len(result.trades), "equity": result.final_equity}
"""


class FirstResult(_Plain):
    """Handler: one backtest on bundled prices, so that nothing but the child is timed."""

    def warm(self) -> None:
        backtest.warm()

    def run(self, _args: Mapping[str, Any], _context: Context) -> Result:
        scope: dict[str, Any] = {}
        exec(FIRST, scope)  # the same text as the fresh process runs
        return Result(summary=scope["found"])


class Interrupted(_Plain):
    """Says in which process it runs; takes its time only in the first attempt."""

    time_limit = 3_600.0

    def run(self, args: Mapping[str, Any], context: Context) -> Result:
        context.progress(1, str(os.getpid()))
        time.sleep(args["first_seconds"] if context.attempt == 1 else 0)
        return Result()


HANDLERS: dict[str, Handler] = {
    "backtest": backtest,
    "begun": Begun(),
    "computing": Computing(),
    "interrupted": Interrupted(),
    "noop": NoOp(),
    "stamped": Stamped(),
    "stamped_long": Stamped(),
}
