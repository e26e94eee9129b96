"""Log lines: the event in words, then its facts as key=value."""

import logging
import sys
from typing import TextIO

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class FactsFormatter(logging.Formatter):
    """`12:00:01 INFO job ended job=… attempt=1`: the facts are whatever was passed as `extra`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        # Listed first: formatting adds to the record.
        facts = [f"{key}={_quoted(value)}" for key, value in vars(record).items() if key not in _STANDARD]
        return " ".join([super().format(record), *facts])


def _quoted(value: object) -> str:
    text = str(value)
    return f'"{text}"' if " " in text or not text else text


def configure(level: int = logging.INFO, *, stream: TextIO | None = None) -> None:
    """Send log lines to stderr: stdout is for answers."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(FactsFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Our pool says once that the database is away; psycopg's would say it at every attempt.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
