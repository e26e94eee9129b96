"""The connection that prices are loaded over: kept for a moment, for after a short run the next begins at once."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import Connection
from psycopg.pq import TransactionStatus

KEPT_SECONDS = 1.0
"""Unused for so long it is closed: a long run holds none. A new one takes Postgres some 8 ms, a load over it one."""
# A peer that vanished is noticed within some 25 seconds; the run's time limit would notice it much later.
CONNECT: dict[str, Any] = {
    "application_name": "pgqueue prices",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

Loaded = TypeVar("Loaded")


class PriceConnection:
    """One at most, to the database that was asked last."""

    def __init__(self, *, kept_seconds: float = KEPT_SECONDS) -> None:
        self._kept_seconds = kept_seconds
        self._lock = threading.Lock()
        self._kept: tuple[str, Connection] | None = None
        self._closing: threading.Timer | None = None

    def load(self, url: str, work: Callable[[Connection], Loaded]) -> Loaded:
        """What work makes of a connection to that database; done anew when the kept one turns out to be broken."""
        kept = self._take(url)
        if kept is not None:
            try:
                return self._work(url, kept, work)
            except psycopg.OperationalError:
                # The server was restarted since, or whatever is in between.
                if not kept.closed:
                    raise
        # No prepared statements: a pooler in between may give each transaction another server.
        return self._work(url, psycopg.connect(url, prepare_threshold=None, autocommit=True, **CONNECT), work)

    def close(self) -> None:
        """Have none."""
        if self._closing is not None:
            self._closing.cancel()
        with self._lock:
            kept, self._kept = self._kept, None
        if kept is not None:
            kept[1].close()

    def _take(self, url: str) -> Connection | None:
        if self._closing is not None:
            self._closing.cancel()
        with self._lock:
            kept, self._kept = self._kept, None
        if kept is None or kept[0] == url:
            return None if kept is None else kept[1]
        kept[1].close()
        return None

    def _work(self, url: str, connection: Connection, work: Callable[[Connection], Loaded]) -> Loaded:
        try:
            return work(connection)
        finally:
            if connection.info.transaction_status is TransactionStatus.IDLE:
                self._keep(url, connection)
            else:
                connection.close()

    def _keep(self, url: str, connection: Connection) -> None:
        # Of two that loaded at the same time.
        self.close()
        with self._lock:
            self._kept = url, connection
        self._closing = threading.Timer(self._kept_seconds, self.close)
        self._closing.daemon = True
        self._closing.start()
