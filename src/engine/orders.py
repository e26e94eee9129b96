"""What a strategy and a request say of orders, besides when to place them."""

from dataclasses import dataclass
from enum import IntEnum


class StopKind(IntEnum):
    NONE = 0
    PERCENT = 1  # a fraction of the entry's fill price
    PRICE = 2  # money per unit
    ATR = 3  # a multiple of the average true range on the signal's bar


@dataclass(frozen=True, slots=True)
class Stop:
    """How far from the entry's fill price a position is closed. The distance is fixed for the trade.

    length: of the ATR, in bars.
    """

    kind: StopKind = StopKind.NONE
    value: float = 0.0
    length: int = 0


@dataclass(frozen=True, slots=True)
class Stops:
    loss: Stop = Stop()
    profit: Stop = Stop()
    trailing: Stop = Stop()


class SizingMode(IntEnum):
    PERCENT = 0  # a fraction of equity
    CASH = 1  # money
    UNITS = 2
    RISK = 3  # units such that the loss stop costs this fraction of equity


@dataclass(frozen=True, slots=True)
class Sizing:
    mode: SizingMode = SizingMode.PERCENT
    value: float = 1.0


@dataclass(frozen=True, slots=True)
class Costs:
    """What an order costs.

    commission: a rate of the money that moves; with per_unit and fixed on top, at least minimum. slippage: a fraction
    of the price.
    """

    commission: float = 0.0
    slippage: float = 0.0
    fixed: float = 0.0
    minimum: float = 0.0
    per_unit: float = 0.0
