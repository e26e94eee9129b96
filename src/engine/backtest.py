"""One run, from prices to result: window, signals, simulation, metrics. Reads no clock but to pace its chunks."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from engine.coverage import cover, cut
from engine.errors import Cancelled, ResultNotFinite
from engine.evaluate import signals
from engine.metrics import SECONDS_A_YEAR, Course, measure
from engine.orders import Costs
from engine.request import BacktestRequest
from engine.result import BacktestResult, Warned
from engine.rules import Strategy
from engine.series import Prices
from engine.simulate import Simulation
from engine.timeframes import SECOND, TIMEFRAMES, annualization_factor, iso_day, iso_time, session_days

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
    on_progress: Report = lambda _percent, _step, _remaining: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> BacktestResult:
    """The result of a strategy on prices that hold the request's range and the bars it looks back on.

    on_progress(percent, step, remaining seconds or None) from 20 to 90. Raises RangeNotCovered when no bar is in the
    range, Cancelled as soon as cancelled() is true.
    """
    pace = _Pace(on_progress, cancelled)
    prices, first = cut(request, prices, look_back=strategy.warm_up)
    bars = prices.bars
    said = signals(strategy, prices, lambda done, count: pace.report(INDICATORS, done / count))
    simulation = Simulation(
        bars,
        said,
        first,
        request.initial_capital,
        costs=Costs(request.costs.commission, request.costs.slippage),
        stops=strategy.stops,
        sizing=strategy.sizing,
    )
    _simulate(simulation, pace)
    time = bars.time[first:]
    _refuse_overflow(simulation, prices, time)
    measured = measure(_course(simulation, request, prices, time))
    coverage, warnings = cover(request, prices, first=first, look_back=strategy.look_back)
    return BacktestResult(
        strategy_name=strategy.name,
        initial_capital=request.initial_capital,
        time=time,
        equity=simulation.equity,
        trades=simulation.trades(),
        metrics=measured.metrics,
        metric_notes=measured.notes,
        coverage=coverage,
        warnings=[*warnings, *_warnings_of(simulation, time)],
    )


@dataclass(slots=True)
class _Pace:
    on_progress: Report
    cancelled: Callable[[], bool]

    def report(self, step: str, share: float, remaining_seconds: float | None = None) -> None:
        """share: of the step, 0 to 1."""
        if self.cancelled():
            raise Cancelled(step)
        ends = {INDICATORS: BEGINS[SIMULATE], SIMULATE: BEGINS[SAVE]}
        percent = BEGINS[step] + int(share * (ends[step] - BEGINS[step]))
        self.on_progress(percent, step, remaining_seconds)


def _simulate(simulation: Simulation, pace: _Pace) -> None:
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


def _course(simulation: Simulation, request: BacktestRequest, prices: Prices, time: NDArray[np.int64]) -> Course:
    series, trades = prices.series, simulation.trades()
    nanoseconds = int(time[-1] - time[0]) + TIMEFRAMES[series.timeframe]
    return Course(
        initial_capital=request.initial_capital,
        equity=simulation.equity,
        days=session_days(time, series.timeframe, series.session_timezone),
        years=nanoseconds / SECOND / SECONDS_A_YEAR,
        annualization_factor=annualization_factor(series.timeframe, round_the_clock=series.round_the_clock),
        pnl=trades["pnl"][trades["exit"] >= 0],
        open_trades=int(simulation.has_position),
        bars_held=simulation.bars_held,
        ruined_at=simulation.ruined_at,
    )


def _warnings_of(simulation: Simulation, time: NDArray[np.int64]) -> list[Warned]:
    said: list[Warned] = []
    if simulation.ruined_at is not None:
        when = iso_time(int(time[simulation.ruined_at]))
        said.append({"code": "RUINED", "message": f"Equity reached zero at {when}; the run ended there."})
    reasons = {
        "SIZE": "bought nothing: too little cash was left",
        "END_OF_DATA": "was still waiting for the next open when the prices ended",
    }
    for reason, count in simulation.rejected.items():
        plural = "order" if count == 1 else "orders"
        said.append({"code": f"REJECTED_{reason}", "message": f"{count} {plural} {reasons[reason]}."})
    return said
