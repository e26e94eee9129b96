"""`pgqueue demo` and `pgqueue up`: the whole product on this machine, with one command."""

import logging
import signal
import sys
import time
from collections.abc import Mapping
from threading import Event
from typing import Annotated, Any
from uuid import NAMESPACE_URL, uuid5

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from api.cli.client import Client
from api.cli.stack import Stack, running_stack, to_json
from api.cli.warming import CompilingBar
from pgqueue import load_settings

EXAMPLE = {
    "strategyId": "123e4567-e89b-12d3-a456-426614174000",
    "params": {"symbol": "AAPL", "startDate": "2020-01-01", "endDate": "2025-12-22", "initialCapital": 10000},
    "priority": 5,
}
"""The first request of the API's documentation."""

OPERATOR = uuid5(NAMESPACE_URL, "pgqueue:operator")
LOOK_SECONDS = 0.5
PAUSED = "The queue is paused: nothing starts until another terminal says `pgqueue queue resume`."
STAGES = {"database": "PostgreSQL", "schema": "schema", "start": "prices, API, worker"}
METRICS = {
    "sharpeRatio": ("Sharpe ratio", "{:.2f}"),
    "cagr": ("Yearly growth (CAGR)", "{:.2%}"),
    "maxDrawdown": ("Deepest drawdown", "{:.2%}"),
    "winRate": ("Trades won", "{:.1%}"),
    "totalTrades": ("Closed trades", "{:d}"),
    "profitFactor": ("Profit factor", "{:.2f}"),
}

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port; when it is taken, any free one.")]


def demo(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object; ends by itself.")] = False,
) -> None:
    """Run a real backtest end to end: over HTTP, followed live, on real prices."""
    _end_on_sigterm()
    console = Console(stderr=as_json)
    began = time.monotonic()
    stays = not as_json and sys.stdout.isatty()
    logging.basicConfig(format="%(message)s")
    with (
        CompilingBar(console) as bar,
        running_stack(
            load_settings(),
            user_id=uuid5(NAMESPACE_URL, "pgqueue:demo"),
            # Where all of it stops at once, nobody is to operate it.
            operator_id=OPERATOR if stays else None,
            plan="pro",
            host=host,
            port=port,
            logs_to_terminal=False,
            tell=lambda name, seconds: console.print(f"[green]✓[/] {STAGES[name]} [dim]{seconds:.1f} s[/]"),
            tell_of_compiling=bar.tell,
        ) as stack,
    ):
        final, result = _run_example(stack, console)
        stack.seconds["total"] = round(time.monotonic() - began, 3)
        if as_json:
            sys.stdout.write(to_json(_answer(stack, final, result)) + "\n")
        else:
            _show(console, final, result)
            if stays:
                console.print(f"\nThe page: {stack.login_url}", soft_wrap=True, highlight=False)
                console.print(f"Operate:  {stack.operator_url}", soft_wrap=True, highlight=False)
            else:
                console.print(
                    f"\nThe page was {stack.url}. Not on a terminal: all of it stops now; `make up` keeps it."
                )
        if stays:
            console.print("[dim]Runs until Ctrl-C.[/]")
            _wait_for_interrupt(stack, console)
    raise typer.Exit(0 if final.get("status") == "completed" else 1)


