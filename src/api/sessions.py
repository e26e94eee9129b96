"""/api/session: a page's cookie, got for an API key or a one-time login code."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api import accounts
from api.accounts import Account
from api.auth import LONGEST_SECRET, authenticate, charge, cookie_name, require_same_origin
from api.bodies import read_json
from api.problems import Problem, invalid, unauthorized
from api.settings import ApiSettings


async def show(request: Request) -> Response:
    """GET: who is logged in, and until when."""
    token = request.cookies.get(cookie_name(https=request.app.state.settings.https))
    if not token:
        raise unauthorized("There is no session. Log in first.")
    async with request.app.state.pool.connection() as connection:
        account = await accounts.find_session(connection, token[:LONGEST_SECRET])
    if account is None:
        raise unauthorized("The session has ended. Log in again.")
    charge(request, account)
    return JSONResponse(_shape(account), headers={"Cache-Control": "no-store"})


async def begin(request: Request) -> Response:
    """POST: a bearer key in the header, or {"code"} in the body, becomes a cookie."""
    settings: ApiSettings = request.app.state.settings
    # Logging someone in under another's name is an attack, too.
    if "origin" in request.headers or "sec-fetch-site" in request.headers:
        require_same_origin(request)
    account = await (authenticate(request) if "authorization" in request.headers else _by_code(request))
    if not account.scopes:
        detail = (
            "This credential opens nothing: its user may do none of what it is for. So there is no session to begin."
        )
        raise Problem(403, "Forbidden", detail, code="insufficient_scope")
    seconds = settings.session_hours * 3600
    async with request.app.state.pool.connection() as connection:
        token, expires_at = await accounts.create_session(connection, account, seconds=seconds)
    response = JSONResponse(_shape(replace(account, expires_at=expires_at)), headers={"Cache-Control": "no-store"})
    response.set_cookie(
        cookie_name(https=settings.https),
        token,
        max_age=_seconds_left(account, seconds),
        path="/",
        secure=settings.https,
        httponly=True,
        samesite="lax",
    )
    return response


def _seconds_left(account: Account, seconds: float) -> int:
    """How long a browser need keep the cookie. It is the server that ends a session, whatever clock a browser has."""
    if account.expires_at is None:
        return int(seconds)
    return max(1, int(min(seconds, (account.expires_at - datetime.now(UTC)).total_seconds())))


async def end(request: Request) -> Response:
    """DELETE: the session is over, here and wherever its cookie was copied to."""
    settings: ApiSettings = request.app.state.settings
    token = request.cookies.get(cookie_name(https=settings.https))
    response = Response(status_code=204)
    if token:
        require_same_origin(request)
        async with request.app.state.pool.connection() as connection:
            await accounts.revoke_session(connection, token[:LONGEST_SECRET])
        # Here at once; other processes ask once a minute which credentials still hold.
        request.app.state.hub.dismiss("unauthorized", credentials={accounts.digest(token[:LONGEST_SECRET])})
        response.delete_cookie(
            cookie_name(https=settings.https), path="/", secure=settings.https, httponly=True, samesite="lax"
        )
    return response


async def _by_code(request: Request) -> Account:
    settings: ApiSettings = request.app.state.settings
    body = await read_json(request, limit=settings.body_bytes, seconds=settings.body_seconds)
    code = body.get("code")
    if not isinstance(code, str) or not 1 <= len(code) <= LONGEST_SECRET:
        raise invalid([{"path": "code", "message": "must be a login code"}])
    async with request.app.state.pool.connection() as connection:
        user_id = await accounts.use_login_code(connection, code)
        if user_id is None:
            raise unauthorized("The login code is unknown, used or older than ten minutes. Ask for a new one.")
        account = await accounts.ensure_user(connection, user_id)
    if account.is_locked:
        raise unauthorized("This user is locked out. Ask the operator.")
    return account


def _shape(account: Account) -> dict[str, Any]:
    assert account.expires_at is not None
    return {
        "userId": str(account.user_id),
        "plan": account.plan,
        "role": account.role,
        "scopes": sorted(account.scopes),
        "expiresAt": account.expires_at.isoformat(),
    }
