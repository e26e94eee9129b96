"""The combinations of a sweep, run one after the other: indicators once for each value they are asked with.

A strategy whose indicators read prices alone runs in one kernel, a batch of combinations at a time. Indicators of
indicators depend on what came before them, so such a strategy is evaluated combination by combination.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.evaluate import KERNELS, signals
from engine.execution import NEXT_OPEN
from engine.grid_binding import BoundGrid, distinct
from engine.kernels import sweep as kernel
from engine.kernels.measure import COURSE, ROUND_TRIPS
from engine.measure import sums_of
from engine.orders import Costs
from engine.program import PRICES, SESSION, Call
from engine.series import Prices
from engine.simulate import NO_CODE, Simulation, options_of, settings_of
from engine.sweep_plan import Plan
from engine.timeframes import session_days

#: What columns of indicators may take, however many values the grid has.
SHARED_BYTES = 96 << 20
STOPS = ("loss", "profit", "trailing")


@dataclass(frozen=True, slots=True)
class Terms:
    """What is the same for every combination. first: the row of the first traded bar."""

    prices: Prices
    first: int
    initial_capital: float
    riskless: float
    costs: Costs
    lot: float
    close_at_end: bool


@dataclass(frozen=True, slots=True)
class Sums:
    """courses: (k, COURSE), trips: (k, ROUND_TRIPS), as in kernels.measure; state: (k, STATE), as in kernels.sweep."""

    courses: NDArray[np.float64]
    trips: NDArray[np.float64]
    state: NDArray[np.int64]

    @classmethod
    def empty(cls, count: int) -> "Sums":
        return cls(
            np.empty((count, COURSE)), np.empty((count, ROUND_TRIPS)), np.empty((count, kernel.STATE), dtype=np.int64)
        )


Run = Callable[[int, int, Sums], int]


def runner(plan: Plan, terms: Terms) -> Run:
    """run(begin, wanted, sums) runs the combinations from begin on, about as many as wanted; the next one's number."""
    stages = plan.template.plan.stages
    is_simple = len(stages) == 1 and all(
        column == SESSION or column < len(PRICES) for call in stages[0].calls for column in call.inputs
    )
    return _Batches(plan, terms) if is_simple else _OneByOne(plan, terms)


class _OneByOne:
    def __init__(self, plan: Plan, terms: Terms) -> None:
        self.plan, self.terms = plan, terms
        bars, series = terms.prices.bars, terms.prices.series
        self.days = session_days(bars.time[terms.first :], series.timeframe, series.session_timezone)

    def __call__(self, begin: int, wanted: int, sums: Sums) -> int:
        terms = self.terms
        end = min(begin + wanted, self.plan.grid.count)
        for number in range(begin, end):
            strategy = self.plan.strategy(number)
            simulation = Simulation(
                terms.prices.bars,
                signals(strategy, terms.prices),
                terms.first,
                terms.initial_capital,
                costs=terms.costs,
                stops=strategy.stops,
                sizing=strategy.sizing,
                lot=terms.lot,
                close_at_end=terms.close_at_end,
            )
            simulation.advance(len(simulation))
            sums.courses[number], sums.trips[number] = sums_of(
                simulation.equity,
                self.days,
                terms.initial_capital,
                simulation.trades(),
                riskless=terms.riskless,
                ruined_at=simulation.ruined_at,
            )
            ruined = simulation.ruined_at
            sums.state[number] = -1 if ruined is None else ruined, len(simulation.trades())
        return end


class _Batches:
    def __init__(self, plan: Plan, terms: Terms) -> None:
        template = plan.template
        self.template, self.grid, self.bound, self.terms = template, plan.grid, plan.bound, terms
        (stage,) = template.plan.stages
        assert stage.program is not None, "a strategy without a rule that opens is refused"
        self.calls, self.program = stage.calls, stage.program
        bars, series = terms.prices.bars, terms.prices.series
        self.series = (bars.open, bars.high, bars.low, bars.close, bars.volume)
        self.sessions = session_days(bars.time, series.timeframe, series.session_timezone)
        self.days = np.ascontiguousarray(self.sessions[terms.first :])
        self.shared = _Shared(self)
        self.settings, self.options = _settings(plan, terms)
        column_of = template.plan.column_of
        distances = {name: stop.distance for name, stop in template.stops.items() if stop.distance is not None}
        self.distances = np.array([column_of[distances[name]] if name in distances else -1 for name in STOPS])
        exits = template.exits
        self.exit_columns = np.array([] if exits is None else [column_of[node] for node in exits.columns], np.int64)
        self.exit_nodes = [] if exits is None else list(exits.constants)
        self.exit_code = NO_CODE if exits is None else exits.code

    def __call__(self, begin: int, wanted: int, sums: Sums) -> int:
        rows, end = self.shared.rows(begin, min(begin + wanted, self.grid.count))
        chosen = slice(begin, end)
        program, constants = self.program, self.bound.constants

        def of_nodes(nodes: list[int]) -> NDArray[np.float64]:
            return np.ascontiguousarray(constants[nodes, chosen].T)

        lags = np.array([node for node in program.lags if node >= 0], dtype=np.int64)
        filled = np.zeros((end - begin, len(program.lags)), dtype=np.int64)
        filled[:, [at for at, node in enumerate(program.lags) if node >= 0]] = of_nodes(lags.tolist())
        kernel.sweep(
            program.code,
            of_nodes(list(program.constants)),
            filled,
            rows,
            program.numbers,
            program.truths,
            *self.series,
            self.days,
            self.shared.table,
            self.distances,
            self.exit_columns,
            of_nodes(self.exit_nodes),
            self.exit_code,
            self.settings[chosen],
            self.options,
            self.terms.initial_capital,
            self.terms.riskless,
            sums.courses[chosen],
            sums.trips[chosen],
            sums.state[chosen],
        )
        return end


