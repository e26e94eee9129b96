"""One strategy over a grid of its parameters: every combination's metrics, the best in full, and how lucky they are.

Every combination sees the same bars, with the warm-up that the longest of them needs. Where a day is given from which
on results are out of sample, combinations are ranked by what came before it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from engine import backtest
from engine.backtest import CHUNK_SECONDS, Pace, Report
from engine.comparison import years
from engine.coverage import cut
from engine.errors import GridTooLarge, RangeNotCovered
from engine.grid import Grid
from engine.measure import riskless_of_a_day
from engine.orders import Costs
from engine.result import BacktestResult
from engine.series import Prices
from engine.sweep_plan import Plan
from engine.sweep_request import SweepRequest
from engine.timeframes import TIMEFRAMES, annualization_factor, day_start
from engine.trial_table import Column, Deflated, deflated_sharpe, ranked, table
from engine.trials import Sums, Terms, runner

#: Some minutes of one core; a bar of one combination takes a few nanoseconds.
MAX_WORK = 50_000_000_000
FIRST_BATCH = 64


@dataclass(frozen=True, slots=True)
class SweepResult:
    """columns: by metric (k,), NaN where undefined. order: numbers of the combinations, the best first.

    best: the first of them as runs of their own, over all of the range.
    """

    request: SweepRequest
    grid: Grid
    columns: Mapping[str, Column]
    order: NDArray[np.intp]
    best: list[BacktestResult]
    deflated: Deflated


def run(
    request: SweepRequest,
    planned: Plan,
    prices: Prices,
    *,
    benchmark: Prices | None = None,
    on_progress: Report = lambda _percent, _step, _remaining: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> SweepResult:
    """on_progress: as engine.backtest.run; between the phases it counts combinations."""
    pace = Pace(on_progress, cancelled)
    whole, first = cut(request, prices, look_back=planned.warm_up)
    seen = _in_sample(request, whole, first)
    work = planned.grid.count * len(seen.bars)
    if work > MAX_WORK:
        raise GridTooLarge(work, MAX_WORK, of=f"bars in {planned.grid.count:,} combinations of {len(seen.bars):,}")
    pace.report(backtest.INDICATORS, 0.0)
    factor = annualization_factor(seen.series.timeframe, round_the_clock=seen.series.round_the_clock)
    terms = _terms(request, seen, first, riskless_of_a_day(request.risk_free_rate, factor))
    sums = _run_all(planned, terms, pace)
    time = seen.bars.time[first:]
    columns = table(
        sums,
        initial_capital=request.initial_capital,
        years=years(time, TIMEFRAMES[seen.series.timeframe]),
        annualization_factor=factor,
    )
    order = ranked(columns[request.rank_by])
    best = [
        backtest.run(
            request,
            planned.strategy(int(number)),
            prices,
            benchmark=benchmark,
            warm_up=planned.warm_up,
            cancelled=cancelled,
        )
        for number in order[: request.top]
    ]
    luck = deflated_sharpe(columns["sharpeRatio"], _returns(best[0], len(time)), factor, terms.riskless)
    return SweepResult(request, planned.grid, columns, order, best, luck)


def _in_sample(request: SweepRequest, prices: Prices, first: int) -> Prices:
    day, series = request.out_of_sample_from, prices.series
    if day is None:
        return prices
    begin = day_start(day, series.timeframe, series.session_timezone)
    end = int(np.searchsorted(prices.bars.time, begin))
    if end <= first:
        asked = (request.start_date.isoformat(), day.isoformat())
        raise RangeNotCovered(series.symbol, series.timeframe, asked=asked, stored=asked)
    return Prices(series, prices.bars.between(0, end))


def _terms(request: SweepRequest, prices: Prices, first: int, riskless: float) -> Terms:
    costs = request.costs
    return Terms(
        prices=prices,
        first=first,
        initial_capital=request.initial_capital,
        riskless=riskless,
        costs=Costs(costs.commission, costs.slippage, costs.fixed, costs.minimum, costs.per_unit),
        lot=request.lot,
        close_at_end=request.close_at_end,
    )


def _run_all(planned: Plan, terms: Terms, pace: Pace) -> Sums:
    """In batches of some 35 ms, so that progress is told and a cancel is seen."""
    count = planned.grid.count
    sums = Sums.empty(count)
    run_some = runner(planned, terms)
    done, wanted = 0, 1
    began = perf_counter()
    while done < count:
        at = perf_counter()
        before, done = done, run_some(done, wanted, sums)
        now = perf_counter()
        remaining = (count - done) * (now - began) / done
        pace.report(backtest.SIMULATE, done / count, remaining)
        wanted = max(1, min(4 * wanted, int(CHUNK_SECONDS / max(now - at, 1e-9) * (done - before))))
    return sums


def _returns(result: BacktestResult, bars: int) -> NDArray[np.float64]:
    """One a day, of the bars that were ranked."""
    equity, days = result.equity[:bars], result.days[:bars]
    last_of_day = np.append(np.flatnonzero(np.diff(days)), len(days) - 1)
    marks = np.concatenate(([result.initial_capital], equity[last_of_day]))
    marks = marks[: int(np.argmax(marks <= 0)) + 1] if (marks <= 0).any() else marks
    return np.asarray(marks[1:] / marks[:-1] - 1)
