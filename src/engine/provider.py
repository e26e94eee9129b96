"""Where prices come from that are not stored yet: one protocol, and one provider that reads CSV over HTTP.

Closed unless the operator opens it: without PGQUEUE_PRICES_URL nothing is fetched. Others may be installed under the
entry point `pgqueue.prices` and are named by PGQUEUE_PRICES_PROVIDER.
"""

import fnmatch
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx

from engine import price_file
from engine.bars import Bars
from engine.errors import PricesNotFetched
from engine.store import Listing
from engine.timeframes import TIMEFRAMES

GROUP = "pgqueue.prices"
#: Of one file, unzipped or not.
MAX_BYTES = 256 << 20
ATTEMPTS = 3
_AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))
LONGEST_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """Bars, and what the store shall say of them."""

    listing: Listing
    bars: Bars


class PriceProvider(Protocol):
    """Whoever can get prices that are not stored."""

    def offers(self, symbol: str, timeframe: str) -> bool:
        """Whether the operator allows to ask for it. Asks nobody."""
        ...

    def fetch(self, symbol: str, timeframe: str) -> Fetched:
        """All there is. Raises PricesNotFetched."""
        ...


@dataclass(frozen=True, slots=True)
class CsvOverHttp:
    """url: with {symbol} and {timeframe}. allowed: patterns of symbols, as ACME or NYX.*; timeframes: those it has.

    interval: seconds between two requests of one process, so that nobody's server is pressed.
    """

    url: str
    allowed: tuple[str, ...]
    timeframes: tuple[str, ...] = ("1d",)
    timezone: str = "UTC"
    adjusted: bool = False
    interval: float = 1.0
    timeout: float = 20.0

    def offers(self, symbol: str, timeframe: str) -> bool:
        is_allowed = any(fnmatch.fnmatchcase(symbol, pattern) for pattern in self.allowed)
        return is_allowed and timeframe in self.timeframes

    def fetch(self, symbol: str, timeframe: str) -> Fetched:
        if not self.offers(symbol, timeframe):
            raise PricesNotFetched(symbol, timeframe, "the operator does not allow it", permanent=True)
        address = self.url.format(symbol=quote(symbol, safe=""), timeframe=timeframe)
        data = self._get(address, symbol, timeframe)
        bars = price_file.read(data, name=f"{symbol}.csv", timeframe=timeframe, zone=ZoneInfo(self.timezone))
        source = f"fetched from {httpx.URL(address).host}"
        return Fetched(Listing(symbol, timeframe, source, adjusted=self.adjusted, timezone=self.timezone), bars)

    def _get(self, address: str, symbol: str, timeframe: str) -> bytes:
        said = ""
        for attempt in range(ATTEMPTS):
            _wait_for_turn(self.interval if attempt == 0 else self.interval * 2**attempt)
            try:
                with httpx.stream("GET", address, timeout=self.timeout, follow_redirects=False) as answer:
                    if answer.status_code == httpx.codes.OK:
                        return _body(answer, symbol, timeframe)
                    said = f"the server answered {answer.status_code}"
                    if answer.status_code not in _AGAIN:
                        raise PricesNotFetched(symbol, timeframe, said, permanent=True)
                    _wait_as_told(answer.headers.get("retry-after"))
            except httpx.HTTPError as error:
                said = f"the server cannot be reached ({type(error).__name__})"
        raise PricesNotFetched(symbol, timeframe, f"{said}, {ATTEMPTS} times", permanent=False)


def _body(answer: httpx.Response, symbol: str, timeframe: str) -> bytes:
    data = bytearray()
    for piece in answer.iter_bytes():
        data += piece
        if len(data) > MAX_BYTES:
            raise PricesNotFetched(symbol, timeframe, f"the file is larger than {MAX_BYTES:,} bytes", permanent=True)
    return bytes(data)


_last_request = [float("-inf")]


def _wait_for_turn(interval: float) -> None:
    time.sleep(max(0.0, _last_request[0] + interval - time.monotonic()))
    _last_request[0] = time.monotonic()


def _wait_as_told(seconds: str | None) -> None:
    if seconds is not None and seconds.isascii() and seconds.isdecimal():
        time.sleep(min(float(seconds), LONGEST_WAIT))


def offered(symbol: str, timeframe: str) -> bool:
    """Whether a run may count on prices that are not stored."""
    source = configured()
    return source is not None and source.offers(symbol, timeframe)


VARIABLES = tuple(
    f"PGQUEUE_PRICES_{name}" for name in ("PROVIDER", "URL", "SYMBOLS", "TIMEFRAMES", "TIMEZONE", "ADJUSTED")
)
"""What an operator may set of it."""


def configured(environment: Mapping[str, str] = os.environ) -> PriceProvider | None:
    """The provider that the operator named, None for none. Raises ValueError for settings that cannot be meant."""
    name = environment.get("PGQUEUE_PRICES_PROVIDER", "csv-http")
    if name != "csv-http":
        installed = {entry.name: entry for entry in entry_points(group=GROUP)}
        if name not in installed:
            raise ValueError(f"PGQUEUE_PRICES_PROVIDER: no provider {name!r} is installed.")
        provider: PriceProvider = installed[name].load()
        return provider
    url = environment.get("PGQUEUE_PRICES_URL")
    return None if not url else _csv_over_http(url, environment)


def _csv_over_http(url: str, environment: Mapping[str, str]) -> CsvOverHttp:
    if "{symbol}" not in url or not url.startswith(("https://", "http://")):
        raise ValueError("PGQUEUE_PRICES_URL must be an http address with {symbol} in it.")
    timeframes = tuple(environment.get("PGQUEUE_PRICES_TIMEFRAMES", "1d").replace(",", " ").split())
    if unknown := [timeframe for timeframe in timeframes if timeframe not in TIMEFRAMES]:
        raise ValueError(f"PGQUEUE_PRICES_TIMEFRAMES: {unknown[0]!r} is none of {' '.join(TIMEFRAMES)}.")
    return CsvOverHttp(
        url,
        allowed=tuple(environment.get("PGQUEUE_PRICES_SYMBOLS", "").replace(",", " ").split()),
        timeframes=timeframes,
        timezone=environment.get("PGQUEUE_PRICES_TIMEZONE", "UTC"),
        adjusted=environment.get("PGQUEUE_PRICES_ADJUSTED", "false").lower() == "true",
    )
