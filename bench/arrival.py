"""A job that only says how long it took to get here. In a module of its own: a child process imports it by name."""

import time
from collections.abc import Mapping
from typing import Any

from bench.handlers import Result
from pgqueue import Context


class Arrival:
    """Handler: the milliseconds from args["at_ns"], by the wall clock, to its first line."""

    time_limit = 60.0

    def check(self, args: Mapping[str, Any]) -> None:
        pass

    def warm(self) -> None:
        pass

    def run(self, args: Mapping[str, Any], _context: Context) -> Result:
        return Result(summary={"pickup_ms": (time.time_ns() - args["at_ns"]) / 1e6})
