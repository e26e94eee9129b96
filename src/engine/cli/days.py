"""Which days a run is over, where its caller named none: all that the symbol has."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from engine.cli import terminal
from engine.coverage import stored_days
from engine.members import FIRST_DAY, LAST_DAY
from engine.request import BacktestRequest
from engine.series import Series

Request = TypeVar("Request", bound=BacktestRequest)
_DAY = timedelta(days=1)


def anytime(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members, and where days are missing the widest ones that may be asked for, so that all prices are read."""
    return {
        **members,
        "startDate": members["startDate"] or FIRST_DAY.isoformat(),
        "endDate": members["endDate"] or (LAST_DAY - _DAY).isoformat(),
    }


def within(
    members: Mapping[str, Any], request: Request, series: Series, read: Callable[[Mapping[str, Any]], Request]
) -> Request:
    """The request for the days that the symbol has, where the caller named none; which, is said on stderr."""
    if members["startDate"] and members["endDate"]:
        return request
    first, last = stored_days(series)
    # A day apart at least: where what was named lies beyond them, the run says that there are no prices.
    start = request.start_date if members["startDate"] else min(first, request.end_date - _DAY)
    end = request.end_date if members["endDate"] else max(last, start + _DAY)
    terminal.note(f"{_unsaid(members)}: all there is of {series.symbol}, from {start} to {end}.")
    dated = {**members, "startDate": start.isoformat(), "endDate": end.isoformat()}
    return read(dated).with_symbol(series.symbol)


def _unsaid(members: Mapping[str, Any]) -> str:
    options = {"startDate": "--from", "endDate": "--to"}
    return f"no {' and no '.join(option for member, option in options.items() if not members[member])} given"
