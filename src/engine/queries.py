"""The SQL statements of this package, one file each, named by their verb."""

from functools import cache
from importlib.resources import files
from typing import LiteralString


@cache
def sql(verb: str) -> LiteralString:
    """The text of `sql/<verb>.sql`. It can be pasted into psql and EXPLAINed as it stands."""
    return files("engine").joinpath("sql", f"{verb}.sql").read_text(encoding="utf-8")
