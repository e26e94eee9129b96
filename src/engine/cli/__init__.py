"""What the engine adds to the command line: `data` and `backtest`. Nothing on stdout but the answer.

Here is what a caller may write; what is done is imported only by whoever runs it, so that --help stays quick.
"""

from pathlib import Path
from typing import Annotated

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
        as_json=as_json,
    )


def backtest(
    symbol: Annotated[str | None, typer.Argument(help="What to trade. Default: the strategy's own symbol.")] = None,
    strategy: Annotated[str, typer.Option(help="A built-in's name or id, or a .json file with one.")] = "sma-cross",
    start: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")] = "2020-01-01",
    end: Annotated[str, typer.Option("--to", help="Last day, inclusive.")] = "2022-12-28",
    capital: Annotated[float, typer.Option(help="100 to 10,000,000.")] = 10_000,
    timeframe: Timeframe = "1d",
    param: Annotated[list[str] | None, typer.Option(help="Override a parameter: fast=10. May be repeated.")] = None,
    commission: Annotated[float, typer.Option(help="Fraction of the money that a fill moves: 0.001.")] = 0.0,
    slippage: Annotated[float, typer.Option(help="Fraction by which a fill's price is worse: 0.0005.")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Run a backtest here and now, without a queue, on stored prices or the bundled ones."""
    from engine.cli import running

    members = {
        "strategyId": strategy,
        "symbol": symbol,
        "timeframe": timeframe,
        "startDate": start,
        "endDate": end,
        "initialCapital": capital,
        "costs": {"commission": commission, "slippage": slippage},
    }
    running.backtest(members, param or [], as_json=as_json)
