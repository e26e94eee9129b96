"""Signed tokens (JWT) of one issuer: whose they are, until when, and what the issuer says of plan and role.

The algorithms are the configuration's, of one key family; a token's header chooses nothing but which of the issuer's
keys to try. So no public key is ever taken for a shared secret, and `none` is no algorithm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt

from api.accounts import ADMIN_ROLE, PLANS, READ_ONLY_ROLE
from api.key_sets import KeySet
from api.problems import unauthorized
from api.scopes import ALL
from api.settings import ApiSettings
from pgqueue import NOBODY

LONGEST_TOKEN = 8 * 1024
LEEWAY_SECONDS = 10
"""For clocks that differ; a token is good for so long beyond its end."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says. plan: None where it says none that we know. role: never from where users can write."""

    user_id: UUID
    expires_at: datetime
    plan: str | None
    role: str
    scopes: frozenset[str]


class Tokens:
    """The verifier of one issuer's tokens."""

    def __init__(self, settings: ApiSettings) -> None:
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience
        secrets = (settings.jwt_secret, settings.jwt_previous_secret)
        self._secrets = [secret.get_secret_value() for secret in secrets if secret is not None]
        self._keys = KeySet(settings.jwt_jwks_url) if settings.jwt_jwks_url else None

    @property
    def is_on(self) -> bool:
        return bool(self._secrets) or self._keys is not None

    async def claims(self, token: str) -> Claims:
        """What the token says. Raises 401; 503 while the issuer's keys cannot be fetched."""
        if len(token) > LONGEST_TOKEN:
            raise _refused("it is too long")
        if self._keys is None:
            return _claims(self._by_secrets(token))
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
        except (jwt.PyJWTError, RecursionError):
            raise _refused("it is no JWT") from None
        key = await self._keys.find(key_id)
        if key is None:
            raise _refused("its key is none of the issuer's")
        return _claims(self._decode(token, key.key, key.algorithm_name))

    def _by_secrets(self, token: str) -> Mapping[str, Any]:
        """By the current secret, else by the previous one: so secrets rotate while tokens of both are about."""
        for secret in self._secrets[:-1]:
            try:
                return self._decode(token, secret, "HS256", quiet=True)
            except jwt.InvalidSignatureError:
                continue
        return self._decode(token, self._secrets[-1], "HS256")

    def _decode(self, token: str, key: Any, algorithm: str, *, quiet: bool = False) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.InvalidSignatureError:
            if quiet:
                raise
            raise _refused("its signature is not the issuer's") from None
        except jwt.ExpiredSignatureError:
            raise _refused("it has expired") from None
        except jwt.PyJWTError as error:
            raise _refused(str(error)[:100]) from None
        except (RecursionError, OverflowError):
            # JSON that nests a thousand levels, or a time that is infinite.
            raise _refused("it is no JWT") from None
        return found


def _claims(found: Mapping[str, Any]) -> Claims:
    try:
        user_id = UUID(found["sub"])
        expires_at = datetime.fromtimestamp(int(found["exp"]), UTC)
    except (ValueError, OverflowError, OSError, TypeError, AttributeError):
        raise _refused("its sub must be the user's UUID and its exp a time") from None
    if user_id == NOBODY:
        raise _refused("its sub is the id of those who are no user")
    # Not user_metadata, which users write themselves.
    told = found.get("app_metadata")
    told = told if isinstance(told, Mapping) else {}
    plan, role, scopes = told.get("plan"), told.get("role"), told.get("scopes", sorted(ALL))
    # Meant to narrow, so never read as nothing said; an empty list narrows to nothing.
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise _refused("its app_metadata.scopes must be a list of texts, or left out")
    return Claims(
        user_id,
        expires_at,
        plan=plan if plan in PLANS else None,
        role=role if role in (ADMIN_ROLE, READ_ONLY_ROLE) else "user",
        scopes=frozenset(scopes),
    )


def _refused(why: str) -> Exception:
    return unauthorized(f"The token is refused: {why}.")