def up(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    access_log: Annotated[
        bool, typer.Option("--access-log", help="A line for each request, not only for those refused.")
    ] = False,
) -> None:
    """Start everything to work against: its account is `pro`. Runs until Ctrl-C."""
    _end_on_sigterm()
    console = Console(stderr=True)
    with (
        CompilingBar(console) as bar,
        running_stack(
            load_settings(),
            user_id=uuid5(NAMESPACE_URL, "pgqueue:up"),
            operator_id=OPERATOR,
            plan="pro",
            host=host,
            port=port,
            logs_to_terminal=True,
            logs_requests=access_log,
            tell=lambda name, seconds: console.print(f"[green]✓[/] {STAGES[name]} [dim]{seconds:.1f} s[/]"),
            tell_of_compiling=bar.tell,
        ) as stack,
    ):
        console.print(f"The page: {stack.login_url}", soft_wrap=True, highlight=False)
        console.print(f"Operate:  {stack.operator_url}", soft_wrap=True, highlight=False)
        console.print(f"The API:  {stack.url}  (Authorization: Bearer {stack.key})", soft_wrap=True, highlight=False)
        console.print(f"Database: DATABASE_URL='{stack.database_url}'", soft_wrap=True, highlight=False)
        again = f"pgqueue keys login --user {stack.user_id} --url {stack.url}"
        console.print(f"[dim]Runs until Ctrl-C. The page once more: {again}[/]", soft_wrap=True, highlight=False)
        _wait_for_interrupt(stack, console)


def _run_example(stack: Stack, console: Console) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Submit, follow, fetch: the final event and the result (empty when the run failed)."""
    began = time.monotonic()
    final: Mapping[str, Any] = {}
    with Client(stack.url, stack.key) as client:
        queued = client.submit(EXAMPLE)
        stack.seconds["submit"] = round(time.monotonic() - began, 3)
        console.print(f"[green]✓[/] POST /api/backtest/queue [dim]job {queued['jobId']}[/]", highlight=False)
        if queued.get("reason") == "paused":
            console.print(f"[yellow]![/] {PAUSED}", highlight=False)
        with Progress(
            TextColumn("  AAPL"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
        ) as bars:
            bar = bars.add_task("Waiting in queue", total=100)
            for job in client.follow(queued["jobId"]):
                bars.update(bar, completed=job["progress"], description=job["currentStep"])
                final = job
        stack.seconds["backtest"] = round(time.monotonic() - began, 3)
        result = client.result(queued["jobId"]) if final.get("status") == "completed" else {}
    return final, result


def _answer(stack: Stack, final: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "jobId": final.get("jobId"),
        "status": final.get("status"),
        "metrics": result.get("metrics"),
        "metricNotes": result.get("metricNotes"),
        "coverage": result.get("coverage"),
        "warnings": result.get("warnings"),
        "error": final.get("error"),
        "page": stack.url,
        "seconds": stack.seconds,
    }


def _show(console: Console, final: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    if not result:
        console.print(f"[red]The run ended as {final.get('status', 'lost')}:[/] {final.get('error', 'no event came')}")
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    notes = result.get("metricNotes") or {}
    for name, (words, form) in METRICS.items():
        value = result["metrics"][name]
        table.add_row(f"  {words}", f"– ({notes.get(name, 'undefined')})" if value is None else form.format(value))
    console.print()
    console.print(table)
    _show_coverage(console, result["coverage"])
    for warning in result.get("warnings", ()):
        console.print(f"[yellow]![/] {warning['message']}", highlight=False)


def _show_coverage(console: Console, coverage: Mapping[str, Any]) -> None:
    console.print(
        f"\n  Asked for {coverage['requestedStart']} to {coverage['requestedEnd']}; {coverage['symbol']} is covered "
        f"from {coverage['dataStart'][:10]} to {coverage['dataEnd'][:10]}: {coverage['bars']:,} bars"
        f"{', closes only' if coverage['closeOnly'] else ''}{', adjusted' if coverage['adjusted'] else ''}.",
        highlight=False,
    )


def _end_on_sigterm() -> None:
    """Have SIGTERM unwind like Ctrl-C: everything started is stopped on the way out."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def _wait_for_interrupt(stack: Stack, console: Console) -> None:
    """Until Ctrl-C, or until a part is gone: half a stack would look as if it worked."""
    try:
        while (dead := stack.dead_part()) is None:
            Event().wait(LOOK_SECONDS)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    console.print(f"[red]{dead}; everything stops now.[/] Start it again with the same command.", highlight=False)
    raise typer.Exit(1)
