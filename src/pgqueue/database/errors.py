"""What can be wrong with where the data is."""

from pathlib import Path

from pgqueue.errors import PgQueueError


class DatabaseMissing(PgQueueError):
    def __init__(self, data_dir: Path) -> None:
        super().__init__(
            f"database: DATABASE_URL is not set and no embedded server runs in {data_dir}. "
            "Set DATABASE_URL, or start one with `pgqueue up`."
        )


class EmbeddedServerFailed(PgQueueError):
    """log: the last lines the server wrote."""

    def __init__(self, what: str, *, log: str = "", remedy: str = "") -> None:
        self.log = log
        said = f" It said: {log.strip()}" if log.strip() else ""
        super().__init__(f"embedded PostgreSQL: {what}.{said}{' ' + remedy if remedy else ''}")
