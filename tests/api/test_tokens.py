"""Signed tokens: whose they are, what they cannot forge, and how their keys change without anyone noticing."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from api import accounts
from api.key_sets import LONGEST_PAUSE_SECONDS, MOST_BYTES, STALE_SECONDS, KeySet, read_keys
from api.problems import Problem
from api.settings import load_api_settings
from api_scene import BODY, calling, know_aapl, running_app
from pgqueue import InvalidSettings

pytestmark = pytest.mark.anyio

QUEUE = "/api/backtest/queue"
SECRET = "0123456789abcdef0123456789abcdef"
ISSUER = {"jwt_issuer": "https://auth.example/v1", "jwt_audience": "authenticated"}
USER = UUID("5f1a2b3c-0000-4000-8000-000000000001")
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def payload(**changes: Any) -> dict[str, Any]:
    said = {
        "sub": str(USER),
        "iss": ISSUER["jwt_issuer"],
        "aud": ISSUER["jwt_audience"],
        "exp": int(time.time()) + 600,
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


def token(key: Any = SECRET, algorithm: str = "HS256", kid: str | None = None, **changes: Any) -> str:
    return jwt.encode(payload(**changes), key, algorithm, headers={"kid": kid} if kid else None)


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with running_app(database_url, jwt_secret=SECRET, **ISSUER) as app:
        yield app


async def status(app: Starlette, text: str) -> int:
    async with calling(app) as client:
        return (await client.get(QUEUE, headers=bearer(text))).status_code


async def test_a_token_opens_the_api_for_a_user_it_never_saw(app: Starlette, pool: AsyncConnectionPool) -> None:
    async with calling(app) as client:
        answer = await client.post(QUEUE, json=BODY, headers=bearer(token()))
        job = (await client.get(answer.json()["links"]["self"], headers=bearer(token()))).json()
    async with pool.connection() as connection:
        row = await (await connection.execute("select user_id, tier from pgqueue.accounts")).fetchone()

    assert job["userId"] == str(USER)
    assert row == (USER, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "https://auth.example/v2"},
        {"iss": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"exp": 10**400},
        {"exp": "soon"},
        {"nbf": 4_000_000_000},
        {"sub": None},
        {"sub": "not-a-uuid"},
        {"sub": "00000000-0000-0000-0000-000000000000"},
        {"key": "another secret of thirty-two bytes"},
    ],
    ids=str,
)
async def test_a_token_with_anything_wrong_opens_nothing(app: Starlette, wrong: dict[str, Any]) -> None:
    assert await status(app, token(**wrong)) == 401


def unsigned(header: dict[str, Any], key: bytes = b"", **changes: Any) -> str:
    """A token put together by hand, signed as HS256 with the key if there is one."""

    def encoded(value: Any) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    signed = encoded(header) + b"." + encoded(payload(**changes))
    signature = hmac.digest(key, signed, hashlib.sha256) if key else b""
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


@pytest.mark.parametrize("algorithm", ["none", "None", "HS384", "HS512", "RS256", "ES256", "PS256", ""])
async def test_the_header_chooses_no_algorithm(app: Starlette, algorithm: str) -> None:
    forged = [unsigned({"alg": algorithm}), unsigned({"alg": algorithm}, SECRET.encode())]

    assert [await status(app, one) for one in forged] == [401, 401]


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "a.b.c",
        "..",
        "é" * 10,
        base64.urlsafe_b64encode(b"[" * 5000).decode().rstrip("=") + ".e30.",
        base64.urlsafe_b64encode(b'{"alg":' + b"[" * 3000).decode().rstrip("=") + ".e30.",
        "a" * 100_000,
    ],
    ids=range(7),
)
async def test_what_is_no_token_is_401(app: Starlette, text: str) -> None:
    async with calling(app) as client:
        answer = await client.get(QUEUE, headers=[(b"Authorization", f"Bearer {text}".encode())])

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("app_metadata", "user_metadata", "expected"),
    [
        ({"plan": "pro", "role": "admin"}, None, ("pro", "admin")),
        ({"plan": "basic", "role": "read_only_admin"}, None, ("basic", "read_only_admin")),
        (None, {"plan": "pro", "role": "admin"}, ("free", "user")),
        ({"plan": "gold", "role": "root"}, None, ("free", "user")),
        ({"plan": ["pro"], "role": {"admin": True}}, None, ("free", "user")),
        ("pro admin", None, ("free", "user")),
        ({"plan": "pro", "role": "admin", "scopes": ["read"]}, None, ("pro", "user")),
    ],
)
async def test_plan_and_role_come_from_app_metadata_alone(
    app: Starlette, app_metadata: Any, user_metadata: Any, expected: tuple[str, str]
) -> None:
    said = {"app_metadata": app_metadata, "user_metadata": user_metadata, "role": "admin", "plan": "pro"}
    async with calling(app) as client:
        answer = await client.post("/api/session", headers=bearer(token(**said)))
        shown = (await client.get("/api/session")).json()

    assert answer.status_code == 200
    assert (shown["plan"], shown["role"]) == expected


@pytest.mark.parametrize("scopes", ["read", ["read", 1], {"read": True}, None, 7, False, [["read"]]], ids=str)
async def test_a_token_whose_scopes_are_no_list_of_texts_opens_nothing(app: Starlette, scopes: Any) -> None:
    async with calling(app) as client:
        answer = await client.get(QUEUE, headers=bearer(token(app_metadata={"scopes": scopes})))

    assert answer.status_code == 401
    assert "app_metadata.scopes must be a list of texts" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("said", "found"),
    [({}, [200, 200, 200]), ({"scopes": []}, [403] * 3), ({"scopes": ["read"]}, [200, 403, 200])],
    ids=str,
)
async def test_scopes_left_out_of_a_token_are_all_and_an_empty_list_is_none(
    app: Starlette, said: dict[str, Any], found: list[int]
) -> None:
    headers = bearer(token(app_metadata=said))
    async with calling(app) as client:
        answers = [
            await client.get(QUEUE, headers=headers),
            await client.post(QUEUE, json=BODY, headers=headers),
            await client.post("/api/session", headers=headers),
        ]

    assert [answer.status_code for answer in answers] == found


async def test_a_token_makes_no_operator_of_a_user_whom_only_the_database_calls_one(
    app: Starlette, pool: AsyncConnectionPool
) -> None:
    async with pool.connection() as connection:
        await accounts.ensure_user(connection, USER)
        await accounts.set_role(connection, USER, "admin")
    async with calling(app) as client:
        answer = await client.post("/api/session", headers=bearer(token()))

    assert answer.json()["role"] == "user"


async def test_a_session_lasts_no_longer_than_the_token_that_opened_it(app: Starlette) -> None:
    end = int(time.time()) + 90
    async with calling(app) as client:
        answer = await client.post("/api/session", headers=bearer(token(exp=end)))
        late = await client.post("/api/session", headers=bearer(token(exp=int(time.time()) - 2)))

    assert datetime.fromisoformat(answer.json()["expiresAt"]).timestamp() == end
    assert late.status_code == 200  # within the leeway, for a second


async def test_a_locked_out_users_token_opens_nothing(app: Starlette, pool: AsyncConnectionPool) -> None:
    assert await status(app, token()) == 200
    async with pool.connection() as connection:
        await accounts.lock_out(connection, USER, locked=True)

    assert await status(app, token()) == 401


async def test_secrets_rotate_while_tokens_of_both_are_about(database_url: str) -> None:
    new = "fedcba9876543210fedcba9876543210"
    async with running_app(database_url, jwt_secret=new, jwt_previous_secret=SECRET, **ISSUER) as app:
        during = [await status(app, token(new)), await status(app, token()), await status(app, token("x" * 32))]
    async with running_app(database_url, jwt_secret=new, **ISSUER) as app:
        after = [await status(app, token(new)), await status(app, token())]

    assert (during, after) == ([200, 200, 401], [200, 401])


async def test_without_settings_no_token_opens_anything(database_url: str) -> None:
    async with running_app(database_url) as app:
        assert await status(app, token()) == 401


def public(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    kind = jwt.algorithms.ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else jwt.algorithms.RSAAlgorithm
    said: dict[str, Any] = kind.to_jwk(key.public_key(), as_dict=True)
    said.pop("key_ops", None)
    return said | {"kid": kid, "use": "sig", **more}


class Issuer:
    """An issuer's address with its keys; counts how often it is asked."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.is_away = False
        self.now = 1000.0
        self.body: bytes | None = None

    def answer(self, _request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.is_away:
            return httpx.Response(503)
        return httpx.Response(200, content=self.body or json.dumps({"keys": self.keys}).encode())

    @property
    def key_set(self) -> KeySet:
        return KeySet("https://auth.example/jwks", clock=lambda: self.now, transport=httpx.MockTransport(self.answer))


@asynccontextmanager
async def trusting(database_url: str, issuer: Issuer) -> AsyncIterator[Starlette]:
    settings = {"jwt_jwks_url": "https://auth.example/jwks", **ISSUER}
    async with running_app(database_url, **settings) as app:
        app.state.tokens._keys = issuer.key_set
        yield app


async def test_tokens_of_either_kind_of_public_key_are_good(database_url: str) -> None:
    async with trusting(database_url, Issuer(public(EC_KEY, "e"), public(RSA_KEY, "r"))) as app:
        found = [await status(app, token(EC_KEY, "ES256", "e")), await status(app, token(RSA_KEY, "RS256", "r"))]
        crossed = [await status(app, token(EC_KEY, "ES256", "r")), await status(app, token(RSA_KEY, "RS256", "e"))]

    assert (found, crossed) == ([200, 200], [401, 401])


async def test_a_public_key_is_never_taken_for_a_shared_secret(database_url: str) -> None:
    pem = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    jwk = json.dumps(public(RSA_KEY, "r")).encode()
    shared = base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("=")
    issuer = Issuer(public(RSA_KEY, "r"), {"kty": "oct", "kid": "o", "k": shared, "alg": "HS256"})
    async with trusting(database_url, issuer) as app:
        forged = [
            unsigned({"alg": "HS256", "kid": "r"}, pem),
            unsigned({"alg": "HS256", "kid": "r"}, jwk),
            unsigned({"alg": "HS256", "kid": "o"}, SECRET.encode()),
            unsigned({"alg": "HS256"}, pem),
            unsigned({"alg": "HS256", "jwk": public(RSA_KEY, "r"), "kid": "x"}, pem),
            unsigned({"alg": "none", "kid": "r"}),
        ]
        found = [await status(app, one) for one in forged]

    assert found == [401] * len(forged)


async def test_keys_are_fetched_once_and_again_when_an_unknown_one_signs_but_not_in_a_hurry() -> None:
    issuer = Issuer(public(EC_KEY, "old"))
    keys = issuer.key_set
    for _ in range(5):
        assert await keys.find("old") is not None
    assert issuer.asked == 1

    issuer.keys.append(public(RSA_KEY, "new"))
    issuer.now += 10
    assert await keys.find("new") is not None
    assert issuer.asked == 2

    for n in range(1000):
        assert await keys.find(f"made-up-{n}") is None
        issuer.now += 1
    assert issuer.asked - 2 <= 12
    assert await keys.find("old") is not None

    issuer.now += LONGEST_PAUSE_SECONDS
    issuer.keys.append(public(EC_KEY, "newest"))
    assert await keys.find("newest") is not None


async def test_a_withdrawn_key_is_refused_once_the_keys_are_old() -> None:
    issuer = Issuer(public(EC_KEY, "withdrawn"))
    keys = issuer.key_set
    assert await keys.find("withdrawn") is not None
    issuer.keys.clear()
    issuer.now += 601

    assert await keys.find("withdrawn") is None


async def test_while_the_issuer_is_away_known_keys_serve_for_an_hour_and_then_it_is_503() -> None:
    issuer = Issuer(public(EC_KEY, "e"))
    keys = issuer.key_set
    assert await keys.find("e") is not None
    issuer.is_away = True
    issuer.now += STALE_SECONDS - 1
    assert await keys.find("e") is not None

    issuer.now += LONGEST_PAUSE_SECONDS
    with pytest.raises(Problem) as refused:
        await keys.find("e")
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "5"})

    issuer.is_away = False
    issuer.now += LONGEST_PAUSE_SECONDS
    assert await keys.find("e") is not None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"keys": 1}',
        b"\xff",
        b'{"keys":' + b"[" * 5000,
        b'{"keys": [' + b"{}," * 200 + b"{}]}",
        b" " * (MOST_BYTES + 1),
    ],
    ids=range(7),
)
async def test_an_issuer_that_answers_nonsense_is_as_one_that_is_away(body: bytes) -> None:
    issuer = Issuer()
    issuer.body = body or b" "

    with pytest.raises(Problem):
        await issuer.key_set.find("e")


