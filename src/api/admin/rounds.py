"""Where a bulk action stands, as its caller carries it from round to round: when was counted, and behind which job."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from pgqueue.search import Criterion, Place

_CURSOR = re.compile(r"(\d{1,16})\.([0-9a-f]{32})(?:\.(\d{1,16}))?", re.ASCII)
"""Microseconds of the count, an id, and microseconds of that job's end where it has ended."""
CURSOR = {"type": "string", "pattern": f"^{_CURSOR.pattern}$"}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Round:
    """place: it begins behind that job; None: with the newest."""

    counted_at: datetime
    place: Place | None = None

    @classmethod
    def read(cls, cursor: Any) -> Self:
        """ValueError for what no answer gave."""
        found = _CURSOR.fullmatch(cursor) if isinstance(cursor, str) else None
        if found is None:
            raise ValueError("must be the cursor of the count or of the round before")
        at, job_id, end = found.groups()
        return cls(_moment(at), Place(UUID(job_id), None if end is None else _moment(end)))

    @classmethod
    def beginning_with(cls, first: Place, at: datetime) -> Self:
        """So that it takes that job, and nothing newer."""
        return cls(at, Place(UUID(int=min(first.id.int + 1, 2**128 - 1)), first.finished_at))

    def __str__(self) -> str:
        """As read reads it; of a round that has a place."""
        assert self.place is not None
        ends = [] if self.place.finished_at is None else [str(_microseconds(self.place.finished_at))]
        return ".".join([self.name, self.place.id.hex, *ends])

    @property
    def name(self) -> str:
        """Of the action: each of its rounds has the same."""
        return str(_microseconds(self.counted_at))

    def criteria(self, word: str) -> Iterator[Criterion]:
        """Of jobs that can be acted on now: which could be when they were counted, and are not done yet."""
        if word in ("requeue", "delete"):
            yield Criterion("finished_at <= %(counted_at)s", {"counted_at": self.counted_at})
        if word == "requeue":
            # A round whose answer was lost is asked for again: its jobs are as they were, but for those made of them.
            # What it does only after this has been read is kept from being done twice by its name.
            yield Criterion(
                "not exists (select from pgqueue.jobs as again"
                " where again.requeued_from = seen.id and again.created_at >= %(counted_at)s)",
                {"counted_at": self.counted_at},
            )


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(microseconds: str) -> datetime:
    return _EPOCH + int(microseconds) * _MICROSECOND
