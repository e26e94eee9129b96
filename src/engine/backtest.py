"""One run, from prices to result: window, signals, simulation, metrics. Reads no clock but to pace its chunks."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from engine.cautions import cautions
from engine.comparison import Benchmark, Split, align, split, years
from engine.coverage import cover, cut
from engine.errors import Cancelled, ResultNotFinite
from engine.evaluate import signals
from engine.measure import Course, measure
from engine.orders import Costs
from engine.request import BacktestRequest
from engine.result import BacktestResult, Warned
from engine.rules import Strategy
from engine.series import Prices
from engine.signals import Signals
from engine.simulate import Simulation
from engine.timeframes import TIMEFRAMES, annualization_factor, iso_day, session_days

LOAD, INDICATORS, SIMULATE, SAVE = "load", "indicators", "simulate", "save"
#: Where each phase begins, in percent; the next one's begin is its end.
BEGINS = {LOAD: 0, INDICATORS: 20, SIMULATE: 50, SAVE: 90}

FIRST_CHUNK = 65_536
# Between chunks progress is reported and a cancel is seen: often enough for a person, too seldom to cost anything.
CHUNK_SECONDS = 0.035

Report = Callable[[int, str, float | None], None]


def run(
    request: BacktestRequest,
    strategy: Strategy,
    prices: Prices,
    *,
    benchmark: Prices | None = None,
    warm_up: int | None = None,
    on_progress: Report = lambda _percent, _step, _remaining: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> BacktestResult:
    """The result of a strategy on prices that hold the request's range and the bars it looks back on.

    benchmark: prices to compare with. warm_up: bars before the range, where other than the strategy's own are meant.
    on_progress(percent, step, remaining seconds or None) from 20 to 90. Raises RangeNotCovered when no bar is in the
    range, Cancelled as soon as cancelled() is true.
    """
    pace = Pace(on_progress, cancelled)
    prices, first = cut(request, prices, look_back=strategy.warm_up if warm_up is None else warm_up)
    said = signals(strategy, prices, lambda done, count: pace.report(INDICATORS, done / count))
    simulation = simulate(request, strategy, prices, said, first)
    _advance(simulation, pace)
    time = prices.bars.time[first:]
    _refuse_overflow(simulation, prices, time)
    compared = None if benchmark is None else align(benchmark, time)
    course = _course(simulation, request, prices, time, compared)
    measured = measure(course)
    parts = _split(request, course, prices, time)
    coverage, warnings = cover(request, prices, first=first, look_back=strategy.look_back)
    warnings += cautions(strategy, prices, simulation, measured, course.trades)
    return BacktestResult(
        strategy_name=strategy.name,
        initial_capital=request.initial_capital,
        time=time,
        equity=simulation.equity,
        days=course.days,
        trades=course.trades,
        metrics=measured.metrics,
        metric_notes=measured.notes,
        coverage=coverage,
        warnings=warnings + _of_comparisons(request, prices, parts, compared),
        split=parts,
        benchmark=compared,
    )


def simulate(request: BacktestRequest, strategy: Strategy, prices: Prices, said: Signals, first: int) -> Simulation:
    """The simulation that a request asks for, not yet begun. first: the row of the first bar that is traded."""
    costs = request.costs
    return Simulation(
        prices.bars,
        said,
        first,
        request.initial_capital,
        costs=Costs(costs.commission, costs.slippage, costs.fixed, costs.minimum, costs.per_unit),
        stops=strategy.stops,
        sizing=strategy.sizing,
        lot=request.lot,
        close_at_end=request.close_at_end,
    )


def _split(request: BacktestRequest, course: Course, prices: Prices, time: NDArray[np.int64]) -> Split | None:
    day = request.out_of_sample_from
    return None if day is None else split(course, day, time, prices)


def _of_comparisons(
    request: BacktestRequest, prices: Prices, parts: Split | None, compared: Benchmark | None
) -> list[Warned]:
    said: list[Warned] = []
    if request.out_of_sample_from is not None and parts is None:
        message = (
            f"There is nothing to measure on both sides of {request.out_of_sample_from}, so the run was not split."
        )
        said.append({"code": "NOT_SPLIT", "message": message, "figures": {"from": str(request.out_of_sample_from)}})
    if request.benchmark is not None and compared is None:
        message = f"Prices of {request.benchmark} begin after those of {prices.series.symbol}: no alpha and beta."
        figures = {"benchmark": request.benchmark, "symbol": prices.series.symbol}
        said.append({"code": "BENCHMARK_NOT_COVERED", "message": message, "figures": figures})
    return said


@dataclass(slots=True)
class Pace:
    """Progress told and a cancel seen, step by step."""

    on_progress: Report
    cancelled: Callable[[], bool]

    def report(self, step: str, share: float, remaining_seconds: float | None = None) -> None:
        """share: of the step, 0 to 1."""
        if self.cancelled():
            raise Cancelled(step)
        ends = {INDICATORS: BEGINS[SIMULATE], SIMULATE: BEGINS[SAVE]}
        percent = BEGINS[step] + int(share * (ends[step] - BEGINS[step]))
        self.on_progress(percent, step, remaining_seconds)


def _advance(simulation: Simulation, pace: Pace) -> None:
    """In chunks of some 35 ms, whatever the machine."""
    chunk = FIRST_CHUNK
    while not simulation.is_done:
        began = perf_counter()
        simulation.advance(simulation.next_bar + chunk)
        seconds_a_bar = (perf_counter() - began) / chunk
        remaining = (len(simulation) - simulation.next_bar) * seconds_a_bar
        pace.report(SIMULATE, simulation.next_bar / len(simulation), remaining)
        chunk = max(FIRST_CHUNK, int(CHUNK_SECONDS / seconds_a_bar))


def _refuse_overflow(simulation: Simulation, prices: Prices, time: NDArray[np.int64]) -> None:
    finite = np.isfinite(simulation.equity)
    if not finite.all():
        when = iso_day(int(time[finite.argmin()]))
        raise ResultNotFinite(prices.series.symbol, prices.series.timeframe, when=when)


def _course(
    simulation: Simulation,
    request: BacktestRequest,
    prices: Prices,
    time: NDArray[np.int64],
    compared: Benchmark | None,
) -> Course:
    series = prices.series
    return Course(
        initial_capital=request.initial_capital,
        equity=simulation.equity,
        days=session_days(time, series.timeframe, series.session_timezone),
        years=years(time, TIMEFRAMES[series.timeframe]),
        annualization_factor=annualization_factor(series.timeframe, round_the_clock=series.round_the_clock),
        trades=simulation.trades(),
        bars_held=simulation.bars_held,
        ruined_at=simulation.ruined_at,
        risk_free_rate=request.risk_free_rate,
        benchmark=None if compared is None else compared.closes,
        benchmark_base=1.0 if compared is None else compared.base,
    )
