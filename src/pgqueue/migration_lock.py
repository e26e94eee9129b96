"""One migration of a database at a time, and patience with those who use its tables meanwhile."""

import logging
import time
from collections.abc import Callable
from random import random
from typing import Any, TypeVar

import psycopg
from psycopg import Connection

from pgqueue.errors import MigrationBlocked

MIGRATION_LOCK = 7_264_113_905
"""Any number that only this project locks."""
LOCK_ATTEMPTS = 10
LOCK_PAUSE_SECONDS = 2.0

T = TypeVar("T")

log = logging.getLogger(__name__)


def take_turn(connection: Connection[Any]) -> None:
    """Wait in the connection's transaction for other migrations to end; after that, a few seconds for any lock."""
    connection.execute("set local statement_timeout = 0")
    connection.execute("set local lock_timeout = 0")
    connection.execute("select pg_advisory_xact_lock(%s)", [MIGRATION_LOCK])
    connection.execute("set local lock_timeout = '4s'")


def when_free(migrate: Callable[[], T]) -> T:
    """What `migrate` returns; each attempt waits a few seconds for its locks and lets everyone through before the next.

    Raises MigrationBlocked after the last.
    """
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        try:
            return migrate()
        except Exception as error:
            # SQLAlchemy's errors hold psycopg's.
            if not _is_passing(getattr(error, "orig", error)):
                raise
            log.warning("migration: a table is in use; trying again", extra={"attempt": attempt})
        if attempt < LOCK_ATTEMPTS:
            time.sleep(LOCK_PAUSE_SECONDS * (0.5 + random()))  # noqa: S311 - jitter
    raise MigrationBlocked(attempts=LOCK_ATTEMPTS)


def _is_passing(error: object) -> bool:
    if isinstance(error, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected):
        return True
    # Roles are the cluster's: the migration of another database may write to the same one, and shares no lock with us.
    return isinstance(error, psycopg.errors.InternalError_) and "concurrently updated" in str(error)
