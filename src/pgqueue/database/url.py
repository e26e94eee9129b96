"""Which database a command works on."""

from pathlib import Path

import psycopg

from pgqueue.database.embedded import EmbeddedServer
from pgqueue.database.errors import DatabaseMissing
from pgqueue.settings import Settings


def require_url(settings: Settings) -> str:
    """DATABASE_URL, else the address of a running embedded server; DatabaseMissing when there is neither.

    Nothing is started: a worker in production must never serve an empty database by accident.
    """
    if settings.database_url:
        return settings.database_url
    url = running_url(settings.data_dir)
    if url is None:
        raise DatabaseMissing(settings.data_dir)
    return url


def running_url(data_dir: Path) -> str | None:
    """The address of the embedded server in that directory, if one answers."""
    url = EmbeddedServer(data_dir).url
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return None
    return url
