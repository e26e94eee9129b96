"""Everything the engine refuses, each error saying what happened, where, and what to do.

EngineError
├── BarsRefused          prices that cannot be true
├── FileRefused          a price file, by line
├── RequestError         a backtest request, every wrong member at once
├── StrategyError        a strategy's definition, a rule's text, or a parameter
├── UnknownStrategy
├── UnknownSymbol
├── PricesNotFetched     prices that a provider could not give
├── RangeNotCovered
├── GridTooLarge
├── TooManyBars
├── ResultNotFinite
├── DatabaseUnset
└── Cancelled

`permanent` is true where trying again cannot help. `figures` is what the sentence says by name, for pages that word it
for their own readers and in their language: the sentence is written for a terminal.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import NotRequired, TypedDict

from engine.reasons import Reason, ReasonCode, because


class EngineError(Exception):
    """Base of all errors this package raises on purpose."""

    permanent = True
    figures: Mapping[str, str | int] = {}


class BarsRefused(EngineError):
    """The first bad row of an array of bars. row counts from 0."""

    def __init__(self, row: int, *, when: str, reason: str, mend: str) -> None:
        self.row = row
        self.reason = reason
        self.mend = mend
        super().__init__(f"bars: row {row} ({when}): {reason}. {mend}")


class FileRefused(EngineError):
    """A price file that cannot be read. line counts from 1, the header included."""

    def __init__(self, file: str, *, line: int, reason: str, mend: str) -> None:
        self.file = file
        self.line = line
        self.reason = reason
        self.mend = mend
        super().__init__(f"{file}, line {line}: {reason}. {mend}")


class Detail(TypedDict):
    path: str
    message: str
    code: NotRequired[ReasonCode]
    figures: NotRequired[Mapping[str, str]]


REQUIRED = because("required", "is required")


def detailed(path: str, message: str) -> Detail:
    if isinstance(message, Reason):
        return {"path": path, "message": str(message), "code": message.code, "figures": message.figures}
    return {"path": path, "message": message}


class RequestError(EngineError):
    """All that is wrong with a request, each with the path its caller wrote."""

    def __init__(self, details: Sequence[Detail]) -> None:
        self.details = list(details)
        said = "; ".join(f"{detail['path'] or 'body'} {detail['message']}" for detail in details)
        super().__init__(f"backtest request: {said}.")


class StrategyError(EngineError):
    """path: the member of the definition, as `entryLong` or `let.fast`.

    column, end: where what is wrong begins and where it is over, in characters from 1 of a rule's text.
    """

    def __init__(
        self, path: str, reason: str, *, column: int | None = None, end: int | None = None, near: str | None = None
    ) -> None:
        self.path = path
        self.reason = reason
        self.column = column
        self.end = end
        self.near = near
        place = path if column is None else f"{path}, column {column}"
        hint = f"; did you mean {near!r}?" if near else "."
        super().__init__(f"strategy: {place}: {reason}{hint}")


class UnknownStrategy(EngineError):
    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        names = sorted(known)
        near = nearest(name, names)
        hint = f"; did you mean {near!r}?" if near else f". Built in: {', '.join(names)}."
        super().__init__(f"no strategy {name!r}{hint}")


class UnknownSymbol(EngineError):
    def __init__(self, symbol: str, timeframe: str, known: Iterable[str] = ()) -> None:
        self.symbol = symbol
        self.timeframe = timeframe
        self.figures = {"symbol": symbol, "timeframe": timeframe}
        names = sorted(known)
        listed = f" There are: {', '.join(names[:20])}." if names else ""
        super().__init__(
            f"no {timeframe} prices of {symbol}.{listed} `pgqueue data list` shows what can be tested, "
            "`pgqueue data import` adds to it."
        )


class PricesNotFetched(EngineError):
    """permanent: the same request would fail again."""

    def __init__(self, symbol: str, timeframe: str, reason: str, *, permanent: bool) -> None:
        self.symbol = symbol
        self.permanent = permanent
        self.figures = {"symbol": symbol, "timeframe": timeframe}
        super().__init__(f"{timeframe} prices of {symbol} could not be fetched: {reason}.")


class RangeNotCovered(EngineError):
    def __init__(self, symbol: str, timeframe: str, *, asked: tuple[str, str], stored: tuple[str, str]) -> None:
        self.symbol = symbol
        self.stored = stored
        self.figures = {"symbol": symbol, "timeframe": timeframe, "first": stored[0], "last": stored[1]}
        super().__init__(
            f"no {timeframe} prices of {symbol} from {asked[0]} to {asked[1]}; there are prices from {stored[0]} "
            f"to {stored[1]}. Choose dates in that range."
        )


class GridTooLarge(EngineError):
    def __init__(self, count: int, limit: int, *, of: str = "combinations") -> None:
        self.count = count
        self.limit = limit
        self.of = of
        self.figures = {"count": count, "limit": limit}
        super().__init__(
            f"sweep: {count:,} {of}, the limit is {limit:,}. Take larger steps, fewer parameters or a shorter range."
        )


class TooManyBars(EngineError):
    def __init__(self, symbol: str, timeframe: str, *, limit: int) -> None:
        self.figures = {"symbol": symbol, "timeframe": timeframe, "limit": limit}
        super().__init__(
            f"{symbol} {timeframe}: more than {limit:,} bars in this range. Choose a shorter range or a coarser "
            "timeframe."
        )


class ResultNotFinite(EngineError):
    def __init__(self, symbol: str, timeframe: str, *, when: str) -> None:
        self.figures = {"symbol": symbol, "timeframe": timeframe, "when": when}
        super().__init__(
            f"{symbol} {timeframe}: equity grew beyond what a number can hold on {when}. Look for wrong prices there."
        )


class DatabaseUnset(EngineError):
    permanent = False

    def __init__(self) -> None:
        super().__init__("DATABASE_URL is not set, so there is no bar store. Set it to a migrated PostgreSQL.")


class Cancelled(EngineError):
    permanent = False

    def __init__(self, step: str) -> None:
        self.step = step
        super().__init__(f"backtest: cancelled during {step}; nothing was saved.")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    near = get_close_matches(word, list(known), n=1)
    return near[0] if near else None
