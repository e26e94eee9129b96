"""A sweep before it runs: its grid spanned, every combination's parameters bound, all that can be refused refused.

Nothing here needs a kernel, so whoever enqueues a sweep can check all of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.binding import Bound
from engine.grid import Grid, span
from engine.grid_binding import BoundGrid, bind_grid, distinct
from engine.orders import Sizing, Stops
from engine.parameters import values_of
from engine.rules import Strategy, Template
from engine.stops_and_sizing import bind_stops
from engine.sweep_request import SweepRequest


@dataclass(frozen=True, slots=True)
class Plan:
    """A sweep that was checked: nothing about its grid can be refused any more, but its size beside the bars.

    fixed: parameters that are the same in all combinations. orders: the different stops and sizings that combinations
    have; which: (k,) the one of each combination.
    """

    template: Template
    fixed: dict[str, float]
    grid: Grid
    bound: BoundGrid
    orders: list[tuple[Stops, Sizing]]
    which: NDArray[np.intp]

    @property
    def warm_up(self) -> int:
        return max(int(self.bound.warm_up[node]) for node in self.template.roots)

    def strategy(self, number: int) -> Strategy:
        """The combination of that number as a strategy of its own."""
        return self.template.bind({**self.fixed, **self.grid.at(number)})


def plan(request: SweepRequest, template: Template) -> Plan:
    """Raises StrategyError or GridTooLarge for a grid that can never run."""
    fixed = dict(request.strategy_params)
    grid = span(request.grid, request.where, template.parameters)
    bound = bind_grid(template.graph, values_of(template.parameters, fixed), grid)
    orders, which = _orders(template, bound)
    return Plan(template, fixed, grid, bound, orders, which)


def _orders(template: Template, bound: BoundGrid) -> tuple[list[tuple[Stops, Sizing]], NDArray[np.intp]]:
    nodes = [template.sizing.value]
    for stop in template.stops.values():
        nodes += [stop.value] if stop.length is None else [stop.value, stop.length]
    met, which = distinct(bound.constants[nodes])
    orders = []
    for values in met.T.tolist():
        constants = [float("nan")] * len(bound.constants)
        for node, value in zip(nodes, values, strict=True):
            constants[node] = value
        one = Bound(tuple(constants), (), ())
        orders.append((bind_stops(template.stops, one), template.sizing.bind(one)))
    return orders, which
