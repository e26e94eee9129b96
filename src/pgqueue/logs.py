"""Log lines: the event in words, then its facts; as key=value for people, as JSON for collectors."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class FactsFormatter(logging.Formatter):
    """`12:00:01 INFO job ended job=… attempt=1`: the facts are whatever was passed as `extra`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        # Listed first: formatting adds to the record.
        facts = [f"{key}={_quoted(value)}" for key, value in _facts(record).items()]
        return " ".join([super().format(record), *facts])


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, event, then the facts; `trace` when an error brought one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def _facts(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def _quoted(value: object) -> str:
    text = str(value)
    return f'"{text}"' if " " in text or not text else text


def configure(level: int = logging.INFO, *, stream: TextIO | None = None, as_json: bool = False) -> None:
    """Send log lines to stderr: stdout is for answers."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else FactsFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Our pool says once that the database is away; psycopg's would say it at every attempt.
    logging.getLogger("psycopg").setLevel(logging.ERROR)


@contextmanager
def configured(*, as_json: bool) -> Iterator[None]:
    """Log lines inside, and afterwards as if nothing had been: what is forked from here logs as its program likes."""
    configure(as_json=as_json)
    try:
        yield
    finally:
        root = logging.getLogger()
        root.handlers.clear()
        root.setLevel(logging.WARNING)
