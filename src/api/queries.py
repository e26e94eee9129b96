"""The SQL statements of this package, one file each, named by their verb."""

from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, cast


@cache
def sql(verb: str) -> LiteralString:
    """The text of `sql/<verb>.sql`."""
    # Package data, not input: what psycopg's types ask for is true of it.
    text: Any = files("api").joinpath("sql", f"{verb}.sql").read_text(encoding="utf-8")
    return cast("LiteralString", text)
