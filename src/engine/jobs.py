"""Backtests as jobs: what a worker calls. Fits the queue's handlers by shape and knows nothing else of it."""

import os
from collections.abc import Mapping
from typing import Any, Protocol

import psycopg

from engine import compiling, coverage, rules, store, strategies
from engine.errors import Cancelled, DatabaseUnset, RequestError, UnknownSymbol
from engine.price_connection import PriceConnection
from engine.request import BacktestRequest, parse_args
from engine.result import Encoded, encode
from engine.rules import Strategy, compile_strategy
from engine.series import Prices
from engine.sweep_plan import plan
from engine.sweep_request import SweepRequest, parse_sweep_args

_connection = PriceConnection()


class Context(Protocol):
    """What a run needs of whoever runs it."""

    def progress(self, percent: int, step: str, remaining_seconds: float | None = None) -> None: ...

    def cancelled(self) -> bool: ...


class Backtest:
    """Handler of kind `backtest`. numba is imported where it runs: whoever only checks args stays light."""

    time_limit = 300.0

    def check(self, args: Mapping[str, Any]) -> None:
        """Raise RequestError, StrategyError or UnknownStrategy for args that can never succeed."""
        read_args(args)

    def run(self, args: Mapping[str, Any], context: Context) -> Encoded:
        from engine import backtest  # noqa: PLC0415 imports numba

        request, strategy = read_args(args)
        context.progress(backtest.BEGINS[backtest.LOAD], backtest.LOAD)
        prices, benchmark = _load(request, strategy.warm_up)
        if context.cancelled():
            raise Cancelled(backtest.LOAD)
        context.progress(backtest.BEGINS[backtest.INDICATORS], backtest.INDICATORS)
        result = backtest.run(
            request,
            strategy,
            prices,
            benchmark=benchmark,
            on_progress=context.progress,
            cancelled=context.cancelled,
        )
        context.progress(backtest.BEGINS[backtest.SAVE], backtest.SAVE)
        encoded = encode(result)
        context.progress(99, backtest.SAVE)
        return encoded

    def warm(self) -> None:
        """Load, or compile once, every kernel, by a run over bundled prices."""
        with compiling.logged():
            from engine import backtest, sample, sweep  # noqa: F401, PLC0415 imports numba; sweep: to be told of as one

        built_in = strategies.get("sma-cross")
        days = {"startDate": "2020-01-01", "endDate": "2020-12-31"}
        request = parse_args({"strategyId": built_in.short_name, **days})
        encode(backtest.run(request, compile_strategy(built_in.definition), sample.find("AAPL", "1d").read()))


class Sweep:
    """Handler of kind `sweep`: a strategy over a grid of its parameters."""

    time_limit = 900.0

    def check(self, args: Mapping[str, Any]) -> None:
        """Raise RequestError, StrategyError, UnknownStrategy or GridTooLarge for args that can never succeed."""
        plan(*read_sweep_args(args))

    def run(self, args: Mapping[str, Any], context: Context) -> Encoded:
        from engine import backtest, sweep, sweep_result  # noqa: PLC0415 imports numba

        request, template = read_sweep_args(args)
        planned = plan(request, template)
        context.progress(backtest.BEGINS[backtest.LOAD], backtest.LOAD)
        prices, benchmark = _load(request, planned.warm_up)
        result = sweep.run(
            request,
            planned,
            prices,
            benchmark=benchmark,
            on_progress=context.progress,
            cancelled=context.cancelled,
        )
        context.progress(backtest.BEGINS[backtest.SAVE], backtest.SAVE)
        return sweep_result.encode(result)

    def warm(self) -> None:
        """Load, or compile once, every kernel, by a small sweep over bundled prices."""
        with compiling.logged():
            from engine import sample, sweep, sweep_result  # noqa: PLC0415 imports numba

        built_in = strategies.get("sma-cross")
        days = {"startDate": "2020-01-01", "endDate": "2020-12-31", "grid": {"fast": [5, 10]}, "top": 1}
        request = parse_sweep_args({"strategyId": built_in.short_name, **days})
        planned = plan(request, rules.read(built_in.definition))
        sweep_result.encode(sweep.run(request, planned, sample.find("AAPL", "1d").read()))


backtest = Backtest()
sweep = Sweep()


def read_sweep_args(args: Mapping[str, Any]) -> tuple[SweepRequest, rules.Template]:
    """The request and the strategy of a job of kind `sweep`, read as those of a backtest are."""
    request = parse_sweep_args(args)
    strategy = args.get("strategy")
    if strategy is None or isinstance(strategy, str):
        built_in = strategies.get(strategy or request.strategy_id)
        return request.with_symbol(built_in.default_symbol), rules.read(built_in.definition)
    if request.symbol is None:
        raise RequestError([{"path": "symbol", "message": "is required"}])
    return request, rules.read(strategy)


def read_args(args: Mapping[str, Any]) -> tuple[BacktestRequest, Strategy]:
    """The request and the compiled strategy of a job. `strategy` is a definition or a built-in's name."""
    request = parse_args(args)
    strategy = args.get("strategy")
    if strategy is None or isinstance(strategy, str):
        built_in = strategies.get(strategy or request.strategy_id)
        return request.with_symbol(built_in.default_symbol), compile_strategy(
            built_in.definition, request.strategy_params
        )
    if request.symbol is None:
        raise RequestError([{"path": "symbol", "message": "is required"}])
    return request, compile_strategy(strategy, request.strategy_params)


def _load(request: BacktestRequest, warm_up: int) -> tuple[Prices, Prices | None]:
    """The prices of a run, and those of the benchmark where it names one."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        raise DatabaseUnset
    return _connection.load(url, lambda connection: load(connection, request, warm_up))


def load(connection: psycopg.Connection, request: BacktestRequest, warm_up: int) -> tuple[Prices, Prices | None]:
    """As stored; what is not stored is fetched first, where the operator allowed it.

    Raises UnknownSymbol or PricesNotFetched for either symbol.
    """

    def stored(symbol: str, look_back: int) -> Prices:
        return store.load_prices(
            connection,
            symbol,
            request.timeframe,
            span=lambda series: coverage.span(request, series),
            look_back=look_back,
        )

    def read(symbol: str, look_back: int) -> Prices:
        try:
            return stored(symbol, look_back)
        except UnknownSymbol:
            from engine import provider  # noqa: PLC0415 imports httpx

            source = provider.configured()
            if source is None or not source.offers(symbol, request.timeframe):
                raise
            fetched = source.fetch(symbol, request.timeframe)
            store.import_bars(connection, fetched.listing, fetched.bars)
            return stored(symbol, look_back)

    # One bar before the first is what the benchmark's first return is taken against.
    benchmark = None if request.benchmark is None else read(request.benchmark, 1)
    return read(request.symbol or "", warm_up), benchmark
