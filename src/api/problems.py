"""Everything the API refuses, in one shape: the two members old clients read, and those of RFC 9457."""

import logging
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Match, Route

from api.rates import DAILY, DAY, Limit, tell
from api.shapes import iso
from api.static import SECURITY
from pgqueue import CreditsUsedUp, DailyQuotaReached, EnqueueRefused, QueueFull, TooManyWaiting

PROBLEM_JSON = "application/problem+json"
REFUSALS = {
    "queue_full": "queue_full",
    "daily_quota": "daily_quota_reached",
    "user_waiting": "too_many_waiting",
    "credits": "credits_used_up",
}
"""Codes of refused jobs, by the queue's word for the limit."""

log = logging.getLogger(__name__)


class Problem(Exception):
    """A refusal. error: its short name, for programs; detail: a sentence that says what to do, for people."""

    def __init__(
        self,
        status: int,
        error: str,
        detail: str,
        *,
        code: str,
        details: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """facts: members of the answer besides those that every refusal has."""
        self.status = status
        self.error = error
        self.detail = detail
        self.code = code
        self.details = details
        self.headers = headers or {}
        self.facts = facts or {}
        super().__init__(detail)


def invalid(details: Sequence[Mapping[str, Any]]) -> Problem:
    """400 that names every wrong member."""
    said = "; ".join(f"{detail['path'] or 'body'} {detail['message']}" for detail in details)
    return Problem(400, "Invalid input", f"{said}.", code="invalid_input", details=details)


def unauthorized(detail: str) -> Problem:
    return Problem(401, "Unauthorized", detail, code="unauthorized", headers={"WWW-Authenticate": "Bearer"})


def not_found(what: str, *, member: str = "", near: str | None = None) -> Problem:
    """404, also for what is another user's: nobody learns that it exists. near: what `member` may have meant."""
    if near is None:
        return Problem(404, "Not found", f"There is no such {what}.", code="not_found")
    meant = f"did you mean {near!r}?"
    told = {"path": member, "message": f"there is no such {what}; {meant}", "near": near}
    return Problem(404, "Not found", f"There is no such {what}; {meant}", code="not_found", details=[told])


def conflict(detail: str) -> Problem:
    return Problem(409, "Conflict", detail, code="wrong_state")


def answer(request: Request, problem: Problem) -> JSONResponse:
    """The problem as a response: problem+json for those who ask for it, else JSON of the same members."""
    body: dict[str, Any] = {"error": problem.error}
    if problem.details:
        body["details"] = [dict(detail) for detail in problem.details]
    body |= {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.url.path,
        "code": problem.code,
        **problem.facts,
    }
    asked = PROBLEM_JSON in request.headers.get("accept", "")
    return JSONResponse(
        body,
        problem.status,
        headers={"Cache-Control": "no-store", **problem.headers},
        media_type=PROBLEM_JSON if asked else "application/json",
    )


async def on_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return answer(request, error)


async def on_http_exception(request: Request, error: Exception) -> JSONResponse:
    """Starlette's own refusals: unknown path, wrong method."""
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    detail = {
        404: "There is nothing at this address.",
        405: f"{request.method} is not served here; see the Allow header.",
    }.get(error.status_code, f"{phrase}.")
    code = phrase.lower().replace(" ", "_")
    words = phrase.capitalize()
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
    return answer(request, Problem(error.status_code, words, detail, code=code, headers=headers))


def _allowed(request: Request) -> str:
    """Every method of the address: Starlette names those of the first route that has it. Files are only read."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    first = next((route for route in routes if route.matches(request.scope)[0] is not Match.NONE), None)
    if first is None:
        return "GET, HEAD"
    return ", ".join(sorted({each for route in routes if route.path == first.path for each in route.methods or ()}))


async def on_database_away(request: Request, error: Exception) -> JSONResponse:
    log.warning("database away", extra={"reason": str(error).strip()})
    # A connection lost in mid-commit leaves us not knowing: promise nothing.
    detail = (
        "The database does not answer. Try again in a moment; with an Idempotency-Key, what went through after all "
        "is not done twice."
    )
    return answer(
        request, Problem(503, "Service unavailable", detail, code="database_away", headers={"Retry-After": "2"})
    )


async def on_enqueue_refused(request: Request, error: Exception) -> JSONResponse:
    """A limit: of the user (429, or 402 where credits are used up), or of everyone together (503)."""
    assert isinstance(error, EnqueueRefused)
    said = str(error)
    detail = said[0].upper() + said[1:]
    headers = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after_seconds))
    match error:
        case CreditsUsedUp(needed=needed):
            problem = _refusal(402, "Credits used up", detail, "credits", {"needed": needed}, {})
        case QueueFull(limit=limit):
            problem = _refusal(503, "Queue full", detail, "queue_full", {"limit": limit}, headers)
        case DailyQuotaReached(limit=limit):
            seconds = error.retry_after_seconds or 0
            tell(request.scope, Limit(DAILY, limit, DAY, 0, math.ceil(seconds)))
            facts = {"limit": limit, "resetsAt": iso(_midnight_in(seconds))}
            problem = _refusal(429, "Daily quota reached", detail, "daily_quota", facts, headers)
        case TooManyWaiting(limit=limit):
            problem = _refusal(429, "Too many waiting jobs", detail, "user_waiting", {"limit": limit}, headers)
        case _:
            raise AssertionError(error)
    return answer(request, problem)


def _refusal(
    status: int, error: str, detail: str, limit: str, facts: Mapping[str, Any], headers: Mapping[str, str]
) -> Problem:
    return Problem(status, error, detail, code=REFUSALS[limit], facts=facts, headers=headers)


def _midnight_in(seconds: float) -> datetime:
    """The midnight UTC that the database says is so far away, whatever our clock says to the second."""
    about = datetime.now(UTC) + timedelta(seconds=seconds, hours=12)
    return about.replace(hour=0, minute=0, second=0, microsecond=0)


async def on_error(request: Request, _error: Exception) -> JSONResponse:
    """Whatever we did not foresee: logged in full by the server, told to nobody."""
    detail = "Something went wrong on our side. Nothing of it is your fault; try again, and report it if it stays."
    # Starlette answers these outside of every middleware: the headers are set here.
    return answer(request, Problem(500, "Internal server error", detail, code="internal_error", headers=SECURITY))


HANDLERS: Mapping[Any, Any] = {
    Problem: on_problem,
    EnqueueRefused: on_enqueue_refused,
    HTTPException: on_http_exception,
    psycopg.OperationalError: on_database_away,
    PoolTimeout: on_database_away,
    Exception: on_error,
}
