"""How orders meet prices, as a record of options: so that another engine's way can be written down and proved equal.

Only NEXT_OPEN is offered to people. The other profiles exist to be held against the engines they are named for.
"""

from dataclasses import dataclass
from enum import IntEnum


class Fill(IntEnum):
    """Where a signal decided on a bar's close is filled."""

    NEXT_OPEN = 0
    SAME_CLOSE = 1
    PREVIOUS_CLOSE = 2  # at the signal bar's close and booked there, but the account is marked from the next bar on


class StopBase(IntEnum):
    """What a percentage or a distance is counted from."""

    FILL_PRICE = 0  # slippage included
    SIGNAL_CLOSE = 1


class SizingRule(IntEnum):
    """What an order may be at most, and how its commission is counted in."""

    ACCOUNT = 0  # notional and commission within the account's equity, both sides alike
    VECTORBT = 1  # longs within cash; CASH buys its money's worth before slippage; fixed-size shorts have no bound
    WHOLE_UNITS = 2  # backtesting.py: whole units by Python's //, fixed fee spread over them, else the order is refused


@dataclass(frozen=True, slots=True)
class Execution:
    """Options of a simulation.

    stops_from_entry_bar: else from the bar after it. stops_before_orders: a stop hit anywhere within a bar comes before
    the order due at its open, which is lost. trailing_from_extreme: a trailing percentage is one of the best price so
    far, not of the fill price. open_first: an open beyond the profit level is known to come before a loss later in the
    bar; else the loss is taken. one_order_reversal: else the position is closed, and the other one opened, by two.
    """

    fill: Fill = Fill.NEXT_OPEN
    stops_from_entry_bar: bool = True
    stops_before_orders: bool = False
    stop_base: StopBase = StopBase.FILL_PRICE
    trailing_from_extreme: bool = False
    open_first: bool = True
    one_order_reversal: bool = True
    exits_slip: bool = True
    stops_slip: bool = True
    sizing: SizingRule = SizingRule.ACCOUNT


NEXT_OPEN = Execution()

#: vectorbt's from_signals with stop_entry_price="fillprice", stop_exit_price="stoplimit" and, for the first, signals
#: shifted by one bar with price=open.
VECTORBT = Execution(
    stops_from_entry_bar=False,
    stops_before_orders=True,
    trailing_from_extreme=True,
    open_first=False,
    stops_slip=False,
    sizing=SizingRule.VECTORBT,
)
VECTORBT_SAME_CLOSE = Execution(
    fill=Fill.SAME_CLOSE,
    stops_from_entry_bar=False,
    stops_before_orders=True,
    trailing_from_extreme=True,
    open_first=False,
    stops_slip=False,
    sizing=SizingRule.VECTORBT,
)

#: backtesting.py with exclusive_orders=True and margin=1; its spread is our slippage.
BACKTESTING_PY = Execution(
    stop_base=StopBase.SIGNAL_CLOSE,
    open_first=False,
    one_order_reversal=False,
    exits_slip=False,
    stops_slip=False,
    sizing=SizingRule.WHOLE_UNITS,
)
BACKTESTING_PY_TRADE_ON_CLOSE = Execution(
    fill=Fill.PREVIOUS_CLOSE,
    stop_base=StopBase.SIGNAL_CLOSE,
    open_first=False,
    one_order_reversal=False,
    exits_slip=False,
    stops_slip=False,
    sizing=SizingRule.WHOLE_UNITS,
)
