"""What symbols and their prices are answered as, member by member."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from api.result_answers import Time


class Symbol(TypedDict):
    """One timeframe of a symbol. first, last: when its first and last bar open."""

    symbol: str
    name: str
    timeframe: str
    first: Time
    last: Time
    bars: int
    version: int
    timezone: str
    roundTheClock: bool
    closeOnly: bool
    adjusted: bool
    source: str


class Symbols(TypedDict):
    symbols: list[Symbol]


class Bars(TypedDict):
    """Prices to draw: buckets of barsPerBucket bars in a row, the last of what is left; all arrays of one length.

    A moment belongs to the last bucket whose time is not after it. bars: whole bars in the range.
    """

    symbol: str
    timeframe: str
    version: int
    timezone: str
    closeOnly: bool
    adjusted: bool
    source: str
    bars: Annotated[int, Field(ge=0)]
    barsPerBucket: Annotated[int, Field(ge=1)]
    time: Annotated[list[int], Field(description="Epoch milliseconds at which the first bar of each bucket opens.")]
    lastTime: Annotated[int | None, Field(description="Epoch milliseconds at which the last bar opens.")]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float]
