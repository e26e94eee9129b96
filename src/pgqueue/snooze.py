"""A run that asks to be run later: an outcome, not a failure."""

from dataclasses import dataclass

from pgqueue.errors import PgQueueError

MIN_SNOOZE_SECONDS = 1.0
MAX_SNOOZE_SECONDS = 30 * 86_400.0


class SnoozeOutOfRange(PgQueueError):
    permanent = True

    def __init__(self, seconds: object) -> None:
        self.seconds = seconds
        super().__init__(
            f"snooze: {seconds!r} seconds, it must be {MIN_SNOOZE_SECONDS:g} to {MAX_SNOOZE_SECONDS:,.0f}. "
            "Snooze again when the time has come."
        )


@dataclass(frozen=True, slots=True)
class Snooze:
    """What a handler returns in place of a result: run me again in so many seconds. It costs no retry.

    A handler that does not import this package returns any object with these two attributes.
    """

    snooze_seconds: float
    reason: str | None = None


def checked(seconds: object) -> float:
    """The seconds, where they are a number in range; else SnoozeOutOfRange."""
    if isinstance(seconds, int | float) and MIN_SNOOZE_SECONDS <= seconds <= MAX_SNOOZE_SECONDS:
        return float(seconds)
    raise SnoozeOutOfRange(seconds)
