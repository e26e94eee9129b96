"""How much a user may still ask for, and saying so with every answer (draft-ietf-httpapi-ratelimit-headers).

A bucket per user: full at first, one token a request, refilled evenly. It is kept in this process alone, so with
several processes a user has so much at each: what it guards is this process's time, and a count shared through the
database would cost every request a write there.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MINUTE = 60
DAY = 86_400
MOST_USERS = 100_000
"""Whoever has been away longest is forgotten first: by then their bucket is the fullest."""
DAILY = "jobs"
"""Name of the limit of jobs a day."""
LIMITS = "pgqueue.limits"
"""Where in a request's scope the limits stand that its answer tells of."""


@dataclass(frozen=True, slots=True)
class Limit:
    """quota: requests per window_seconds. remaining: now. more_in_seconds: until there is one more, None when full."""

    name: str
    quota: int
    window_seconds: int
    remaining: int
    more_in_seconds: int | None = None
    is_over: bool = False


class Rates:
    """The buckets of all users. clock: seconds that only grow."""

    def __init__(
        self, per_minute: int, *, most_users: int = MOST_USERS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._quota = per_minute
        self._most_users = most_users
        self._clock = clock
        self._buckets: OrderedDict[UUID, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, user_id: UUID) -> Limit:
        """One request of that user: what is left after it, or that there was none left."""
        now, per_second = self._clock(), self._quota / MINUTE
        level, at = self._buckets.pop(user_id, (float(self._quota), now))
        level = min(self._quota, level + (now - at) * per_second)
        is_over = level < 1
        if not is_over:
            level -= 1
        self._buckets[user_id] = (level, now)
        if len(self._buckets) > self._most_users:
            self._buckets.popitem(last=False)
        wait = math.ceil((math.floor(level) + 1 - level) / per_second)
        return Limit("requests", self._quota, MINUTE, math.floor(level), more_in_seconds=wait, is_over=is_over)


def tell(scope: Scope, limit: Limit) -> None:
    """Have the answer to this request say so."""
    scope.setdefault(LIMITS, {})[limit.name] = limit


class RateHeaders:
    """RateLimit and RateLimit-Policy on every answer to someone known. Plain ASGI, as streams want it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and (limits := scope.get(LIMITS)):
                headers = MutableHeaders(scope=message)
                headers["RateLimit-Policy"] = ", ".join(
                    f'"{one.name}";q={one.quota};w={one.window_seconds}' for one in limits.values()
                )
                headers["RateLimit"] = ", ".join(map(_standing, limits.values()))
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def _standing(one: Limit) -> str:
    seconds = "" if one.more_in_seconds is None else f";t={one.more_in_seconds}"
    return f'"{one.name}";r={one.remaining}{seconds}'
