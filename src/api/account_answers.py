"""What a plan allows and what is used of it, member by member."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import TypedDict

from api.result_answers import Time


class Concurrent(TypedDict):
    limit: int | None
    running: int


class JobsToday(TypedDict):
    """Added this UTC day; limit and left are null where the plan sets none."""

    limit: int | None
    used: int
    left: int | None
    resetsAt: Time


class WaitingJobs(TypedDict):
    limit: int
    waiting: int


class CreditsLeft(TypedDict):
    """available: to spend; held by unfinished jobs."""

    available: int
    held: int
    perJob: int


class Allowance(TypedDict):
    """What the caller's plan allows and how much of it is used. refusal: the code that the next job would be given."""

    userId: UUID
    plan: str
    concurrent: Concurrent
    jobs: JobsToday
    waiting: WaitingJobs
    credits: Annotated[CreditsLeft | None, Field(description="Null while jobs of the plan take none.")]
    requestsPerMinute: int
    refusal: Literal["queue_full", "daily_quota_reached", "too_many_waiting", "credits_used_up"] | None
