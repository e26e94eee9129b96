"""In which order a table is asked for: ?sort= a column, ?order= asc or desc."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from api.problems import invalid

ORDERS = ("asc", "desc")
LONGEST_LIST = 20
"""Columns that a refusal names."""


@dataclass(frozen=True, slots=True)
class TableOrder:
    """column: None is the table's own order."""

    column: str | None
    descending: bool

    def to_json(self) -> dict[str, Any]:
        return {"sort": self.column, "order": ORDERS[self.descending]}


def choice(request: Request, name: str, known: Collection[str], default: str) -> str:
    """The query parameter's value. Problem 400 unless it is one of the known."""
    wanted = request.query_params.get(name, default)
    if wanted not in known:
        named = ", ".join(list(known)[:LONGEST_LIST])
        raise invalid([{"path": name, "message": f"must be one of {named}"}])
    return wanted


def table_order(request: Request, columns: Collection[str]) -> TableOrder:
    """What the request asks for. Problem 400 for a column that is not there."""
    column = choice(request, "sort", columns, "") if "sort" in request.query_params else None
    return TableOrder(column, choice(request, "order", ORDERS, "asc") == "desc")
