"""What is asked of backtests' args when jobs are looked for: SQL of ours, the caller's values beside it."""

from typing import LiteralString

from pgqueue.search import Criterion

SYMBOL: LiteralString = "args ->> 'symbol'"
STRATEGY: LiteralString = (
    "coalesce(args #>> '{strategy,name}',"
    " case jsonb_typeof(args -> 'strategy') when 'string' then args ->> 'strategy' end, '')"
)
"""The strategy's name: in its snapshot, or alone where a job was added without the API."""
MESSAGE: LiteralString = "coalesce(error ->> 'message', '')"


def of_symbol(symbol: str, name: LiteralString = "symbol") -> Criterion:
    return Criterion(f"{SYMBOL} = %({name})s", {name: symbol}, is_indexed=True)


def of_strategy_id(strategy_id: str) -> Criterion:
    return Criterion("args ->> 'strategyId' = %(strategy_id)s", {"strategy_id": strategy_id})


def with_part(part: str, *texts: LiteralString, name: LiteralString) -> Criterion:
    """Any of the texts has that part, in any case."""
    each = [f"position(lower(%({name})s) in lower({text})) > 0" for text in texts]
    return Criterion(f"({' or '.join(each)})", {name: part})
