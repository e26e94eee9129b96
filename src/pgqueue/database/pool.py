"""How connections are made: dead peers noticed, nothing waits for ever, no plan outlives what it was made for."""

from typing import Any

from psycopg import AsyncConnection
from psycopg.types.array import ListBinaryDumper
from psycopg_pool import AsyncConnectionPool

STATEMENT_SECONDS = 30


def connect_options(application_name: str) -> dict[str, Any]:
    """Options for psycopg's connect: a peer that vanished is noticed within some 15 to 25 seconds."""
    return {
        "application_name": application_name,
        "connect_timeout": 5,
        "keepalives": 1,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
    }


def open_pool(
    database_url: str, *, size: int = 4, application_name: str = "pgqueue", wait_seconds: float = 10.0
) -> AsyncConnectionPool:
    """A pool of autocommit connections, not opened yet: enter it as a context.

    size: at the most, ≥ 1. wait_seconds: for a free connection, then PoolTimeout.
    """
    return AsyncConnectionPool(
        database_url,
        min_size=1,
        max_size=size,
        timeout=wait_seconds,
        open=False,
        configure=_configure,
        # After a restart of the server its dead connections are replaced here, not handed out; costs some 0.1 ms.
        check=AsyncConnectionPool.check_connection,
        # Never prepared: a plan made while the tables were empty may read them whole once they are full, and a
        # transaction pooler may hand the next statement to another backend. Planning anew costs some 0.1 ms.
        kwargs={**connect_options(application_name), "autocommit": True, "prepare_threshold": None},
    )


async def _configure(connection: AsyncConnection) -> None:
    # Statements carry arrays of all that ended together: as text, they take four times as long to put together.
    connection.adapters.register_dumper(list, ListBinaryDumper)
    await connection.execute(
        "select set_config('statement_timeout', %(limit)s, false),"
        " set_config('idle_in_transaction_session_timeout', %(limit)s, false)",
        {"limit": f"{STATEMENT_SECONDS}s"},
    )
