"""`pgqueue backtest`: a run in this very process."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from engine import backtest as engine_run
from engine import jobs, sample, strategies
from engine.cli import terminal
from engine.errors import RequestError, StrategyError
from engine.request import BacktestRequest, parse_args
from engine.result import summarize
from engine.rules import Strategy, compile_strategy
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
}
PERCENTAGES = ("cagr", "maxDrawdown", "winRate", "volatility", "totalReturn", "exposure")


def backtest(members: Mapping[str, Any], params: Sequence[str], *, as_json: bool) -> None:
    """members: a request as a flat body. params: overrides as NAME=NUMBER."""
    overrides = _overrides(params)
    with terminal.sentences():
        request, strategy = _strategy(_request({**members, "strategyParams": overrides}))
        prices, benchmark = _prices(request, strategy)
        summary = summarize(engine_run.run(request, strategy, prices, benchmark=benchmark))
    if as_json:
        terminal.write_json(summary)
    else:
        _write_summary(summary)


def _request(members: Mapping[str, Any]) -> BacktestRequest:
    """Refusals name the options that the caller wrote, not a body's members."""
    try:
        return parse_args(members)
    except RequestError as error:
        raise RequestError(
            [{**detail, "path": OPTIONS.get(detail["path"], detail["path"])} for detail in error.details]
        ) from None


def _overrides(params: Sequence[str]) -> dict[str, float]:
    overrides = {}
    for text in params:
        name, _, value = text.partition("=")
        try:
            overrides[name.strip()] = float(value)
        except ValueError:
            raise typer.BadParameter(f"{text!r} is not NAME=NUMBER, as fast=10", param_hint="--param") from None
    return overrides


def _strategy(request: BacktestRequest) -> tuple[BacktestRequest, Strategy]:
    if not request.strategy_id.endswith(".json"):
        built_in = strategies.get(request.strategy_id)
        request = request.with_symbol(built_in.default_symbol)
        return request, compile_strategy(built_in.definition, request.strategy_params)
    definition = read_file(Path(request.strategy_id))
    if request.symbol is None:
        raise typer.BadParameter("name it: a strategy from a file has no default", param_hint="SYMBOL")
    try:
        return request, compile_strategy(definition, request.strategy_params)
    except StrategyError as error:
        terminal.note(f"{request.strategy_id}: {error}")
        terminal.quote(excerpt(definition, error))
        raise typer.Exit(terminal.USAGE) from None


def _prices(request: BacktestRequest, strategy: Strategy) -> tuple[Prices, Prices | None]:
    """Stored prices where DATABASE_URL names a store, else the bundled ones. Which, is said on stderr."""
    symbol = request.symbol or ""
    if not os.environ.get("DATABASE_URL"):
        bundled = sample.find(symbol, request.timeframe)
        terminal.note(f"DATABASE_URL is not set: bundled prices of {symbol}, {bundled.source}.")
        benchmark = None if request.benchmark is None else sample.find(request.benchmark, request.timeframe).read()
        return bundled.read(), benchmark
    with terminal.connection() as connection:
        prices, benchmark = jobs.load(connection, request, strategy.warm_up)
    terminal.note(f"prices of {symbol} from the database, version {prices.series.version}.")
    return prices, benchmark


def _write_summary(summary: Mapping[str, Any]) -> None:
    covered, notes = summary["coverage"], summary["metricNotes"]
    money = f"{summary['initialCapital']:,.2f} → {summary['finalEquity']:,.2f}"
    terminal.write(f"{summary['strategyName']} on {covered['symbol']} {covered['timeframe']}: {money}")
    rows = [(name, _metric(name, value), notes.get(name, "")) for name, value in summary["metrics"].items()]
    terminal.write_table(("metric", "value", "note"), rows, numbers=("value",))
    kind = terminal.kind_of_prices(close_only=covered["closeOnly"], adjusted=covered["adjusted"])
    terminal.write(
        f"{covered['bars']:,} bars from {covered['dataStart']} to {covered['dataEnd']}, {kind}; {covered['source']}."
    )
    for warning in summary["warnings"]:
        terminal.note(warning["message"])


def _metric(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    if name in PERCENTAGES:
        return f"{value:.2%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"
