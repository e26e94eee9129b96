"""One line when the database goes away and one when it is back, however many loops notice."""

import logging
import time
from collections.abc import Callable

import psycopg
from psycopg_pool import PoolTimeout

log = logging.getLogger(__name__)


def is_away(error: BaseException) -> bool:
    """Whether the error speaks of the connection rather than of the statement."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, psycopg.OperationalError):
        return isinstance(error, OSError | TimeoutError)
    # Class 08 is the connection's own; 57P0x: the server ends, crashed, or starts; 53300: it has no place left.
    state = error.sqlstate
    return state is None or state.startswith(("08", "57P0", "53300"))


def loudness(error: BaseException) -> int:
    """The level at which a loop tells of an error: of an outage the pool has told already."""
    return logging.DEBUG if is_away(error) else logging.WARNING


class Outage:
    """From the first failure to the first success after it. what: names the connections in the log."""

    def __init__(self, what: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._clock = clock
        self._began: float | None = None

    @property
    def lasts(self) -> bool:
        return self._began is not None

    def begins(self, error: BaseException) -> None:
        """Say so, unless it has been said."""
        if self._began is None:
            self._began = self._clock()
            log.warning("%s: database away; trying until it is back", self._what, extra={"reason": reason(error)})

    def ends(self) -> None:
        """Say so, if there was one."""
        if self._began is not None:
            seconds, self._began = self._clock() - self._began, None
            log.warning("%s: database is back", self._what, extra={"away_seconds": round(seconds, 1)})


def reason(error: BaseException) -> str:
    """The error in one line: libpq writes several."""
    return " ".join(str(error).split()) or type(error).__name__
