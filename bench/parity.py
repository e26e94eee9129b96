"""Do our simulations equal those of vectorbt and backtesting.py?

The same random signals on the same prices, in the order semantics of each engine: entries and exits at the same bars,
prices to 1e-12, fees and equity to 1e-9 of the capital. A cell of the table is the largest deviation of equity over the
capital in any of its runs; a run whose trades differ ends the bench.

Left out, as we decline to copy it: vectorbt never bounds a short of fixed size, and runs on with negative equity, so
its fixed units are held against ours long only.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import prices as made
from bench.harness import Options, main, say
from engine import execution
from engine.bars import Bars
from engine.execution import Execution
from engine.orders import Costs, Sizing, SizingMode, Stop, StopKind, Stops
from engine.signals import ENTRY_LONG, ENTRY_SHORT, EXIT_LONG, EXIT_SHORT, Signals
from engine.simulate import Simulation

CAPITAL = 1_000_000.0
EQUITY, PRICE = 1e-9, 1e-12


@dataclass(frozen=True)
class Recipe:
    """One way to trade, as both engines are told of it."""

    peer: str
    profile: Execution
    sizing: Sizing = field(default_factory=Sizing)
    costs: Costs = field(default_factory=lambda: Costs(commission=0.001))
    stops: Stops = field(default_factory=Stops)
    reverses: bool = False


@dataclass(frozen=True)
class Outcome:
    """equity: (n,). trades: closed ones, (m, 6): entry, exit, side, prices of both, fees of both together."""

    equity: NDArray[np.float64]
    trades: NDArray[np.float64]


UNITS = Sizing(SizingMode.UNITS, 300.0)
HALF = Sizing(SizingMode.PERCENT, 0.5)
CASH = Sizing(SizingMode.CASH, 300_000.0)
FIXED_TOO = Costs(commission=0.001, fixed=5.0)
SLIPS = Costs(commission=0.001, slippage=0.0005)
LOSS_AND_PROFIT = Stops(loss=Stop(StopKind.PERCENT, 0.03), profit=Stop(StopKind.PERCENT, 0.05))
TRAILING = Stops(profit=Stop(StopKind.PERCENT, 0.08), trailing=Stop(StopKind.PERCENT, 0.04))

VBT, VBT_CLOSE = execution.VECTORBT, execution.VECTORBT_SAME_CLOSE
BPY, BPY_CLOSE = execution.BACKTESTING_PY, execution.BACKTESTING_PY_TRADE_ON_CLOSE
RECIPES: dict[str, Recipe] = {
    "all in, next open": Recipe("vectorbt", VBT, costs=Costs(0.001, 0.0005, 5.0)),
    "all in, same close": Recipe("vectorbt", VBT_CLOSE, costs=SLIPS),
    "half of equity, next open": Recipe("vectorbt", VBT, HALF),
    "cash, next open": Recipe("vectorbt", VBT, CASH, SLIPS),
    "fixed units, next open": Recipe("vectorbt", VBT, UNITS, FIXED_TOO),
    "reversal, next open": Recipe("vectorbt", VBT, costs=SLIPS, reverses=True),
    "reversal, same close": Recipe("vectorbt", VBT_CLOSE, reverses=True),
    "stops, next open": Recipe("vectorbt", VBT, stops=LOSS_AND_PROFIT, reverses=True),
    "stops, same close": Recipe("vectorbt", VBT_CLOSE, costs=SLIPS, stops=LOSS_AND_PROFIT, reverses=True),
    "trailing stop, next open": Recipe("vectorbt", VBT, stops=TRAILING, reverses=True),
    "all in, next open ": Recipe("backtesting.py", BPY, costs=FIXED_TOO),
    "all in, trade on close": Recipe("backtesting.py", BPY_CLOSE, costs=SLIPS),
    "half of equity, next open ": Recipe("backtesting.py", BPY, HALF),
    "fixed units, next open ": Recipe("backtesting.py", BPY, UNITS, SLIPS),
    "reversal, next open ": Recipe("backtesting.py", BPY, costs=SLIPS, reverses=True),
    "reversal, trade on close": Recipe("backtesting.py", BPY_CLOSE, reverses=True),
    "stops, next open ": Recipe("backtesting.py", BPY, costs=SLIPS, stops=LOSS_AND_PROFIT, reverses=True),
}


def flags_of(bars: int, seed: int, *, reverses: bool) -> NDArray[np.uint8]:
    """Random signals, on the first bar none: backtesting.py asks from the second on."""
    random = np.random.default_rng(seed)
    kinds = (ENTRY_LONG, EXIT_LONG, ENTRY_SHORT, EXIT_SHORT) if reverses else (ENTRY_LONG, EXIT_LONG)
    flags = np.zeros(bars, dtype=np.uint8)
    for kind in kinds:
        flags |= np.where(random.random(bars) < 0.06, kind, 0).astype(np.uint8)
    flags[0] = 0
    return flags


def ours(recipe: Recipe, bars: Bars, flags: NDArray[np.uint8]) -> Outcome:
    run = Simulation(
        bars,
        Signals(flags),
        0,
        CAPITAL,
        costs=recipe.costs,
        stops=recipe.stops,
        sizing=recipe.sizing,
        execution=recipe.profile,
    )
    run.advance(len(run))
    closed = run.trades()
    closed = closed[closed["exit"] >= 0]
    fees = closed["entry_fee"] + closed["exit_fee"]
    columns = (closed[name] for name in ("entry", "exit", "side", "entry_price", "exit_price"))
    return Outcome(run.equity, np.column_stack([*columns, fees]).astype(np.float64))


def vectorbt(recipe: Recipe, bars: Bars, flags: NDArray[np.uint8]) -> Outcome:
    import pandas as pd  # noqa: PLC0415 only in the peers' environment
    import vectorbt as vbt  # noqa: PLC0415
    from vectorbt.portfolio.enums import StopEntryPrice, StopExitPrice  # noqa: PLC0415

    index = pd.to_datetime(bars.time)
    open_, high, low, close = (pd.Series(column, index) for column in (bars.open, bars.high, bars.low, bars.close))

    def said(bit: int) -> Any:
        series = pd.Series((flags & bit) > 0, index)
        return series if recipe.profile is VBT_CLOSE else series.vbt.fshift(1)

    options: dict[str, Any] = {}
    match recipe.sizing.mode:
        case SizingMode.UNITS:
            options |= {"size": recipe.sizing.value}
        case SizingMode.CASH:
            options |= {"size": recipe.sizing.value, "size_type": "value"}
        case SizingMode.PERCENT if recipe.sizing.value < 1:
            options |= {"size": recipe.sizing.value, "size_type": "percent"}
        case _:
            options |= {"size": np.inf}
    stops = recipe.stops
    loss = stops.trailing if stops.trailing.value else stops.loss
    if loss.value:
        options |= {"sl_stop": loss.value, "tp_stop": stops.profit.value, "sl_trail": bool(stops.trailing.value)}
        options |= {"open": open_, "high": high, "low": low}
        options |= {"stop_entry_price": StopEntryPrice.FillPrice, "stop_exit_price": StopExitPrice.StopLimit}
    if recipe.reverses:
        options |= {"short_entries": said(ENTRY_SHORT), "short_exits": said(EXIT_SHORT)}
    portfolio = vbt.Portfolio.from_signals(
        close,
        entries=said(ENTRY_LONG),
        exits=said(EXIT_LONG),
        price=close if recipe.profile is VBT_CLOSE else open_,
        fees=recipe.costs.commission,
        fixed_fees=recipe.costs.fixed,
        slippage=recipe.costs.slippage,
        init_cash=CAPITAL,
        accumulate=False,
        min_size=0,
        freq="1D",
        **options,
    )
    records = portfolio.trades.records
    closed = records[records["status"] == 1]
    columns = (closed[name] for name in ("entry_idx", "exit_idx", "direction", "entry_price", "exit_price"))
    trades = np.column_stack([*columns, closed["entry_fees"] + closed["exit_fees"]]).astype(np.float64)
    trades[:, 2] = 1 - 2 * trades[:, 2]
    return Outcome(portfolio.value().to_numpy(), trades)


def backtesting_py(recipe: Recipe, bars: Bars, flags: NDArray[np.uint8]) -> Outcome:
    import pandas as pd  # noqa: PLC0415
    from backtesting import Backtest, Strategy  # noqa: PLC0415
    from backtesting import backtesting as module  # noqa: PLC0415

    module._tqdm = lambda sequence, **_options: sequence  # noqa: SLF001
    sizing, loss, profit = recipe.sizing, recipe.stops.loss.value, recipe.stops.profit.value
    amount = {} if sizing.value == 1.0 else {"size": sizing.value}

    class Told(Strategy):  # type: ignore[misc]
        def init(self) -> None:
            pass

        def next(self) -> None:
            at = len(self.data) - 1
            wanted = decide(int(flags[at]), 1 if self.position.is_long else -1 if self.position.is_short else 0)
            close = float(self.data.Close[-1])
            for side, place in ((1, self.buy), (-1, self.sell)):
                if wanted == side:
                    levels = {"sl": close * (1 - side * loss), "tp": close * (1 + side * profit)} if loss else {}
                    place(**amount, **levels)
            if wanted == 0:
                self.position.close()

    columns = {"Open": bars.open, "High": bars.high, "Low": bars.low, "Close": bars.close, "Volume": bars.volume}
    stats = Backtest(
        pd.DataFrame(columns, index=pd.to_datetime(bars.time)),
        Told,
        cash=CAPITAL,
        commission=(recipe.costs.fixed, recipe.costs.commission),
        spread=recipe.costs.slippage,
        trade_on_close=recipe.profile is BPY_CLOSE,
        exclusive_orders=True,
        finalize_trades=False,
    ).run()
    made_ = stats["_trades"].sort_values(["ExitBar", "EntryBar"])
    sides = np.sign(made_["Size"])
    columns_ = (
        made_["EntryBar"],
        made_["ExitBar"],
        sides,
        made_["EntryPrice"],
        made_["ExitPrice"],
        made_["Commission"],
    )
    return Outcome(stats["_equity_curve"]["Equity"].to_numpy(), np.column_stack(columns_).astype(np.float64))


def decide(flags: int, side: int) -> int | None:
    """The position wanted next, in words of our own document: conflicts are neither; None is no order."""
    long, short = bool(flags & ENTRY_LONG), bool(flags & ENTRY_SHORT)
    leave_long, leave_short = bool(flags & EXIT_LONG), bool(flags & EXIT_SHORT)
    if long and leave_long:
        long = leave_long = False
    if short and leave_short:
        short = leave_short = False
    if long and short:
        long = short = False
    if long and side != 1:
        return 1
    if short and side != -1:
        return -1
    return 0 if (leave_long and side == 1) or (leave_short and side == -1) else None


PEERS: Mapping[str, Callable[[Recipe, Bars, NDArray[np.uint8]], Outcome]] = {
    "vectorbt": vectorbt,
    "backtesting.py": backtesting_py,
}


def compare(found: Outcome, expected: Outcome) -> float:
    """The largest deviation of equity over the capital. Raises AssertionError where a trade differs."""
    assert len(found.trades) == len(expected.trades)
    assert np.array_equal(found.trades[:, :3], expected.trades[:, :3])
    np.testing.assert_allclose(found.trades[:, 3:5], expected.trades[:, 3:5], rtol=PRICE)
    np.testing.assert_allclose(found.trades[:, 5], expected.trades[:, 5], rtol=0, atol=EQUITY * CAPITAL)
    apart = float(np.abs(found.equity - expected.equity).max() / CAPITAL)
    assert apart < EQUITY
    return apart


def data(seed: int, bars: int) -> Iterator[tuple[str, Bars]]:
    """The prices of one round: stretches of the real ones, and a walk with gaps."""
    spx, goog = made.spx(5_031).bars, google()
    at = np.random.default_rng(seed).integers(0, 1_600)
    yield "SPX", spx.between(int(at), int(at) + bars)
    if goog is not None:
        yield "GOOG", goog.between(int(at), int(at) + min(bars, len(goog) - int(at)))
    yield "walk", made.walk(bars, seed=seed, timeframe="1d", volatility=0.015).bars


def google() -> Bars | None:
    """The prices that backtesting.py brings along."""
    try:
        from backtesting.test import GOOG  # noqa: PLC0415
    except ImportError:
        return None
    time = GOOG.index.to_numpy().astype("datetime64[ns]").astype(np.int64)
    columns = (GOOG[name].to_numpy().astype(np.float64) for name in ("Open", "High", "Low", "Close", "Volume"))
    open_, high, low, close, volume = columns
    return Bars(
        time, open_, np.maximum.reduce([open_, high, close]), np.minimum.reduce([open_, low, close]), close, volume
    )


def run(options: Options) -> dict[str, Any]:
    seeds, bars = (2, 400) if options.quick else (20, 1_200)
    table: dict[str, dict[str, float]] = {}
    trades = 0
    for name, recipe in RECIPES.items():
        worst: dict[str, float] = {}
        for seed in range(seeds):
            for source, stretch in data(seed, bars):
                flags = flags_of(len(stretch), seed, reverses=recipe.reverses)
                found = ours(recipe, stretch, flags)
                apart = compare(found, PEERS[recipe.peer](recipe, stretch, flags))
                worst[source] = max(worst.get(source, 0.0), apart)
                trades += len(found.trades)
        table[f"{recipe.peer}: {name.strip()}"] = worst
        cells = " | ".join(f"{worst[source]:.1e}" for source in worst)
        say(options, f"| {recipe.peer} | {name.strip()} | {cells} |")
    return {
        "runs": len(RECIPES) * seeds * 3,
        "trades": trades,
        "max_equity_deviation": max(max(row.values()) for row in table.values()),
        "mismatched_trades": 0,
    }


if __name__ == "__main__":
    main(__doc__.split("\n", 1)[0], run)
