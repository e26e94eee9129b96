"""What the commands on people and their belongings share: a checked connection, answers and notes."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import typer
from psycopg import AsyncConnection

from pgqueue import connect_options, load_settings, require_schema, require_url


def run(command: str, work: Callable[[AsyncConnection[Any]], Awaitable[int | None]]) -> None:
    """Do the work on the database and exit with its code, 0 when it gives none. command: how the server names us."""

    async def session() -> int:
        database_url = require_url(load_settings())
        async with await AsyncConnection.connect(
            database_url, autocommit=True, prepare_threshold=None, **connect_options(f"pgqueue {command}")
        ) as connection:
            await require_schema(connection)
            return await work(connection) or 0

    raise typer.Exit(asyncio.run(session()))


def write_json(value: Any) -> None:
    """One object, one line."""
    sys.stdout.write(json.dumps(value, default=str) + "\n")


def note(text: str) -> None:
    """Something beside the answer."""
    sys.stderr.write(text + "\n")
