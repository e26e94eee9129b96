"""What is known of a series of bars besides its prices."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.bars import Bars
from engine.timeframes import iso_time, nanoseconds


@dataclass(frozen=True, slots=True)
class Series:
    """One timeframe of one symbol. first_time, last_time: nanoseconds UTC at which its first and last bar open."""

    symbol: str
    name: str
    timezone: str
    round_the_clock: bool
    timeframe: str
    first_time: int
    last_time: int
    bars: int
    version: int
    adjusted: bool
    close_only: bool
    source: str

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> "Series":
        """From a row of `sql/list_series.sql`, whose columns are these fields in order."""
        values: list[Any] = [nanoseconds(value) if isinstance(value, datetime) else value for value in row]
        return cls(*values)

    @property
    def session_timezone(self) -> str:
        """Where a day begins: a market that never closes has days of UTC."""
        return "UTC" if self.round_the_clock else self.timezone

    def to_json(self) -> dict[str, Any]:
        return {
            "symbol": self.symbol,
            "name": self.name,
            "timeframe": self.timeframe,
            "first": iso_time(self.first_time),
            "last": iso_time(self.last_time),
            "bars": self.bars,
            "version": self.version,
            "timezone": self.timezone,
            "roundTheClock": self.round_the_clock,
            "closeOnly": self.close_only,
            "adjusted": self.adjusted,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Prices:
    """Bars and the series they were taken from, as one version of it."""

    series: Series
    bars: Bars
