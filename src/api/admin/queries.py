"""What administrators' queries may say, each of it refused at its place when it is something else."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from api.problems import invalid

LAST_ID = 2**63 - 1
_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


def as_uuid(text: str | None, name: str) -> UUID | None:
    """The UUID; None when there is none. Problem 400."""
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise invalid([{"path": name, "message": "must be a UUID"}]) from None


def as_moment(text: str | None, name: str) -> datetime | None:
    """The time; None when there is none. Problem 400."""
    try:
        return None if text is None else _MOMENT.validate_python(text)
    except ValidationError:
        raise invalid([{"path": name, "message": "must be a time with its zone"}]) from None


def whole_cursor(text: str | None) -> int | None:
    """The id that a page ends with; None for the first page. Problem 400."""
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 19 or int(text) > LAST_ID:
        raise invalid([{"path": "cursor", "message": "must be a cursor that a list gave"}])
    return int(text)
