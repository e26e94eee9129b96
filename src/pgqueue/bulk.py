"""Many jobs of one user at once, by COPY: their places are reserved first, so the limits hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pgqueue.errors import refusal
from pgqueue.job import NOBODY
from pgqueue.queries import sql

_TYPES = (
    "uuid", "text", "text", "uuid", "int2", "int2", "int2", "int8", "jsonb", "int2", "bool", "int8", "timestamptz",
    "text",
)  # fmt: skip


def _as_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Bulk:
    """What the jobs of one bulk have in common."""

    queue: str
    kind: str
    user_id: UUID
    tier: int | None
    priority: int
    run_at: datetime | None
    max_retries: int

    async def write(self, connection: AsyncConnection[Any], texts: Sequence[str]) -> list[UUID]:
        """Inside the caller's transaction; ids in the order of texts. Raises EnqueueRefused."""
        cursor = connection.cursor(row_factory=dict_row)
        now = await (await cursor.execute("select clock_timestamp() as now")).fetchone()
        assert now is not None
        run_at = self.run_at or now["now"]
        is_delayed = run_at.astimezone(UTC) > now["now"]
        asked = {
            "queue": self.queue,
            "user_id": self.user_id,
            "tier": self.tier,
            "priority": self.priority,
            "count": len(texts),
            "is_delayed": is_delayed,
        }
        place = await (await cursor.execute(sql("reserve_batch"), asked)).fetchone()
        assert place is not None
        if place["refused"] is not None:
            raise refusal(place["refused"], limit=place["refused_limit"], seconds=place["refused_seconds"])
        await self._copy(connection, texts, place, run_at, parked="scheduled" if is_delayed else "held")
        held = 0 if is_delayed else len(texts) - place["ready"]
        settled = {"job_ids": place["ids"], "credits": place["credits"], "rank": place["rank"], "places": held}
        await connection.execute(sql("settle_batch"), {**asked, **settled})
        return list(place["ids"])

    async def _copy(
        self,
        connection: AsyncConnection[Any],
        texts: Sequence[str],
        place: dict[str, Any],
        run_at: datetime,
        *,
        parked: str,
    ) -> None:
        common = (self.queue, self.kind, self.user_id, place["tier"], self.priority, place["rank"])
        limited = self.user_id != NOBODY
        async with connection.cursor() as cursor, cursor.copy(sql("copy_jobs")) as copy:
            copy.set_types(_TYPES)
            for number, (job_id, text) in enumerate(zip(place["ids"], texts, strict=True)):
                state = "ready" if number < place["ready"] else parked
                tail = (self.max_retries, limited, place["credits"], run_at, state)
                await copy.write_row((job_id, *common, place["first_turn"] + number, Jsonb(text, dumps=_as_is), *tail))
