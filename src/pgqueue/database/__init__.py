"""Where the database is: the one DATABASE_URL names, or an embedded PostgreSQL."""

from pgqueue.database.connection import PatientConnection, answer_within, connect_options, keeps_plans
from pgqueue.database.embedded import EmbeddedServer
from pgqueue.database.errors import DatabaseMissing, EmbeddedServerFailed
from pgqueue.database.pool import connect, open_pool
from pgqueue.database.url import require_url, running_url

__all__ = [
    "DatabaseMissing",
    "EmbeddedServer",
    "EmbeddedServerFailed",
    "PatientConnection",
    "answer_within",
    "connect",
    "connect_options",
    "keeps_plans",
    "open_pool",
    "require_url",
    "running_url",
]
