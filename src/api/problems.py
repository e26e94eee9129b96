"""Everything the API refuses, in one shape: the two members old clients read, and those of RFC 9457."""

import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Match, Route

from api.rates import DAILY, DAY, Limit, tell
from api.static import SECURITY
from pgqueue import CreditsUsedUp, DailyQuotaReached, EnqueueRefused, QueueFull

PROBLEM_JSON = "application/problem+json"

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
    ) -> None:
        self.status = status
        self.error = error
        self.detail = detail
        self.code = code
        self.details = details
        self.headers = headers or {}
        super().__init__(detail)


def invalid(details: Sequence[Mapping[str, Any]]) -> Problem:
    """400 that names every wrong member."""
    said = "; ".join(f"{detail['path'] or 'body'} {detail['message']}" for detail in details)
    return Problem(400, "Invalid input", f"{said}.", code="invalid_input", details=details)


def unauthorized(detail: str) -> Problem:
    return Problem(401, "Unauthorized", detail, code="unauthorized", headers={"WWW-Authenticate": "Bearer"})


def not_found(what: str) -> Problem:
    """404, also for what is another user's: nobody learns that it exists."""
    return Problem(404, "Not found", f"There is no such {what}.", code="not_found")


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
        case CreditsUsedUp():
            problem = Problem(402, "Credits used up", detail, code="credits_used_up")
        case QueueFull():
            problem = Problem(503, "Queue full", detail, code="queue_full", headers=headers)
        case DailyQuotaReached():
            tell(request.scope, Limit(DAILY, error.limit, DAY, 0, math.ceil(error.retry_after_seconds or 0)))
            problem = Problem(429, "Daily quota reached", detail, code="daily_quota_reached", headers=headers)
        case _:
            problem = Problem(429, "Too many waiting jobs", detail, code="too_many_waiting", headers=headers)
    return answer(request, problem)


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
