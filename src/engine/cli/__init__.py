"""What the engine adds to the command line: `data`, `backtest` and `sweep`. Nothing on stdout but the answer.

Here is what a caller may write; what is done is imported only by whoever runs it, so that --help stays quick.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
Timeframe = Annotated[str, typer.Option(help="1m 5m 15m 30m 1h 4h 1d 1w")]

data = typer.Typer(name="data", help="Prices to test on: list, import, load the bundled ones.", no_args_is_help=True)


@data.command("list")
def list_(as_json: AsJson = False) -> None:
    """What can be tested, from when to when."""
    from engine.cli import prices

    prices.list_stored(as_json=as_json)


@data.command("sample")
def sample(as_json: AsJson = False) -> None:
    """Load the bundled prices. Doing it again changes nothing."""
    from engine.cli import prices

    prices.load_samples(as_json=as_json)


@data.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV or .csv.gz: date, open, high, low, close, volume; or date, close.")],
    symbol: Annotated[str, typer.Option(help="1 to 10 of A–Z 0–9 . ^ = _ -")],
    timeframe: Timeframe = "1d",
    name: Annotated[str | None, typer.Option(help="What the symbol stands for.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Of the session: America/New_York. New symbols: UTC.")] = None,
    round_the_clock: Annotated[
        bool | None, typer.Option("--round-the-clock/--sessions", help="Does it trade always? New symbols: sessions.")
    ] = None,
    adjusted: Annotated[bool, typer.Option("--adjusted", help="Prices are adjusted for splits and dividends.")] = False,
    source: Annotated[str | None, typer.Option(help="Where the prices come from. Default: the file's name.")] = None,
    date_format: Annotated[
        str | None, typer.Option(help="Of the dates, as %d.%m.%Y; ISO, 20200131 and seconds since 1970 are recognised.")
    ] = None,
    times_in: Annotated[
        str | None, typer.Option(help="Zone of intraday times that name none: America/New_York. Default: refused.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a file's bars to a symbol, correcting those that differ."""
    from engine.cli import prices

    prices.import_file(
        file,
        symbol=symbol,
        timeframe=timeframe,
        name=name,
        timezone=timezone,
        round_the_clock=round_the_clock,
        adjusted=adjusted,
        source=source,
        date_format=date_format,
        times_in=times_in,
        as_json=as_json,
    )


SymbolArgument = Annotated[str, typer.Argument(help="1 to 10 of A–Z 0–9 . ^ = _ -")]


@data.command("show")
def show(symbol: SymbolArgument, timeframe: Timeframe = "1d", as_json: AsJson = False) -> None:
    """What is known of a series, and where it has gaps."""
    from engine.cli import prices

    prices.show(symbol, timeframe, as_json=as_json)


@data.command("export")
def export(
    symbol: SymbolArgument,
    timeframe: Timeframe = "1d",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A new file. Default: standard output.")] = None,
) -> None:
    """Write a series as CSV, as `data import` reads it."""
    from engine.cli import prices

    prices.export(symbol, timeframe, output)


