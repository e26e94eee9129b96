"""`pgqueue strategies …`: look at the built-ins, check a file, keep users' own."""

import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from psycopg import AsyncConnection
from rich.console import Console
from rich.table import Table

from api import stored_strategies
from api.cli.terminal import note, run, write_json
from api.definitions import all_errors, comes_to, detail, read_definition
from api.problems import Problem, not_found
from api.stored_strategies import StoredStrategy
from api.strategies import built_in_shape, own_shape
from engine import strategies as built_ins
from engine.errors import EngineError, StrategyError
from engine.strategies.source import excerpt, read_file, read_source

FAILED = 1

strategies = typer.Typer(no_args_is_help=True, help="Look at strategies, check a file, keep users' own.")

File = Annotated[Path, typer.Argument(help="A .json file with a definition; - reads standard input.")]
Owner = Annotated[UUID, typer.Option(help="UUID of the user whose strategy it is.")]
User = Annotated[UUID | None, typer.Option(help="UUID of a user: theirs as well, from the database.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


@strategies.command("list")
def list_(user: User = None, as_json: Json = False) -> None:
    """List the built-ins, and a user's own."""
    listed = [built_in_shape(one) for one in built_ins.builtins()]

    async def work(connection: AsyncConnection[Any], owner: UUID) -> None:
        own = await stored_strategies.list_page(connection, owner)
        _write_list([*listed, *(own_shape(one, one.params) for one in own)], as_json=as_json)

    if user is None:
        _write_list(listed, as_json=as_json)
    else:
        _run(lambda connection: work(connection, user))


@strategies.command()
def show(
    strategy: Annotated[str, typer.Argument(help="A built-in's name or id; with --user, one of theirs.")],
    user: User = None,
    as_json: Json = False,
) -> None:
    """Show a definition, fit to be changed in a file and saved."""

    async def work(connection: AsyncConnection[Any], owner: UUID) -> None:
        own = await _find(connection, strategy, owner)
        if own is not None:
            _write_whole(own_shape(own, own.definition.get("params")), own.definition, as_json=as_json)
        else:
            show_built_in()

    def show_built_in() -> None:
        built_in = built_ins.get(strategy)
        _write_whole(built_in_shape(built_in), built_in.definition, as_json=as_json)

    if user is None:
        with _sentences():
            show_built_in()
    else:
        _run(lambda connection: work(connection, user))


@strategies.command()
def check(
    file: File,
    param: Annotated[list[str] | None, typer.Option(help="With this parameter: fast=10. May be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Say what a definition comes to, or where it is wrong. Needs neither server nor database."""
    overrides, definition = _overrides(param or []), None
    try:
        definition = _read(file)
        answer = comes_to(definition, overrides)
    except StrategyError as error:
        errors = [error] if definition is None else all_errors(error, definition, overrides)
        if as_json:
            write_json({"valid": False, "errors": [detail(each) for each in errors]})
        else:
            for each in errors:
                _note_error(file, definition, each)
        raise typer.Exit(FAILED) from None
    if as_json:
        write_json(answer)
        return
    ranges = [f"{one['name']} = {one['default']} ({one['min']} to {one['max']})" for one in answer["parameters"]]
    sys.stdout.write(
        f"ok: {answer['name']}; {', '.join(ranges) or 'no parameters'}; looks back {answer['lookBack']:,} bars.\n"
    )


@strategies.command()
def save(
    file: File,
    user: Owner,
    name: Annotated[str | None, typer.Option(help="Keep it under this name, not the definition's own.")] = None,
    as_json: Json = False,
) -> None:
    """Keep a definition as the user's, in place of the one of that name if there is one."""
    source = None
    try:
        source = _read(file)
        definition = read_definition(source, name)
    except StrategyError as error:
        _note_error(file, source, error)
        raise typer.Exit(FAILED) from None

    async def work(connection: AsyncConnection[Any]) -> None:
        present = await stored_strategies.find_named(connection, definition["name"], user)
        if present is None:
            stored = await stored_strategies.create(connection, user, definition)
        else:
            stored = await stored_strategies.replace(connection, user, present.id, definition)
        if as_json:
            write_json(own_shape(stored, definition.get("params")))
        else:
            sys.stdout.write(f"{stored.id}\n")
            note(f"{'Saved' if present is None else 'Replaced'} {stored.name}, revision {stored.revision}.")

    _run(work)


@strategies.command()
def delete(strategy: Annotated[str, typer.Argument(help="Name or id of one of the user's own.")], user: Owner) -> None:
    """Forget a user's strategy. Runs keep the snapshots they carry."""

    async def work(connection: AsyncConnection[Any]) -> None:
        own = await _find(connection, strategy, user)
        if own is None:
            raise not_found("strategy")
        await stored_strategies.delete(connection, user, own.id)
        note(f"Deleted {own.name}.")

    _run(work)


async def _find(connection: AsyncConnection[Any], name_or_id: str, user: UUID) -> StoredStrategy | None:
    try:
        strategy_id = UUID(name_or_id)
    except ValueError:
        return await stored_strategies.find_named(connection, name_or_id, user)
    return await stored_strategies.find(connection, strategy_id, user)


def _read(file: Path) -> Any:
    if str(file) == "-":
        return read_source(sys.stdin.buffer.read(), "standard input")
    try:
        return read_file(file)
    except OSError as error:
        note(f"pgqueue: {file}: {error.strerror}.")
        raise typer.Exit(FAILED) from None


def _overrides(params: Sequence[str]) -> dict[str, float]:
    overrides = {}
    for text in params:
        name, _, value = text.partition("=")
        try:
            overrides[name.strip()] = float(value)
        except ValueError:
            raise typer.BadParameter(f"{text!r} is not NAME=NUMBER, as fast=10", param_hint="--param") from None
    return overrides


def _note_error(file: Path, definition: object, error: StrategyError) -> None:
    source = "standard input" if str(file) == "-" else str(file)
    note(f"pgqueue: {error}" if error.path == source else f"pgqueue: {source}: {error}")
    shown = excerpt(definition, error)
    if shown is not None:
        note("\n".join(f"    {line}" for line in shown.split("\n")))


def _run(work: Callable[[AsyncConnection[Any]], Awaitable[int | None]]) -> None:
    with _sentences():
        run("strategies", work)


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except Problem as problem:
        note(f"pgqueue: {problem.detail}")
        raise typer.Exit(FAILED) from None
    except EngineError as error:
        note(f"pgqueue: {error}")
        raise typer.Exit(FAILED) from None


def _write_list(listed: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        for one in listed:
            write_json(one)
        return
    table = Table("name", "parameters", "whose", "id", box=None, pad_edge=False, header_style="bold")
    for one in listed:
        values = " ".join(f"{name}={facts['default']:g}" for name, facts in one["params"].items())
        table.add_row(one["name"], values, "built in" if one["builtIn"] else f"revision {one['revision']}", one["id"])
    Console(width=None if sys.stdout.isatty() else 200).print(table, markup=False)


def _write_whole(shape: Mapping[str, Any], definition: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        write_json({**shape, "definition": definition})
        return
    note(f"{shape['title']}, {shape['id']}. {shape['description'] or ''}".rstrip())
    sys.stdout.write(json.dumps(definition, indent=2, ensure_ascii=False) + "\n")