@pytest.mark.parametrize(
    "unusable",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "k"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "k"},
        {"kty": "EC", "kid": "k"},
        {"kty": ["EC"], "kid": "k"},
        public(EC_KEY, "k", use="enc"),
        public(EC_KEY, "k", alg="ES384"),
        public(ec.generate_private_key(ec.SECP384R1()), "k"),
        public(RSA_KEY, "k", alg="HS256"),
        public(RSA_KEY, "k") | {"kid": {"a": 1}},
        7,
    ],
    ids=range(10),
)
def test_an_unusable_key_is_passed_over_and_the_others_serve(unusable: Any) -> None:
    body = json.dumps({"keys": [unusable, public(EC_KEY, "good")]}).encode()

    assert read_keys(body).keys() == {"good"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"jwt_secret": SECRET}, ["JWT_ISSUER is required", "JWT_AUDIENCE is required"]),
        ({"jwt_secret": "short", "jwt_issuer": "i"}, ["JWT_SECRET must have at least 32 bytes", "JWT_AUDIENCE is req"]),
        ({"jwt_previous_secret": SECRET}, ["JWT_PREVIOUS_SECRET is set without"]),
        (
            {"jwt_secret": SECRET, "jwt_jwks_url": "https://a/jwks", **ISSUER},
            ["JWT_JWKS_URL is set beside PGQUEUE_API_JWT_SECRET"],
        ),
        ({"jwt_jwks_url": "http://a.example/jwks", **ISSUER}, ["JWT_JWKS_URL must be an https address"]),
        ({"jwt_jwks_url": "file:///etc/passwd", **ISSUER}, ["JWT_JWKS_URL must be an https address"]),
        ({"jwt_secret": "short", "port": 99999, "pool_size": 0}, ["JWT_SECRET", "PORT=99999", "POOL_SIZE=0", "ISSUER"]),
    ],
)
def test_wrong_settings_are_said_all_at_once_and_no_secret_with_them(settings: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(InvalidSettings) as refused:
        load_api_settings(**settings)

    for part in said:
        assert part in str(refused.value)
    assert "short" not in str(refused.value)
    assert SECRET not in str(refused.value)


def test_settings_never_show_a_secret() -> None:
    settings = load_api_settings(jwt_secret=SECRET, jwt_previous_secret=SECRET[::-1], **ISSUER)

    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert SECRET not in shown
        assert SECRET[::-1] not in shown


def test_a_jwks_on_this_machine_may_be_plain() -> None:
    assert load_api_settings(jwt_jwks_url="http://127.0.0.1:9/jwks", **ISSUER).jwt_jwks_url
    assert load_api_settings(jwt_jwks_url="http://localhost:9/jwks", **ISSUER).jwt_jwks_url


async def test_a_user_of_whom_there_is_nothing_yet_is_made_with_the_plan_the_token_says(
    app: Starlette, pool: AsyncConnectionPool
) -> None:
    other = uuid4()
    assert await status(app, token(sub=str(other), app_metadata={"plan": "basic"})) == 200
    async with pool.connection() as connection:
        row = await (
            await connection.execute("select tier from pgqueue.accounts where user_id = %s", [other])
        ).fetchone()

    assert row == (1,)