@data.command("synth")
def synth(
    symbol: SymbolArgument,
    bars: Annotated[int, typer.Option(help="How many, 1 to 5,000,000.")] = 2_520,
    seed: Annotated[int, typer.Option(help="The same seed, the same bars.")] = 1,
    timeframe: Timeframe = "1d",
    start: Annotated[str, typer.Option("--from", help="Day of the first bar, YYYY-MM-DD.")] = "2015-01-01",
    volatility: Annotated[float, typer.Option(help="Of one bar's return: 0.01.")] = 0.01,
    drift: Annotated[float, typer.Option(help="Of one bar's return: 0.0003.")] = 0.0,
    round_the_clock: Annotated[bool, typer.Option("--round-the-clock", help="Weekends, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make up a random walk to try things out on. It says everywhere that it is synthetic."""
    from engine.cli import prices

    prices.synth(
        symbol,
        bars=bars,
        seed=seed,
        timeframe=timeframe,
        start=start,
        volatility=volatility,
        drift=drift,
        round_the_clock=round_the_clock,
        as_json=as_json,
    )


@data.command("delete")
def delete(
    symbol: SymbolArgument,
    timeframe: Annotated[str | None, typer.Option(help="Only this one. Default: all of the symbol.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget a symbol's prices. Results that used them stay."""
    from engine.cli import prices

    prices.delete(symbol, timeframe, yes=yes, as_json=as_json)


Symbol = Annotated[str | None, typer.Argument(help="What to trade. Default: the strategy's own symbol.")]
StrategyOption = Annotated[str, typer.Option(help="A built-in's name or id, or a .json file with one.")]
Start = Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD [default: the symbol's first].")]
End = Annotated[str | None, typer.Option("--to", help="Last day, inclusive [default: the symbol's last].")]
Capital = Annotated[float, typer.Option(help="100 to 10,000,000.")]
Param = Annotated[list[str] | None, typer.Option(help="Override a parameter: fast=10. May be repeated.")]
Commission = Annotated[float, typer.Option(help="Fraction of the money that a fill moves: 0.001.")]
Slippage = Annotated[float, typer.Option(help="Fraction by which a fill's price is worse: 0.0005.")]
Fixed = Annotated[float, typer.Option(help="Money that every fill costs beside the commission.")]
Minimum = Annotated[float, typer.Option(help="The least that a fill costs, in money.")]
PerUnit = Annotated[float, typer.Option(help="Money that each unit of a fill costs.")]
Lot = Annotated[float, typer.Option(help="Units are rounded down to a multiple of this; 0: fractions are traded.")]
CloseAtEnd = Annotated[bool, typer.Option("--close-at-end", help="Close an open position at the last close.")]
RiskFree = Annotated[float, typer.Option("--risk-free-rate", help="A year's, as a fraction: 0.03.")]
OutOfSample = Annotated[
    str | None, typer.Option("--out-of-sample-from", help="Measure before and from this day on apart, YYYY-MM-DD.")
]
Against = Annotated[str | None, typer.Option(help="A symbol to compare with: alpha, beta, its own return.")]


def backtest(
    symbol: Symbol = None,
    strategy: StrategyOption = "sma-cross",
    start: Start = None,
    end: End = None,
    capital: Capital = 10_000,
    timeframe: Timeframe = "1d",
    param: Param = None,
    commission: Commission = 0.0,
    slippage: Slippage = 0.0,
    fixed: Fixed = 0.0,
    minimum: Minimum = 0.0,
    per_unit: PerUnit = 0.0,
    lot: Lot = 0.0,
    close_at_end: CloseAtEnd = False,
    risk_free_rate: RiskFree = 0.0,
    out_of_sample_from: OutOfSample = None,
    benchmark: Against = None,
    as_json: AsJson = False,
) -> None:
    """Run a backtest here and now, without a queue, on stored prices or the bundled ones."""
    from engine.cli import terminal

    with terminal.kernels_compiled():
        from engine.cli import running

    costs = _costs(commission, slippage, fixed, minimum, per_unit)
    members = _members(strategy, symbol, timeframe, start, end, capital, costs)
    members |= {"lot": lot, "closeAtEnd": close_at_end, "riskFreeRate": risk_free_rate}
    members |= {"outOfSampleFrom": out_of_sample_from, "benchmark": benchmark}
    running.backtest(members, param or [], as_json=as_json)


def sweep(
    grid: Annotated[
        list[str], typer.Option(help="Values of a parameter: fast=5:50:5 (from, to, step) or slow=20,50. Repeat.")
    ],
    symbol: Symbol = None,
    strategy: StrategyOption = "sma-cross",
    where: Annotated[str | None, typer.Option(help="Which combinations are meant: 'fast < slow'.")] = None,
    rank_by: Annotated[str, typer.Option(help="sharpeRatio cagr maxDrawdown winRate profitFactor totalReturn")] = (
        "sharpeRatio"
    ),
    top: Annotated[int, typer.Option(help="How many of the best are shown, 1 to 10.")] = 5,
    start: Start = None,
    end: End = None,
    capital: Capital = 10_000,
    timeframe: Timeframe = "1d",
    param: Param = None,
    commission: Commission = 0.0,
    slippage: Slippage = 0.0,
    fixed: Fixed = 0.0,
    minimum: Minimum = 0.0,
    per_unit: PerUnit = 0.0,
    lot: Lot = 0.0,
    close_at_end: CloseAtEnd = False,
    risk_free_rate: RiskFree = 0.0,
    out_of_sample_from: OutOfSample = None,
    csv: Annotated[Path | None, typer.Option(help="Write the table of all combinations to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a strategy over a grid of its parameters and rank what comes out."""
    from engine.cli import terminal

    with terminal.kernels_compiled():
        from engine.cli import sweeping

    costs = _costs(commission, slippage, fixed, minimum, per_unit)
    members = _members(strategy, symbol, timeframe, start, end, capital, costs)
    members |= {"lot": lot, "closeAtEnd": close_at_end, "riskFreeRate": risk_free_rate}
    members |= {"outOfSampleFrom": out_of_sample_from, "where": where, "rankBy": rank_by, "top": top}
    sweeping.sweep(members, grid, param or [], csv_file=csv, as_json=as_json)


def _costs(commission: float, slippage: float, fixed: float, minimum: float, per_unit: float) -> dict[str, float]:
    return {
        "commission": commission,
        "slippage": slippage,
        "fixed": fixed,
        "minimum": minimum,
        "perUnit": per_unit,
    }


def _members(
    strategy: str,
    symbol: str | None,
    timeframe: str,
    start: str | None,
    end: str | None,
    capital: float,
    costs: dict[str, float],
) -> dict[str, Any]:
    return {
        "strategyId": strategy,
        "symbol": symbol,
        "timeframe": timeframe,
        "startDate": start,
        "endDate": end,
        "initialCapital": capital,
        "costs": costs,
    }