class _Shared:
    """Columns of indicators, each computed once for the values it is asked with, as many as the memory holds.

    Rows of the table beyond those belong to the combination that is running.
    """

    def __init__(self, batches: _Batches) -> None:
        plan, self.batches = batches.template.plan, batches
        self.calls = [_Asked(call, batches.bound) for call in batches.calls]
        written = {column - len(PRICES) for call in batches.calls for column in call.outputs}
        own = [row for row in range(plan.columns) if row not in written]
        n = len(batches.terms.prices.bars)
        needed = sum(len(call.outputs) for call in batches.calls)
        different = sum(asked.distinct * len(asked.call.outputs) for asked in self.calls)
        self.capacity = max(needed, min(different, SHARED_BYTES // (8 * n)))
        self.table = np.empty((self.capacity + len(own), n))
        self.own = {row: self.capacity + at for at, row in enumerate(own)}
        self.places: dict[object, tuple[int, ...]] = {}
        self.free = list(range(self.capacity - 1, -1, -1))
        self.width = plan.columns

    def rows(self, begin: int, end: int) -> tuple[NDArray[np.int64], int]:
        """Which row of the table each column is in, for as many combinations from begin on as fit; and their end."""
        end = self._fitting(begin, end)
        rows = np.empty((end - begin, self.width), dtype=np.int64)
        for row, place in self.own.items():
            rows[:, row] = place
        for asked in self.calls:
            which = asked.which[begin:end]
            met = np.unique(which)
            places = np.empty((asked.distinct, len(asked.call.outputs)), dtype=np.int64)
            for number in met.tolist():
                places[number] = self._place(asked, number)
            for output, column in enumerate(asked.call.outputs):
                rows[:, column - len(PRICES)] = places[which, output]
        return rows, end

    def _fitting(self, begin: int, end: int) -> int:
        """The largest end whose columns fit together; others are forgotten to make room for them."""
        while True:
            needed: dict[object, int] = {}
            for asked in self.calls:
                for number in np.unique(asked.which[begin:end]).tolist():
                    needed[asked.key(number)] = len(asked.call.outputs)
            if sum(needed.values()) <= self.capacity:
                break
            end = begin + max(1, (end - begin) // 2)
        missing = sum(outputs for key, outputs in needed.items() if key not in self.places)
        for key in [key for key in self.places if key not in needed]:
            if len(self.free) >= missing:
                break
            self.free += self.places.pop(key)
        return end

    def _place(self, asked: "_Asked", number: int) -> tuple[int, ...]:
        key = asked.key(number)
        if key not in self.places:
            self.places[key] = tuple(self.free.pop() for _ in asked.call.outputs)
            inputs = [
                self.batches.sessions if column == SESSION else self.batches.series[column]
                for column in asked.call.inputs
            ]
            outputs = [self.table[place] for place in self.places[key]]
            KERNELS[asked.call.kernel](*inputs, *asked.parameters(number), *outputs)
        return self.places[key]


class _Asked:
    """One call of a strategy with the different values that the grid asks it with. which: (k,) numbers of them."""

    def __init__(self, call: Call, bound: BoundGrid) -> None:
        self.call = call
        nodes = list(call.parameters)
        if nodes:
            self.values, which = distinct(bound.constants[nodes])
            self.which: NDArray[np.intp] = which
            self.distinct = self.values.shape[1]
        else:
            self.values, self.distinct = np.empty((0, 1)), 1
            self.which = np.zeros(bound.constants.shape[1], dtype=np.intp)

    def key(self, number: int) -> object:
        return (self.call.kernel, self.call.inputs, tuple(self.values[:, number].tolist()))

    def parameters(self, number: int) -> Iterator[float]:
        for value, whole in zip(self.values[:, number].tolist(), self.call.whole, strict=True):
            yield int(value) if whole else value


def _settings(plan: Plan, terms: Terms) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The simulation's settings of each combination, (k, SETTINGS), and the options that all share."""
    rows = [settings_of(terms.costs, stops, sizing, terms.lot, NEXT_OPEN) for stops, sizing in plan.orders]
    stops, sizing = plan.orders[0]
    exits = plan.template.exits
    options = options_of(
        -1 if exits is None else exits.long,
        -1 if exits is None else exits.short,
        stops,
        sizing,
        NEXT_OPEN,
        first=terms.first,
        close_at_end=terms.close_at_end,
    )
    return np.ascontiguousarray(np.array(rows)[plan.which]), options
