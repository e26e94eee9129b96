"""`pgqueue sweep`: a grid of parameters in this very process."""

import csv
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import typer

from engine import sweep as engine_sweep
from engine.cli import days, terminal
from engine.cli.running import find_prices, find_strategy, metric, read_overrides, read_request
from engine.metrics import SWEPT
from engine.sweep_plan import plan
from engine.sweep_request import parse_sweep_args
from engine.sweep_result import decode_detail, encode

EXAMPLE = "as fast=5:50:5 (from, to, step) or fast=5,10,20"


def sweep(
    members: Mapping[str, Any], grid: Sequence[str], params: Sequence[str], *, csv_file: Path | None, as_json: bool
) -> None:
    """members, params: as for a backtest. grid: axes as NAME=VALUES."""
    asked = {**members, "strategyParams": read_overrides(params), "grid": read_axes(grid)}
    read_as = partial(read_request, parse_sweep_args)
    with terminal.sentences():
        request, template = find_strategy(read_as(days.anytime(asked)))
        made = plan(request, template)
        prices, _ = find_prices(request, made.warm_up)
        request = days.within(asked, request, prices.series, read_as)
        with terminal.progress_bar(f"{made.grid.count:,} combinations") as tell:
            result = engine_sweep.run(
                request, made, prices, on_progress=lambda percent, _step, _left: tell(percent, 90)
            )
        left = encode(result)
        table = decode_detail(left.detail).table
        if csv_file is not None:
            with csv_file.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, fieldnames=list(table.columns))
                writer.writeheader()
                writer.writerows(table.rows(0, len(table)))
    if as_json:
        terminal.write_json(left.summary)
    else:
        _write(left.summary, table.rows(0, request.top))


def read_axes(grid: Sequence[str]) -> dict[str, Any]:
    """FROM:TO or FROM:TO:STEP, else a list; of numbers, each."""
    axes: dict[str, Any] = {}
    for text in grid:
        name, _, values = text.partition("=")
        name = name.strip()
        if name in axes:
            raise typer.BadParameter(f"{name} is given twice", param_hint="--grid")
        try:
            if ":" in values:
                axes[name] = dict(zip(("from", "to", "step"), map(float, values.split(":", 2)), strict=False))
            else:
                axes[name] = [float(value) for value in values.split(",")]
        except ValueError:
            raise typer.BadParameter(f"{text!r} is not NAME=VALUES, {EXAMPLE}", param_hint="--grid") from None
    return axes


def _write(summary: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    covered, swept = summary["coverage"], summary["sweep"]
    terminal.write(
        f"{summary['strategyName']} on {covered['symbol']} {covered['timeframe']}: {swept['combinations']:,} "
        f"combinations, the best by {swept['rankBy']}"
        + (f" before {swept['inSampleUntil']}" if swept["inSampleUntil"] else "")
    )
    columns = tuple(rows[0])
    shown = [tuple(metric(name, row[name]) if name in SWEPT else f"{row[name]:,}" for name in columns) for row in rows]
    terminal.write_table(columns, shown, numbers=columns)
    terminal.write(_of_luck(swept["deflatedSharpe"]))
    for warning in summary["warnings"]:
        terminal.note(warning["message"])


def _of_luck(deflated: Mapping[str, Any]) -> str:
    if deflated["value"] is None:
        return f"Deflated Sharpe ratio: – ({deflated['note']})"
    return (
        f"Deflated Sharpe ratio: {deflated['value']:.1%} likely to be more than luck; the best of "
        f"{deflated['trials']:,} tries without skill would show {deflated['expectedByLuck']:,.2f}."
    )
