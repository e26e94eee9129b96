"""What callers are answered, member by member: /openapi.json is made of these, and tests hold every answer to it.

A member that is not required stands in some answers only. Answers may grow: readers ignore what they don't know.
"""

from typing import Annotated, Any, Literal, NotRequired
from uuid import UUID

from pydantic import Field
from typing_extensions import TypedDict

from api.result_answers import Coverage, Metrics, Time, Warned

Status = Literal["waiting", "processing", "completed", "failed", "cancelled"]
Reason = Literal["no_workers", "paused", "unknown"]


class Links(TypedDict):
    self: str
    events: str
    result: str
    cancel: str


class Detail(TypedDict):
    """One wrong member: where it stands and what is wrong; in a rule's text also from which column to before which.

    near: the word that was probably meant. code, figures: of what is wrong, for who words it otherwise.
    """

    path: str
    message: str
    code: NotRequired[str]
    figures: NotRequired[dict[str, str]]
    column: NotRequired[int]
    endColumn: NotRequired[int]
    near: NotRequired[str]


class Problem(TypedDict):
    """Every refusal. The first two members are what older clients read, the others those of RFC 9457."""

    error: str
    details: NotRequired[list[Detail]]
    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    limit: NotRequired[Annotated[int, Field(description="Of a refused job: how many there may be.")]]
    resetsAt: NotRequired[Annotated[Time, Field(description="Of a refused job: when the day's jobs are counted anew.")]]
    needed: NotRequired[Annotated[int, Field(description="Of a refused job: the credits that it takes.")]]


class Standing(TypedDict):
    """Where a waiting job stands. Beyond 1,000 the position is null and positionAtLeast says so.

    Reason unknown: the job was added, and a moment later nobody could say where it stands.
    """

    estimatedWaitTime: Annotated[int | None, Field(description="Whole seconds; null with a reason.", ge=0)]
    position: Annotated[int | None, Field(ge=0)]
    positionAtLeast: NotRequired[int]
    reason: NotRequired[Reason]


class Queued(Standing):
    """A job was added, or the same Idempotency-Key had added it before."""

    jobId: UUID
    status: Literal["queued"]
    links: Links


class Totals(TypedDict):
    """The queue as a whole; the same for every caller."""

    waiting: Annotated[int, Field(ge=0)]
    active: Annotated[int, Field(ge=0)]
    estimatedWaitTime: Annotated[int | None, Field(description="Of a job added now at the lowest priority.", ge=0)]
    reason: NotRequired[Reason]
    paused: bool
    workers: int
    slots: int


class JobMembers(TypedDict):
    """What owners and operators are told of a run alike."""

    jobId: UUID
    kind: str
    userId: UUID
    status: Status
    progress: Annotated[int, Field(ge=0, le=100)]
    currentStep: str
    stepCode: str | None
    estimatedTimeRemaining: int | None
    attempt: int
    seq: int
    createdAt: Time
    updatedAt: Time
    runAt: Time
    startedAt: Time | None
    finishedAt: Time | None
    cancelRequested: bool
    priority: Annotated[int, Field(ge=1, le=10)]
    symbol: str | None
    timeframe: str | None
    startDate: str | None
    endDate: str | None
    initialCapital: float | None
    strategyId: str | None
    strategyName: str | None
    requeuedFrom: UUID | None
    metrics: NotRequired[Metrics | None]
    metricNotes: NotRequired[dict[str, str] | None]
    coverage: NotRequired[Coverage | None]
    warnings: NotRequired[list[Warned] | None]
    error: NotRequired[str | None]
    errorType: NotRequired[Annotated[str | None, Field(description="The error's class, for who words it otherwise.")]]
    errorFigures: NotRequired[Annotated[dict[str, Any], Field(description="What the error says, by name.")]]
    combinations: NotRequired[Annotated[int, Field(description="Of a sweep: how many it runs.")]]
    request: NotRequired[
        Annotated[dict[str, Any], Field(description="Of a job by itself: a body that asks for it again.")]
    ]
    estimatedWaitTime: NotRequired[Annotated[int | None, Field(ge=0)]]
    position: NotRequired[int | None]
    positionAtLeast: NotRequired[int]
    reason: NotRequired[Reason]


class Job(JobMembers):
    """A run, as it is now. The same members in an answer, in a list and in an event."""

    links: Links
    parameters: NotRequired[Annotated[dict[str, Any], Field(description="Of a job by itself: the strategy's values.")]]


class Jobs(TypedDict):
    """Newest first. next: where the following page is, null after the last; a page before it may be short, or empty."""

    jobs: list[Job]
    next: str | None


class ListedStrategy(TypedDict):
    """A built-in, or one of the caller's own."""

    id: UUID
    name: str
    title: str
    description: str | None
    builtIn: bool
    defaultSymbol: str | None
    params: dict[str, Any]
    revision: NotRequired[int]
    createdAt: NotRequired[Time]
    updatedAt: NotRequired[Time]


class Strategy(ListedStrategy):
    definition: dict[str, Any]


class Strategies(TypedDict):
    strategies: list[ListedStrategy]
    next: str | None


class Parameter(TypedDict):
    name: str
    type: Literal["int", "float"]
    default: float
    min: float
    max: float


class Checked(TypedDict):
    """What a definition comes to, or the places of its errors."""

    valid: bool
    name: NotRequired[str]
    parameters: NotRequired[list[Parameter]]
    lookBack: NotRequired[int]
    errors: list[Detail]


class Session(TypedDict):
    userId: UUID
    plan: str
    role: Literal["user", "read_only_admin", "admin"]
    scopes: list[str]
    expiresAt: Time


class Probe(TypedDict):
    status: str
    mode: NotRequired[Literal["listen", "poll"]]


class StrategyBody(TypedDict):
    """A definition to keep; name: in place of its own."""

    definition: dict[str, Any]
    name: NotRequired[Annotated[str, Field(min_length=1, max_length=100)] | None]


class CheckBody(TypedDict):
    definition: dict[str, Any]
    strategyParams: NotRequired[dict[str, Any] | None]


class SessionBody(TypedDict):
    """A one-time login code; not needed where the Authorization header has a key."""

    code: Annotated[str, Field(min_length=1, max_length=512)]
