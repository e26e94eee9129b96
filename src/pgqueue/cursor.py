"""Where a worker's claims start in each rank, so that they do not walk over the jobs that were claimed before.

A claimed job leaves its entry in the index of ready jobs until no open transaction could see it: with one that stays
open, a claim that starts at the head walks over everything claimed since. The cursor is kept here and not in a row,
for a row that is written every second would leave versions of itself behind just as long.
"""

from typing import Any

from psycopg_pool import AsyncConnectionPool

from pgqueue.queries import sql

RANKS = 31
"""0 for what was lifted, then 1 to 30, from priority 10 of the best plan to priority 1 of the free one."""


class Cursor:
    """Moves past what it has seen to be claimed, and never past the floor it read a move ago.

    Nobody makes a job ready below the floor he reads. So whoever read his floor before the last move and commits after
    this one is the only one to be left behind: a transaction longer than the time between two moves, whose jobs
    `move_stragglers` brings back.
    """

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self.heads = [0] * RANKS
        """Of each rank the first turn that a claim looks at."""
        self._floors = [0] * RANKS
        self._newest = [0] * RANKS

    def note(self, rank: int, turn: int) -> None:
        """A job of that turn was claimed."""
        self._newest[rank] = max(self._newest[rank], turn)

    async def move(self, pool: AsyncConnectionPool) -> None:
        """Follow the floors, and raise those that nobody has raised since the last move to what was claimed here."""
        parameters: dict[str, Any] = {"queue": self._queue, "heads": self.heads, "floors": self._floors}
        async with pool.connection() as connection:
            rows = await (await connection.execute(sql("move_cursor"), parameters)).fetchall()
            known = {rank: floor for rank, _, floor in rows}
            unmoved = [rank for rank, floor in known.items() if floor == self._floors[rank] < self._newest[rank]]
            if unmoved:
                turns = {"queue": self._queue, "ranks": unmoved, "turns": [self._newest[rank] for rank in unmoved]}
                # What another worker raises at this moment is left to it, so what comes back is what holds.
                known.update(await (await connection.execute(sql("advance"), turns)).fetchall())
        for rank, head, _ in rows:
            self.heads[rank] = head
            self._floors[rank] = known[rank]
