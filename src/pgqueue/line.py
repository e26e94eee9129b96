"""The line that one user's jobs wait in: read once for all of them, where asking for each would read it as often."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from pgqueue.estimate import COUNT_LIMIT

Key = tuple[int, int, UUID]


@dataclass(frozen=True, slots=True)
class Ahead:
    """keys: rank, turn and id of jobs in the order in which they go, with kind and owner of each."""

    keys: list[Key]
    kinds: list[str]
    is_own: list[bool]

    @classmethod
    def of_rows(cls, rows: Iterable[Mapping[str, Any]]) -> Self:
        ordered = sorted(rows, key=_key)
        return cls([_key(row) for row in ordered], [row["kind"] for row in ordered], [row["is_own"] for row in ordered])

    def of(self, key: Key) -> int:
        """How many of them go before a job there."""
        return bisect_left(self.keys, key)


@dataclass(frozen=True, slots=True)
class Line:
    """ready: what is claimed first. held: the user's own jobs that are admitted to it first."""

    ready: Ahead
    held: Ahead

    @classmethod
    def of_rows(cls, rows: Iterable[Mapping[str, Any]]) -> Self:
        """From the rows of `sql/line.sql`."""
        split: tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]] = ([], [])
        for row in rows:
            split[row["is_held"]].append(row)
        return cls(Ahead.of_rows(split[False]), Ahead.of_rows(split[True]))

    @property
    def is_deep(self) -> bool:
        """Whether more may wait than was read."""
        return len(self.ready.keys) >= COUNT_LIMIT

    def place(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """A row of `sql/places.sql` as one of `sql/place.sql`."""
        key = _key(job)
        before = self.ready.of(key)
        held = self.held.of(key) if job["state"] == "held" else 0
        return {
            **job,
            "ready": self.ready.kinds[:before],
            "is_own": self.ready.is_own[:before],
            "held": self.held.kinds[:held],
        }


def _key(row: Mapping[str, Any]) -> Key:
    return row["rank"], row["turn"], row["id"]
