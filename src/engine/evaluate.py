"""A strategy's rules over bars: kernels for whole columns, a program for what works bar by bar."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.binding import Bound
from engine.exits import ExitPlan
from engine.kernels.catalogue import KERNELS as INDICATOR_KERNELS
from engine.kernels.evaluate import bars_since, run_program
from engine.opcodes import ExitProgram
from engine.program import PRICES, SESSION, Call, Program
from engine.rules import Strategy
from engine.series import Prices
from engine.signals import Signals
from engine.timeframes import session_days

KERNELS: Mapping[str, Callable[..., None]] = {
    **INDICATOR_KERNELS,
    # Of ones and zeros, so without rounding.
    "count": INDICATOR_KERNELS["rolling_sum"],
    "bars_since": bars_since,
}
# Between so many rows progress is told and a cancel is seen; any split gives the same bits.
ROWS = 1 << 18

OnStep = Callable[[int, int], None]


def signals(strategy: Strategy, prices: Prices, on_step: OnStep = lambda _done, _all: None) -> Signals:
    """What the strategy's rules say of each bar.

    on_step(done, all) is called now and then, for progress; what it raises ends the evaluation.
    """
    run = _Evaluation(strategy, prices)
    steps = run.steps()
    for done, step in enumerate(steps, 1):
        step()
        on_step(done, len(steps))
    return run.signals()


class _Evaluation:
    """One strategy over one series of bars."""

    def __init__(self, strategy: Strategy, prices: Prices) -> None:
        bars = prices.bars
        self.strategy = strategy
        self.bound: Bound = strategy.bound
        self.prices = prices
        self.series = (bars.open, bars.high, bars.low, bars.close, bars.volume)
        self.n = len(bars)
        self.table = np.empty((strategy.plan.columns, self.n))
        self.rows = np.arange(strategy.plan.columns)
        self.flags = np.zeros(self.n, np.uint8)

    def steps(self) -> list[Callable[[], None]]:
        steps: list[Callable[[], None]] = []
        for stage in self.strategy.plan.stages:
            steps += [lambda call=call: self.call(call) for call in stage.calls]  # type: ignore[misc]
            if stage.program is not None:
                steps += self.pieces(stage.program)
        return steps

    def pieces(self, program: Program) -> list[Callable[[], None]]:
        constants = np.array([self.bound.constants[node] for node in program.constants], dtype=np.float64)
        lags = np.array([0 if node < 0 else self.bound.constants[node] for node in program.lags], dtype=np.int64)

        def piece(begin: int) -> None:
            end = min(begin + ROWS, self.n)
            run_program(
                program.code,
                constants,
                lags,
                self.rows,
                *self.series,
                self.table,
                self.flags,
                begin,
                end,
                program.numbers,
                program.truths,
            )

        return [lambda begin=begin: piece(begin) for begin in range(0, self.n, ROWS)]  # type: ignore[misc]

    def call(self, call: Call) -> None:
        constants = self.bound.constants
        parameters = [
            int(constants[node]) if whole else constants[node]
            for node, whole in zip(call.parameters, call.whole, strict=True)
        ]
        inputs = [self.input(column) for column in call.inputs]
        KERNELS[call.kernel](*inputs, *parameters, *(self.column(column) for column in call.outputs))

    def input(self, column: int) -> NDArray[Any]:
        if column == SESSION:
            series = self.prices.series
            return session_days(self.prices.bars.time, series.timeframe, series.session_timezone)
        return self.column(column)

    def column(self, column: int) -> NDArray[np.float64]:
        return self.series[column] if column < len(PRICES) else self.table[column - len(PRICES)]

    def signals(self) -> Signals:
        column_of = self.strategy.plan.column_of
        distances = {name: self.column(column_of[node]) for name, node in self.strategy.distances.items()}
        exits = self.strategy.exits
        return Signals(self.flags, **distances, exits=None if exits is None else self.exit_program(exits))

    def exit_program(self, exits: ExitPlan) -> ExitProgram:
        column_of = self.strategy.plan.column_of
        columns = np.empty((len(exits.columns), self.n))
        for row, node in enumerate(exits.columns):
            columns[row] = self.column(column_of[node])
        return ExitProgram(
            columns=columns,
            constants=np.array([self.bound.constants[node] for node in exits.constants], dtype=np.float64),
            code=exits.code,
            long=exits.long,
            short=exits.short,
        )
