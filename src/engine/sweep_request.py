"""A sweep as it is asked for: a backtest request, and the grid that its strategy's parameters run over."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, WithJsonSchema

from engine.members import refusal
from engine.metrics import RANKED
from engine.reasons import because
from engine.request import BacktestRequest, parse_args_as, parse_request_as

MOST_BEST = 10
LONGEST_CONDITION = 2_000


def _grid(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise refusal('must be an object such as {"fast": [5, 10], "slow": {"from": 20, "to": 60, "step": 5}}')
    return value


def _where(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_CONDITION:
        raise refusal(f"must be a condition such as 'fast < slow', of at most {LONGEST_CONDITION:,} characters")
    return value


def _rank_by(value: object) -> str:
    if value not in RANKED:
        raise refusal(f"must be one of {' '.join(RANKED)}")
    return str(value)


def _top(value: object) -> int:
    if type(value) is not int or not 1 <= value <= MOST_BEST:
        raise refusal(because("out_of_range", f"must be a whole number from 1 to {MOST_BEST}", least=1, most=MOST_BEST))
    return value


class SweepRequest(BacktestRequest):
    """grid: values by parameter, see engine.grid. where: a condition on them. top: how many are kept in full."""

    BESIDE_PARAMS: ClassVar[tuple[str, ...]] = (*BacktestRequest.BESIDE_PARAMS, "grid", "where", "rankBy", "top")
    OPTIONAL: ClassVar[tuple[str, ...]] = (*BacktestRequest.OPTIONAL, "where", "rankBy", "top")

    grid: Annotated[dict[str, Any], BeforeValidator(_grid), WithJsonSchema({"type": "object"})]
    where: (
        Annotated[str, BeforeValidator(_where), WithJsonSchema({"type": "string", "maxLength": LONGEST_CONDITION})]
        | None
    ) = None
    rank_by: Annotated[str, BeforeValidator(_rank_by), WithJsonSchema({"type": "string", "enum": list(RANKED)})] = (
        "sharpeRatio"
    )
    top: Annotated[
        int, BeforeValidator(_top), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_BEST})
    ] = 5

    def args(self, strategy: Mapping[str, Any] | str, *, symbol: str | None = None) -> dict[str, Any]:
        """The args of a job of kind `sweep`."""
        return {
            **super().args(strategy, symbol=symbol),
            "grid": self.grid,
            "where": self.where,
            "rankBy": self.rank_by,
            "top": self.top,
        }


def parse_sweep(body: object) -> SweepRequest:
    """The sweep in a body, flat or with `params`. Raises RequestError naming every wrong member."""
    return parse_request_as(SweepRequest, body)


def parse_sweep_args(args: object) -> SweepRequest:
    """The sweep in the args of a job."""
    return parse_args_as(SweepRequest, args)
