"""A connection that gives up on a server that does not answer."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.errors import _WaitTimeout  # what AsyncConnection.wait says it raises

STATEMENT_SECONDS = 30.0
"""What the server is told to end a statement after, where it may be told."""
ANSWER_SECONDS = STATEMENT_SECONDS + 5.0
"""What is waited for it here. Longer than the server's own limit, so that the server's better sentence comes first."""
PATIENT_SESSION = {
    "statement_timeout": f"{STATEMENT_SECONDS:.0f}s",
    "idle_in_transaction_session_timeout": f"{STATEMENT_SECONDS:.0f}s",
    # A server in the middle of a statement for somebody who has gone ends it, and with it the locks it holds.
    "client_connection_check_interval": "10s",
}


def connect_options(application_name: str) -> dict[str, Any]:
    """Options for psycopg's connect: a peer that vanished is noticed within some 15 to 25 seconds.

    All are libpq's own but the name, which poolers let through: none is a start-up option they would refuse.
    """
    return {
        "application_name": application_name,
        "connect_timeout": 5,
        "keepalives": 1,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
    }


class PatientConnection(AsyncConnection[Any]):
    """Waits for each answer so long and no longer, then closes itself and raises OperationalError.

    Keepalives notice a host that is gone; a proxy or a stopped server keeps the socket alive and says nothing.
    """

    answer_seconds: float = ANSWER_SECONDS
    keeps_plans: bool = False
    """Whether statements may be prepared: the session is ours alone."""
    answered_at: float = -math.inf
    """When the server last answered, on the monotonic clock."""

    async def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:  # noqa: ASYNC109
        limit = self.answer_seconds if timeout is None else min(timeout, self.answer_seconds)
        try:
            answer = await super().wait(gen, interval, limit)
        except _WaitTimeout:
            if timeout is not None and limit == timeout:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError(
                f"no answer from the database within {limit:g} s; the connection was closed"
            ) from None
        self.answered_at = time.monotonic()
        return answer


def keeps_plans(connection: AsyncConnection[Any]) -> bool:
    """Whether to prepare a short statement that runs again and again, where planning is half of its time."""
    return isinstance(connection, PatientConnection) and connection.keeps_plans


@contextmanager
def answer_within(connection: AsyncConnection[Any], seconds: float) -> Iterator[None]:
    """Have the connection wait for answers so long only, inside the block. Of a connection of ours."""
    if not isinstance(connection, PatientConnection):
        yield
        return
    before, connection.answer_seconds = connection.answer_seconds, min(seconds, connection.answer_seconds)
    try:
        yield
    finally:
        connection.answer_seconds = before
