"""What a credential may be used for: never more than its user may, often less."""

from collections.abc import Collection

READ = "read"
JOBS = "jobs"
METRICS = "metrics"
ADMIN = "admin"

SCOPES = {
    READ: "look at the user's own jobs, results, streams and strategies",
    JOBS: "read, and add, cancel and requeue jobs, keep and change strategies",
    METRICS: "scrape /metrics, and nothing else",
    ADMIN: "operate the queue under /api/admin, for users that are operators; includes metrics",
}

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


ALL = frozenset((JOBS, ADMIN))
"""Named by a credential that is not narrowed: all that its user may."""


def granted(named: Collection[str], *, is_operator: bool) -> frozenset[str]:
    """The scopes that a credential which names these has, as its user now is. Naming none grants none."""
    scopes = set(named)
    if JOBS in scopes:
        scopes.add(READ)
    if not is_operator:
        scopes.discard(ADMIN)
    if ADMIN in scopes:
        scopes.add(METRICS)
    return frozenset(scopes)


def needed(method: str) -> str:
    """The scope that a request for something of the user's own needs."""
    return READ if method in SAFE_METHODS else JOBS
