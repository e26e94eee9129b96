"""How these commands answer: the answer on stdout, everything beside it on stderr, a sentence where it fails."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NoReturn

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress
from rich.table import Table

from engine.errors import DatabaseUnset, EngineError, GridTooLarge, RequestError, StrategyError

FAILED, USAGE = 1, 2


@contextmanager
def sentences() -> Iterator[None]:
    """Errors as one sentence and an exit code: 2 for what the caller wrote, 1 for what went wrong."""
    try:
        yield
    except (RequestError, StrategyError, GridTooLarge) as error:
        fail(USAGE, str(error))
    except EngineError as error:
        fail(FAILED, str(error))
    except OSError as error:
        fail(FAILED, f"{error.filename}: {error.strerror}.")


@contextmanager
def connection() -> Iterator[psycopg.Connection]:
    """The database that DATABASE_URL names."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        raise DatabaseUnset
    try:
        with psycopg.connect(url, connect_timeout=10, prepare_threshold=None, autocommit=True) as connected:
            yield connected
    except psycopg.errors.UndefinedTable:
        fail(FAILED, "the database has no tables for prices yet. Run `pgqueue migrate`.")
    except psycopg.OperationalError as error:
        fail(FAILED, f"database: {' '.join(str(error).split())}. Check DATABASE_URL and that the server runs.")


@contextmanager
def progress_bar(label: str, *, is_counted: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar to call with (done, all), as a share or counted; on stderr, only on a terminal, gone when it is done."""
    console = Console(stderr=True)
    columns = Progress.get_default_columns() if not is_counted else (BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(label)
        yield lambda done, count: progress.update(task, completed=done, total=count)


@contextmanager
def kernels_compiled() -> Iterator[None]:
    """Import what computes inside: where that takes half a minute, once, it is said, on a terminal with a bar."""
    from engine import compiling

    with ExitStack() as stack:
        bars: list[Callable[[int, int], None]] = []

        def tell(done: int, count: int) -> None:
            if not bars:
                note(f"{compiling.sentence(count)} …")
                bars.append(stack.enter_context(progress_bar("", is_counted=True)))
            bars[0](done, count)

        with compiling.told(tell):
            yield


def write_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[str] = ()) -> None:
    """numbers: the columns that are set flush right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=True, width=None if sys.stdout.isatty() else 200).print(table)


def write_json(value: object) -> None:
    """One object, one line."""
    write(json.dumps(value, allow_nan=False))


def write(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def note(sentence: str) -> None:
    sys.stderr.write(f"pgqueue: {sentence}\n")


def quote(lines: str | None) -> None:
    """The text that a note is about, set in."""
    if lines is not None:
        sys.stderr.write("".join(f"    {line}\n" for line in lines.split("\n")))


def fail(code: int, sentence: str) -> NoReturn:
    note(sentence)
    raise typer.Exit(code)


def kind_of_prices(*, close_only: bool, adjusted: bool) -> str:
    return f"{'closes only' if close_only else 'OHLC'}{', adjusted' if adjusted else ''}"
