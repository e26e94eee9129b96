"""How many jobs a slot may hold at once: one, unless what it ran lately was so short that asking would take longer."""

from collections import deque
from collections.abc import Sequence

from pgqueue.job import ClaimedJob

HELD_SECONDS = 0.005
"""Work that a slot may have before it: a job there waits no longer than this for others of its slot."""
MAX_HELD = 256
REMEMBERED = 16


class Pace:
    """What runs have taken lately, on average: one that is long among them ends the holding at once."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=REMEMBERED)

    def note(self, seconds_a_job: float) -> None:
        self._seconds.append(seconds_a_job)

    @property
    def jobs_ahead(self) -> int:
        """How many jobs to claim for an idle slot."""
        if len(self._seconds) < REMEMBERED:
            return 1
        return max(1, min(MAX_HELD, int(HELD_SECONDS * REMEMBERED / sum(self._seconds))))


def deal(jobs: Sequence[ClaimedJob], hands: int) -> list[Sequence[ClaimedJob]]:
    """The jobs for each of so many slots, best first to each, none empty."""
    dealt = [jobs[hand::hands] for hand in range(min(hands, len(jobs)))]
    return [hand for hand in dealt if hand]
