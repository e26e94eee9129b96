"""What a completed run or sweep is answered as, member by member."""

from typing import Annotated, Any, Literal, NotRequired
from uuid import UUID

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
Points = list[tuple[int, float]]
"""[epoch milliseconds, value]"""


class Metrics(TypedDict):
    """Null where undefined; metricNotes says why. Many more stand beside these."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    sharpeRatio: float | None
    cagr: float | None
    maxDrawdown: float | None
    winRate: float | None
    totalTrades: int | None
    profitFactor: float | None


class Coverage(TypedDict):
    """Which prices a run was made from."""

    symbol: str
    timeframe: str
    requestedStart: Day
    requestedEnd: Day
    dataStart: Day
    dataEnd: Day
    bars: int
    complete: bool
    closeOnly: bool
    adjusted: bool
    source: str
    version: int


class Warned(TypedDict):
    """What a reader must know before trusting the numbers."""

    code: str
    message: str
    figures: NotRequired[
        Annotated[dict[str, str | int | float], Field(description="What the message says; older results have none.")]
    ]


class Curve(TypedDict):
    points: Points


# A Python word, which no class can have for a member.
_Return = TypedDict("_Return", {"return": float})


class Trade(_Return):
    """A round trip; of an open one the exit is null."""

    side: Literal["long", "short"]
    isOpen: bool
    entryTime: Time
    exitTime: Time | None
    units: float
    entryPrice: float
    exitPrice: float | None
    fees: float
    pnl: float
    barsHeld: int
    mae: float
    mfe: float
    exitReason: str | None


class Trades(TypedDict):
    """sort: null where no order was asked for; they stand as they were entered."""

    items: list[Trade]
    total: int
    offset: int
    next: str | None
    sort: str | None
    order: Literal["asc", "desc"]


class Month(TypedDict):
    year: int
    month: int
    value: float


class Benchmark(TypedDict):
    symbol: str
    totalReturn: float
    points: Points | None


class Result(TypedDict):
    """A completed run. Curves hold at most 2,000 points unless all were asked for."""

    jobId: UUID
    status: Literal["completed"]
    params: NotRequired[dict[str, Any]]
    metrics: Metrics
    metricNotes: dict[str, str]
    coverage: Coverage
    warnings: list[Warned]
    strategyName: str
    initialCapital: float
    finalEquity: float
    outOfSample: dict[str, Any] | None
    benchmark: Benchmark | None
    resultHash: str
    equity: Curve
    drawdown: Curve
    monthly: list[Month]
    trades: Trades


class Rows(TypedDict):
    """ranks: of each item in the sweep's own order, from 1. sort: null in that order."""

    items: list[dict[str, float | None]]
    ranks: list[int]
    total: int
    offset: int
    next: str | None
    sort: str | None
    order: Literal["asc", "desc"]


class Axis(TypedDict):
    """values: ascending."""

    name: str
    values: list[float]


class HeatMap(TypedDict):
    """A sweep's metric over one or two parameters: a row for each value of y, a column for each of x.

    A cell stands for the combination that is best in it. Null: no combination is there, or its metric is undefined.
    """

    jobId: UUID
    status: Literal["completed"]
    metric: str
    reduce: Literal["max", "min"]
    x: Axis
    y: Axis | None
    cells: list[list[float | None]]
    ranks: Annotated[list[list[int | None]], Field(description="Of those combinations in the sweep's own order.")]
    others: Annotated[
        dict[str, list[list[float | None]]], Field(description="The other parameters of those combinations, by name.")
    ]


class SweepResult(TypedDict):
    """A completed sweep: the best combination's headline, and every combination by page, the best first."""

    jobId: UUID
    status: Literal["completed"]
    metrics: Metrics
    metricNotes: dict[str, str]
    coverage: Coverage
    warnings: list[Warned]
    strategyName: str
    initialCapital: float
    finalEquity: float
    sweep: dict[str, Any]
    parameters: list[str]
    table: Rows
