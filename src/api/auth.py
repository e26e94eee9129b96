"""Who is calling, and what they may: an API key, a signed token, a page's session, or a header of a local test."""

from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from psycopg_pool import AsyncConnectionPool
from starlette.requests import Request

from api import accounts
from api.accounts import KEY_MARK, Account
from api.problems import Problem, unauthorized
from api.rates import tell
from api.scopes import ADMIN, ALL, SAFE_METHODS, SCOPES, needed
from api.settings import ApiSettings
from api.tokens import Tokens
from pgqueue import NOBODY

FORWARDING = ("forwarded", "x-forwarded", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip", "via")
"""How the names of headers begin that a proxy adds, whatever they go on with."""
LONGEST_SECRET = 512
ACCOUNT = "pgqueue.account"
"""Where in a request's scope its account stands, once it is known."""


def cookie_name(*, https: bool) -> str:
    """Browsers hold a __Host- cookie to https, to this host and to every path; over plain http they refuse it."""
    return "__Host-session" if https else "pgqueue_session"


async def identify(request: Request) -> Account:
    """The caller's account, for what is the caller's own: reading needs the scope `read`, all else `jobs`.

    Raises 401; 403 for a scope that the credential lacks, and for a page's request that another site made.
    """
    return await require_scope(request, needed(request.method))


async def require_scope(request: Request, scope: str) -> Account:
    """The caller's account, whose credential has that scope. Raises 401 and 403."""
    account = await authenticate(request)
    if scope not in account.scopes:
        detail = f"This credential may not: it lacks the scope {scope!r} ({SCOPES[scope]})."
        headers = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
        raise Problem(403, "Forbidden", detail, code="insufficient_scope", headers=headers)
    return account


async def require_admin(request: Request) -> Account:
    """An operator's account; one who only looks may GET. Raises 401 and 403."""
    account = await require_scope(request, ADMIN)
    if not account.is_admin and request.method not in SAFE_METHODS:
        detail = "This operator may look at everything and change nothing."
        raise Problem(403, "Forbidden", detail, code="read_only")
    return account


async def authenticate(request: Request) -> Account:
    """The caller's account, whatever the credential is good for. Raises 401, 429, or 403 as in identify.

    However often it is asked, a request is looked up and counted once.
    """
    account: Account | None = request.scope.get(ACCOUNT)
    if account is None:
        account = request.scope[ACCOUNT] = await _authenticated(request)
        charge(request, account)
    return account


def charge(request: Request, account: Account) -> None:
    """Count the request against its user's limit, which the answer then tells of. Raises 429."""
    limit = request.app.state.rates.take(account.user_id)
    tell(request.scope, limit)
    if limit.is_over:
        detail = f"More than {limit.quota:,} requests a minute. Slow down; a stream tells of changes without asking."
        headers = {"Retry-After": str(limit.more_in_seconds)}
        raise Problem(429, "Too many requests", detail, code="too_many_requests", headers=headers)


async def _authenticated(request: Request) -> Account:
    settings: ApiSettings = request.app.state.settings
    pool: AsyncConnectionPool = request.app.state.pool
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return await _by_bearer(request, pool, authorization)
    token = request.cookies.get(cookie_name(https=settings.https))
    if token:
        return await _by_session(request, pool, token)
    user_id = _trusted_header(request, settings)
    if user_id is not None:
        async with pool.connection() as connection:
            account = await accounts.ensure_user(connection, user_id)
        if not account.is_locked:
            # Whoever the header names: it is never an operator.
            return account.claimed(None, "user", ALL, None)
    raise unauthorized("Send an API key: Authorization: Bearer <key>.")


async def _by_bearer(request: Request, pool: AsyncConnectionPool, authorization: str) -> Account:
    scheme, _, bearer = authorization.partition(" ")
    bearer = bearer.strip()
    tokens: Tokens = request.app.state.tokens
    if scheme.lower() == "bearer" and tokens.is_on and not bearer.startswith(KEY_MARK):
        return await _by_token(tokens, pool, bearer)
    if scheme.lower() != "bearer" or not bearer or len(bearer) > LONGEST_SECRET:
        raise unauthorized("The Authorization header must be: Bearer <key>.")
    async with pool.connection() as connection:
        account = await accounts.find_key(connection, bearer)
    if account is None:
        raise unauthorized("The API key is unknown, revoked or expired.")
    return account


async def _by_token(tokens: Tokens, pool: AsyncConnectionPool, token: str) -> Account:
    claims = await tokens.claims(token)
    async with pool.connection() as connection:
        account = await accounts.ensure_user(connection, claims.user_id, claims.plan or "free")
    if account.is_locked:
        raise unauthorized("This user is locked out. Ask the operator.")
    return account.claimed(claims.plan, claims.role, claims.scopes, claims.expires_at)


async def _by_session(request: Request, pool: AsyncConnectionPool, token: str) -> Account:
    if request.method not in SAFE_METHODS:
        require_same_origin(request)
    async with pool.connection() as connection:
        account = await accounts.find_session(connection, token[:LONGEST_SECRET])
    if account is None:
        raise unauthorized("The session has ended. Log in again.")
    return account


def require_same_origin(request: Request) -> None:
    """Refuse what another site had the browser send with our cookie."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        allowed = site == "same-origin"
    else:
        settings: ApiSettings = request.app.state.settings
        origin = urlsplit(request.headers.get("origin", ""))
        allowed = origin.netloc != "" and origin.netloc == request.headers.get("host")
        # A page over plain http under our name is whoever stands in between. Without the setting we cannot tell.
        allowed = allowed and (origin.scheme == "https" or not settings.https)
    if not allowed:
        detail = "A page's session acts only from our own pages. Programs send an API key instead."
        raise Problem(403, "Forbidden", detail, code="cross_origin")


def _trusted_header(request: Request, settings: ApiSettings) -> UUID | None:
    value = request.headers.get("x-user-id")
    if value is None or not settings.trust_user_id_header:
        return None
    server = request.scope.get("server") or ("", 0)
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    forwarded = any(name.startswith(FORWARDING) for name in request.headers)
    client = request.client.host if request.client else ""
    if forwarded or not all(map(is_loopback, (settings.host, server[0], client, host))):
        return None
    try:
        user_id = UUID(value)
    except ValueError:
        return uuid5(NAMESPACE_URL, f"x-user-id:{value}")
    # The id of those who are no user: what belongs to nobody is not for anyone to ask for.
    return None if user_id == NOBODY else user_id


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
