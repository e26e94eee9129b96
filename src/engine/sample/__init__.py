"""Bundled real prices, so that the first run is real. Origin and licences: README.md beside this file."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from engine import price_file
from engine.errors import UnknownSymbol
from engine.series import Prices, Series
from engine.store import Listing


@dataclass(frozen=True, slots=True)
class Sample:
    """A bundled file and what is known of it."""

    symbol: str
    name: str
    file: str
    timeframe: str
    timezone: str
    round_the_clock: bool
    adjusted: bool
    close_only: bool
    source: str

    @property
    def listing(self) -> Listing:
        """What an import into the store says of it."""
        return Listing(
            symbol=self.symbol,
            timeframe=self.timeframe,
            source=self.source,
            adjusted=self.adjusted,
            name=self.name,
            timezone=self.timezone,
            round_the_clock=self.round_the_clock,
        )

    def read(self) -> Prices:
        """The file's bars. Takes some 10 ms."""
        data = files("engine.sample").joinpath(self.file).read_bytes()
        bars = price_file.read(data, name=self.file, timeframe=self.timeframe)
        series = Series(
            symbol=self.symbol,
            name=self.name,
            timezone=self.timezone,
            round_the_clock=self.round_the_clock,
            timeframe=self.timeframe,
            first_time=int(bars.time[0]),
            last_time=int(bars.time[-1]),
            bars=len(bars),
            version=1,
            adjusted=self.adjusted,
            close_only=self.close_only,
            source=self.source,
        )
        return Prices(series, bars)


@cache
def samples() -> tuple[Sample, ...]:
    """All bundled series, by symbol."""
    listed = json.loads(files("engine.sample").joinpath("symbols.json").read_text(encoding="utf-8"))
    return tuple(
        Sample(
            symbol=facts["symbol"],
            name=facts["name"],
            file=facts["file"],
            timeframe=facts["timeframe"],
            timezone=facts["timezone"],
            round_the_clock=facts["roundTheClock"],
            adjusted=facts["adjusted"],
            close_only=facts["closeOnly"],
            source=facts["source"],
        )
        for facts in listed
    )


def find(symbol: str, timeframe: str) -> Sample:
    """The bundled series, else UnknownSymbol naming those there are."""
    for sample in samples():
        if (sample.symbol, sample.timeframe) == (symbol, timeframe):
            return sample
    raise UnknownSymbol(symbol, timeframe, [sample.symbol for sample in samples() if sample.timeframe == timeframe])
