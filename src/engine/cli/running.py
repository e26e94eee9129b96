"""`pgqueue backtest`: a run in this very process."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import typer

from engine import backtest as engine_run
from engine import jobs, sample, strategies
from engine.cli import days, terminal
from engine.errors import RequestError, StrategyError
from engine.metrics import HEADLINE
from engine.request import BacktestRequest, parse_args
from engine.result import summarize
from engine.rules import Template, read
from engine.series import Prices
from engine.strategies.source import excerpt, read_file

OPTIONS = {
    "strategyId": "--strategy",
    "symbol": "SYMBOL",
    "timeframe": "--timeframe",
    "startDate": "--from",
    "endDate": "--to",
    "initialCapital": "--capital",
    "costs.commission": "--commission",
    "costs.slippage": "--slippage",
    "costs.fixed": "--fixed",
    "costs.minimum": "--minimum",
    "costs.perUnit": "--per-unit",
    "lot": "--lot",
    "closeAtEnd": "--close-at-end",
    "riskFreeRate": "--risk-free-rate",
    "outOfSampleFrom": "--out-of-sample-from",
    "benchmark": "--benchmark",
    "where": "--where",
    "rankBy": "--rank-by",
    "top": "--top",
}
Request = TypeVar("Request", bound=BacktestRequest)
PERCENTAGES = ("cagr", "maxDrawdown", "winRate", "volatility", "totalReturn", "exposure")


def backtest(members: Mapping[str, Any], params: Sequence[str], *, as_json: bool) -> None:
    """members: a request as a flat body, its days None where they were not named. params: overrides as NAME=NUMBER."""
    asked = {**members, "strategyParams": read_overrides(params)}
    read_as = partial(read_request, parse_args)
    with terminal.sentences():
        request, template = find_strategy(read_as(days.anytime(asked)))
        strategy = template.bind(request.strategy_params)
        prices, benchmark = find_prices(request, strategy.warm_up)
        request = days.within(asked, request, prices.series, read_as)
        summary = summarize(engine_run.run(request, strategy, prices, benchmark=benchmark))
    if as_json:
        terminal.write_json(summary)
    else:
        write_summary(summary)


def read_request(parse: Callable[[object], Request], members: Mapping[str, Any]) -> Request:
    """Refusals name the options that the caller wrote, not a body's members."""
    try:
        return parse(members)
    except RequestError as error:
        raise RequestError(
            [{**detail, "path": OPTIONS.get(detail["path"], detail["path"])} for detail in error.details]
        ) from None


def read_overrides(params: Sequence[str]) -> dict[str, float]:
    """NAME=NUMBER, each."""
    overrides = {}
    for text in params:
        name, _, value = text.partition("=")
        try:
            overrides[name.strip()] = float(value)
        except ValueError:
            raise typer.BadParameter(f"{text!r} is not NAME=NUMBER, as fast=10", param_hint="--param") from None
    return overrides


def find_strategy(request: Request) -> tuple[Request, Template]:
    """A built-in, or one read from a file; what is wrong in a file is shown in its place."""
    if not request.strategy_id.endswith(".json"):
        built_in = strategies.get(request.strategy_id)
        return request.with_symbol(built_in.default_symbol), read(built_in.definition)
    definition = read_file(Path(request.strategy_id))
    if request.symbol is None:
        raise typer.BadParameter("name it: a strategy from a file has no default", param_hint="SYMBOL")
    with quoting(request.strategy_id, definition):
        return request, read(definition)


@contextmanager
def quoting(file: str, definition: object) -> Iterator[None]:
    """Errors in a strategy's own text are shown with the text."""
    try:
        yield
    except StrategyError as error:
        terminal.note(f"{file}: {error}")
        terminal.quote(excerpt(definition, error))
        raise typer.Exit(terminal.USAGE) from None


def find_prices(request: BacktestRequest, warm_up: int) -> tuple[Prices, Prices | None]:
    """Stored prices where DATABASE_URL names a store, else the bundled ones. Which, is said on stderr."""
    symbol = request.symbol or ""
    if not os.environ.get("DATABASE_URL"):
        bundled = sample.find(symbol, request.timeframe)
        terminal.note(f"DATABASE_URL is not set: bundled prices of {symbol}, {bundled.source}.")
        benchmark = None if request.benchmark is None else sample.find(request.benchmark, request.timeframe).read()
        return bundled.read(), benchmark
    with terminal.connection() as connection:
        prices, benchmark = jobs.load(connection, request, warm_up)
    terminal.note(f"prices of {symbol} from the database, version {prices.series.version}.")
    return prices, benchmark


def write_summary(summary: Mapping[str, Any]) -> None:
    """For people."""
    covered, notes = summary["coverage"], summary["metricNotes"]
    money = f"{summary['initialCapital']:,.2f} → {summary['finalEquity']:,.2f}"
    terminal.write(f"{summary['strategyName']} on {covered['symbol']} {covered['timeframe']}: {money}")
    rows = [(name, metric(name, value), notes.get(name, "")) for name, value in summary["metrics"].items()]
    terminal.write_table(("metric", "value", "note"), rows, numbers=("value",))
    _write_comparisons(summary)
    kind = terminal.kind_of_prices(close_only=covered["closeOnly"], adjusted=covered["adjusted"])
    terminal.write(
        f"{covered['bars']:,} bars from {covered['dataStart']} to {covered['dataEnd']}, {kind}; {covered['source']}."
    )
    for warning in summary["warnings"]:
        terminal.note(warning["message"])


def _write_comparisons(summary: Mapping[str, Any]) -> None:
    if summary.get("outOfSample"):
        parts = [summary["outOfSample"][part]["metrics"] for part in ("inSample", "outOfSample")]
        rows = [(name, *(metric(name, part[name]) for part in parts)) for name in HEADLINE]
        columns = ("metric", f"before {summary['outOfSample']['from']}", "from then on")
        terminal.write_table(columns, rows, numbers=columns[1:])
    if summary.get("benchmark"):
        other = summary["benchmark"]
        terminal.write(f"{other['symbol']} itself: {other['totalReturn']:.2%}.")


def metric(name: str, value: float | None) -> str:
    """A metric's value for people."""
    if value is None:
        return "–"
    if name in PERCENTAGES:
        return f"{value:.2%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"
