"""Every setting of the API: name, default, unit and help in one place, read from the environment."""

from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pgqueue import InvalidSettings

LEAST_SECRET_BYTES = 32
"""Of a shared secret: what HS256 signs with must be as hard to guess as its hash (RFC 7518, 3.2)."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
PREFIX = "PGQUEUE_API_"


class ApiSettings(BaseSettings):
    """Read from variables named PGQUEUE_API_…, each with its default."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    path_prefix: str = Field(
        "",
        pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        max_length=200,
        description="Path under which a reverse proxy offers the service, which it takes off: /backtests, say.",
    )
    trusted_proxies: str = Field(
        "",
        max_length=1000,
        description="Addresses or networks, by commas, whose X-Forwarded headers are believed. Not set: none.",
    )
    https: bool = Field(False, description="Reached over https: the session cookie is then sent over https alone.")
    session_hours: float = Field(12.0, gt=0, le=720, description="How long a page's session lasts.")
    body_bytes: int = Field(256 * 1024, ge=1024, le=16 * 1024 * 1024, description="Largest request body.")
    body_seconds: float = Field(10.0, gt=0, le=300, description="How long a request body may take to arrive.")
    streams_per_user: int = Field(20, ge=1, le=1000, description="Event streams one user may hold open at a time.")
    heartbeat_seconds: float = Field(15.0, ge=0.05, le=120, description="Silence on a stream after which it is pinged.")
    reread_seconds: float = Field(
        5.0, ge=0.05, le=60, description="How often watched jobs are read again, in case a hint was lost."
    )
    poll_seconds: float = Field(2.0, ge=0.05, le=60, description="How often they are read while no hint can arrive.")
    send_seconds: float = Field(
        5.0, gt=0, le=60, description="A stream's reader that takes longer to take an event is cut."
    )
    credential_seconds: float = Field(
        60.0, ge=0.05, le=3600, description="How often open streams are held to keys and sessions that still open them."
    )
    pool_size: int = Field(8, ge=2, le=100, description="Connections for requests, besides four that feed streams.")
    pool_seconds: float = Field(5.0, gt=0, le=60, description="Wait for one of them, then the answer is 503.")
    trust_user_id_header: bool = Field(
        False, description="For local tests alone: believe x-user-id of callers on this machine. Never an admin."
    )
    requests_per_minute: int = Field(
        1200,
        ge=1,
        le=1_000_000,
        description="Requests of one user in a minute, per API process: what is beyond is 429.",
    )
    jwt_secret: SecretStr | None = Field(
        None, description="Shared secret of signed tokens (HS256), at least 32 bytes. Not set: no such tokens."
    )
    jwt_previous_secret: SecretStr | None = Field(
        None, description="The secret before that one, good as well while tokens signed with it are about."
    )
    jwt_jwks_url: str | None = Field(
        None, description="Instead of a secret: where the issuer's public keys are (ES256, RS256). https or loopback."
    )
    jwt_issuer: str | None = Field(
        None, validate_default=True, description="`iss` that tokens must have; required with either."
    )
    jwt_audience: str | None = Field(
        None, validate_default=True, description="`aud` that tokens must have; required with either."
    )
    without_row_security: str = Field(
        "",
        max_length=200,
        description="Serve without row-level security behind the API, and why; the reason is logged.",
    )

    @field_validator("jwt_secret", "jwt_previous_secret")
    @classmethod
    def _is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value().encode()) < LEAST_SECRET_BYTES:
            raise ValueError(f"must have at least {LEAST_SECRET_BYTES} bytes; `openssl rand -base64 48` makes one")
        return secret

    @field_validator("jwt_previous_secret")
    @classmethod
    def _has_a_successor(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if secret is not None and info.data.get("jwt_secret", secret) is None:
            raise ValueError("is set without PGQUEUE_API_JWT_SECRET; set that to the present one")
        return secret

    @field_validator("jwt_jwks_url")
    @classmethod
    def _is_safe_and_alone(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None:
            return None
        if info.data.get("jwt_secret", url) is not None:
            raise ValueError(
                "is set beside PGQUEUE_API_JWT_SECRET; an issuer has keys of one kind, keep one of the two"
            )
        parts = urlsplit(url)
        if not parts.hostname or not (
            parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        ):
            raise ValueError("must be an https address, or one on this machine")
        return url

    @field_validator("jwt_issuer", "jwt_audience")
    @classmethod
    def _is_told(cls, value: str | None, info: ValidationInfo) -> str | None:
        # What is missing from data was set, and is wrong itself.
        is_on = any(info.data.get(name, name) is not None for name in ("jwt_secret", "jwt_jwks_url"))
        if is_on and not value:
            raise ValueError("is required for signed tokens: a token made for another service must not open this one")
        return value


VARIABLES = tuple(f"{PREFIX}{name.upper()}" for name in ApiSettings.model_fields)


def load_api_settings(**chosen: Any) -> ApiSettings:
    """The settings of the environment, with `chosen` before them; InvalidSettings names everything that is wrong."""
    try:
        return ApiSettings(**chosen)
    except ValidationError as error:
        raise InvalidSettings([_problem(detail) for detail in error.errors()]) from None


def _problem(detail: Any) -> str:
    name = str(detail["loc"][0])
    said = str(detail["msg"]).removeprefix("Value error, ")
    # What was given for anything of tokens is not repeated: it may be the secret, put in the wrong place.
    given = "" if name.startswith("jwt_") else f"={detail['input']!r}:"
    return f"{PREFIX}{name.upper()}{given} {said[0].lower()}{said[1:]}"
