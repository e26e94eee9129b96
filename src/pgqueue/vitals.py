"""What a worker knows of itself, and whether it can take jobs."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Vitals:
    """Counts are since the worker's start. answered_seconds: since a claim was last answered by the database.

    slots_without_child: those whose last child did not come up.
    """

    worker_id: UUID
    queue: str
    slots: int
    running: int
    started: bool
    draining: bool
    lease_seconds: float
    lease_age_seconds: float | None
    answered_seconds: float | None
    ended: Mapping[str, int]
    claims_failed: int
    children_started: int
    slots_without_child: int
    child_bytes: int

    def ailments(self) -> list[str]:
        """Why no job is given to it now; none when it is ready."""
        found = {
            "starting": not self.started,
            "draining": self.draining,
            "lease not held": self.lease_age_seconds is None or self.lease_age_seconds > self.lease_seconds,
            "database not reached lately": self.started
            and (self.answered_seconds is None or self.answered_seconds > self.lease_seconds),
            "no child process starts": self.started and self.slots_without_child == self.slots,
        }
        return [name for name, is_so in found.items() if is_so]
