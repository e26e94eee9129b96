"""Who is calling: an API key, a page's session, or (switched on, on this machine alone) a header of a local test."""

from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from psycopg_pool import AsyncConnectionPool
from starlette.requests import Request

from api import accounts
from api.accounts import Account
from api.problems import Problem, unauthorized
from api.settings import ApiSettings

FORWARDING = ("forwarded", "x-forwarded", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip", "via")
"""How the names of headers begin that a proxy adds, whatever they go on with."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
LONGEST_SECRET = 512


def cookie_name(settings: ApiSettings) -> str:
    """Browsers hold a __Host- cookie to https, to this host and to every path; over plain http they refuse it."""
    return "__Host-session" if settings.https else "pgqueue_session"


async def identify(request: Request) -> Account:
    """The caller's account. Raises 401, or 403 for a page's request that another site made."""
    settings: ApiSettings = request.app.state.settings
    pool: AsyncConnectionPool = request.app.state.pool
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return await _by_key(pool, authorization)
    token = request.cookies.get(cookie_name(settings))
    if token:
        return await _by_session(request, pool, token)
    user_id = _trusted_header(request, settings)
    if user_id is not None:
        async with pool.connection() as connection:
            account = await accounts.ensure_user(connection, user_id)
        return Account(account.user_id, account.plan, is_admin=False)
    raise unauthorized("Send an API key: Authorization: Bearer <key>.")


async def require_admin(request: Request) -> Account:
    """The caller's account, which is an administrator's. Raises 401 and 403."""
    account = await identify(request)
    if not account.is_admin:
        detail = "This is for administrators. Ask one of them to make your account one."
        raise Problem(403, "Forbidden", detail, code="not_an_administrator")
    return account


async def _by_key(pool: AsyncConnectionPool, authorization: str) -> Account:
    scheme, _, key = authorization.partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key or len(key) > LONGEST_SECRET:
        raise unauthorized("The Authorization header must be: Bearer <key>.")
    async with pool.connection() as connection:
        account = await accounts.find_key(connection, key)
    if account is None:
        raise unauthorized("The API key is unknown, revoked or expired.")
    return account


async def _by_session(request: Request, pool: AsyncConnectionPool, token: str) -> Account:
    if request.method not in SAFE_METHODS:
        require_same_origin(request)
    async with pool.connection() as connection:
        session = await accounts.find_session(connection, token[:LONGEST_SECRET])
    if session is None:
        raise unauthorized("The session has ended. Log in again.")
    return session.account


def require_same_origin(request: Request) -> None:
    """Refuse what another site had the browser send with our cookie."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        allowed = site == "same-origin"
    else:
        origin = request.headers.get("origin")
        allowed = origin is not None and urlsplit(origin).netloc == request.headers.get("host")
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
        return UUID(value)
    except ValueError:
        return uuid5(NAMESPACE_URL, f"x-user-id:{value}")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
