"""How long a failed job waits before its next attempt."""

from collections.abc import Callable
from random import random

FIRST_DELAY_SECONDS = 2.0
JITTER = 0.1
"""A tenth either way: enough that jobs which failed together do not come back together."""


def delay_seconds(failures: int, *, random: Callable[[], float] = random) -> float:
    """Seconds before the next attempt: 2, 4, 8, … after the first, second, third failure, ± 10 %.

    failures: how often the job had failed before this failure, ≥ 0. random: uniform in [0, 1).
    """
    return FIRST_DELAY_SECONDS * 2.0**failures * (1 + JITTER * (2 * random() - 1))
