"""Which symbols have prices, remembered for a while: they come all the time and hardly ever go."""

import time
from collections.abc import Callable

from psycopg_pool import AsyncConnectionPool

from api.queries import sql
from engine.timeframes import up_to

KEPT_SECONDS = 60.0
MOST_KEPT = 10_000


class KnownSymbols:
    """Asks the database once a minute for each symbol that has prices; for one that has none, every time."""

    def __init__(self, pool: AsyncConnectionPool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._seen_at: dict[tuple[str, str], float] = {}

    async def has(self, symbol: str, timeframe: str) -> bool:
        """Whether there are bars of the symbol in that timeframe, or finer ones that it can be made of."""
        seen_at = self._seen_at.get((symbol, timeframe))
        if seen_at is not None and self._clock() - seen_at < KEPT_SECONDS:
            return True
        async with self._pool.connection() as connection:
            facts = {"symbol": symbol, "timeframes": up_to(timeframe)}
            row = await (await connection.execute(sql("symbol_is_known"), facts)).fetchone()
        is_known = row is not None and bool(row[0])
        if is_known:
            if len(self._seen_at) >= MOST_KEPT:
                self._seen_at.clear()
            self._seen_at[symbol, timeframe] = self._clock()
        return is_known
