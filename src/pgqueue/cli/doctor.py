"""`pgqueue doctor`: what is wrong with the database, and what to do about it."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from pgqueue.cli.output import console, notes, write_json
from pgqueue.database import connect, require_url
from pgqueue.doctor import Finding, Verdict, examine
from pgqueue.settings import load_settings

MARKS = {Verdict.OK: "[green]ok[/]", Verdict.WARNING: "[yellow]warning[/]", Verdict.TROUBLE: "[bold red]trouble[/]"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per finding.")] = False,
) -> None:
    """Look for trouble in the database and say what to do. Changes nothing; exit code 1 when there is trouble."""
    findings = asyncio.run(_examine())
    for finding in findings:
        if as_json:
            write_json(asdict(finding))
        else:
            _show(finding)
    trouble = sum(finding.verdict is Verdict.TROUBLE for finding in findings)
    warnings = sum(finding.verdict is Verdict.WARNING for finding in findings)
    if not as_json:
        notes.print(f"{trouble} in trouble, {warnings} to watch, {len(findings) - trouble - warnings} well.")
    raise typer.Exit(1 if trouble else 0)


async def _examine() -> list[Finding]:
    # Not the usual way in: that one refuses a schema it does not know, and the doctor is to say so. And no pool, which
    # would go on knocking at a dead database.
    async with connect(require_url(load_settings()), application_name="pgqueue doctor") as connection:
        return await examine(connection)


def _show(finding: Finding) -> None:
    mark = f"{MARKS[finding.verdict]}{' ' * (9 - len(finding.verdict))}"
    console.print(f"{mark}{escape(f'{finding.check}: {finding.found}')}", highlight=False)
    if finding.advice:
        console.print(f"         {finding.advice}", highlight=False, markup=False)
