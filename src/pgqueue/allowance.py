"""What a user may have and has of a queue, in one look."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Allowance:
    """concurrent, per_day: None is no limit. running, waiting: the user's jobs now. used_today: added this UTC day.

    credits_per_job: 0 while the plan asks for none. refused: why the next job would be refused, as `queue_full`,
    `daily_quota`, `user_waiting` or `credits`; None when it would not be.
    """

    plan: str
    concurrent: int | None
    running: int
    per_day: int | None
    used_today: int
    day_ends_at: datetime
    waiting_limit: int
    waiting: int
    credits_per_job: int
    available: int
    held: int
    refused: str | None
