"""What a worker can run. A handler fits by shape: it need not import this package."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from pgqueue.errors import UnknownKind

GROUP = "pgqueue.handlers"


class Context(Protocol):
    """What a handler may do besides computing."""

    @property
    def job_id(self) -> UUID: ...

    @property
    def attempt(self) -> int: ...

    def progress(self, percent: int, step: str, remaining_seconds: float | None = None) -> None:
        """Report 0–100; latest wins, cheap enough for every chunk. remaining_seconds ≥ 0, or None when unknown."""

    def cancelled(self) -> bool:
        """Whether the run was asked to stop; whatever it returns or raises then is dropped."""


class HandlerResult(Protocol):
    """What a run leaves behind."""

    @property
    def summary(self) -> Mapping[str, Any]:
        """Small and JSON-able: sent with the final event."""

    @property
    def preview(self) -> bytes:
        """What a page draws first."""

    @property
    def detail(self) -> bytes:
        """Everything, encoded and compressed by the handler."""


class SnoozeRequest(Protocol):
    """What a run returns that cannot do its work yet; see snooze.Snooze."""

    @property
    def snooze_seconds(self) -> float:
        """1 second to 30 days from now."""

    @property
    def reason(self) -> str | None:
        """Why, for the job's history."""


@runtime_checkable
class Handler(Protocol):
    """One kind of job. An exception it raises is retried, unless its attribute `permanent` is true."""

    @property
    def time_limit(self) -> float:
        """Seconds of wall clock for one run."""

    def check(self, args: Mapping[str, Any]) -> None:
        """Raise for args that can never succeed, before anything is enqueued."""

    def run(self, args: Mapping[str, Any], context: Context) -> HandlerResult | SnoozeRequest: ...

    def warm(self) -> None:
        """Import and compile what runs need, once, in the process that children are forked from."""


def installed() -> dict[str, Handler]:
    """Every handler that installed packages declare, by kind."""
    return {entry.name: entry.load() for entry in entry_points(group=GROUP)}


def find(handlers: Mapping[str, Handler], kind: str) -> Handler:
    """The handler of that kind, else UnknownKind with the nearest name."""
    try:
        return handlers[kind]
    except KeyError:
        raise UnknownKind(kind, handlers) from None
