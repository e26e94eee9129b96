"""People in the database: accounts, keys, sessions, login codes. Secrets are made here and kept only as hashes."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

from api.queries import sql

KEY_MARK = "pgq_"
"""How a key is known for one of ours, to people and to scanners of leaked secrets."""
PREFIX_LENGTH = 12
LOGIN_CODE_SECONDS = 600
PLANS = ("free", "basic", "pro")
"""From the lowest tier to the highest."""


@dataclass(frozen=True, slots=True)
class Account:
    user_id: UUID
    plan: str
    is_admin: bool
    expires_at: datetime | None = None
    """When what the caller was known by ends; None: when it is revoked."""
    credential: bytes | None = None
    """Hash of the secret the caller was known by, where there is one."""

    @property
    def tier(self) -> int:
        """0 free, 1 basic, 2 pro."""
        return PLANS.index(self.plan)


@dataclass(frozen=True, slots=True)
class Session:
    account: Account
    expires_at: datetime


def digest(secret: str) -> bytes:
    """What is stored of a secret. It has 256 random bits, so a slow hash would protect nothing more."""
    return sha256(secret.encode()).digest()


async def find_key(connection: AsyncConnection[Any], key: str) -> Account | None:
    """Whose key it is; None when unknown, revoked or expired."""
    cursor = connection.cursor(row_factory=class_row(Account))
    return await (await cursor.execute(sql("find_key"), {"hash": digest(key)})).fetchone()


async def find_session(connection: AsyncConnection[Any], token: str) -> Session | None:
    cursor = connection.cursor(row_factory=dict_row)
    row = await (await cursor.execute(sql("find_session"), {"hash": digest(token)})).fetchone()
    if row is None:
        return None
    return Session(
        Account(row["user_id"], row["plan"], row["is_admin"], row["expires_at"], digest(token)), row["expires_at"]
    )


async def ended_credentials(connection: AsyncConnection[Any], hashes: Collection[bytes]) -> set[bytes]:
    """Those of the hashes whose key or session is revoked, expired or gone."""
    rows = await (await connection.execute(sql("ended_credentials"), {"hashes": list(hashes)})).fetchall()
    return {row[0] for row in rows}


async def ensure_user(connection: AsyncConnection[Any], user_id: UUID, plan: str = "free") -> Account:
    """The user's account, made with that plan when there is none."""
    cursor = connection.cursor(row_factory=class_row(Account))
    account = await (await cursor.execute(sql("ensure_user"), {"user_id": user_id, "plan": plan})).fetchone()
    if account is None:
        # Another request made it between the two halves of the statement.
        return await ensure_user(connection, user_id, plan)
    return account


async def set_plan(connection: AsyncConnection[Any], user_id: UUID, plan: str) -> None:
    await connection.execute(sql("set_plan"), {"user_id": user_id, "plan": plan})


async def create_key(
    connection: AsyncConnection[Any], user_id: UUID, *, name: str = "", expires_seconds: float | None = None
) -> tuple[UUID, str]:
    """Id and key of a new API key. The key is seen here and never again."""
    key = KEY_MARK + secrets.token_urlsafe(32)
    parameters = {
        "user_id": user_id,
        "prefix": key[:PREFIX_LENGTH],
        "hash": digest(key),
        "name": name,
        "expires_seconds": expires_seconds,
    }
    row = await (await connection.execute(sql("create_key"), parameters)).fetchone()
    assert row is not None
    return row[0], key


async def create_login_code(connection: AsyncConnection[Any], user_id: UUID) -> str:
    """A code that opens one session within ten minutes."""
    code = secrets.token_urlsafe(32)
    parameters = {"hash": digest(code), "user_id": user_id, "seconds": LOGIN_CODE_SECONDS}
    await connection.execute(sql("create_login_code"), parameters)
    return code


async def use_login_code(connection: AsyncConnection[Any], code: str) -> UUID | None:
    """Whose code it is, once; None when unknown, used or expired."""
    row = await (await connection.execute(sql("use_login_code"), {"hash": digest(code)})).fetchone()
    return None if row is None else row[0]


async def create_session(connection: AsyncConnection[Any], user_id: UUID, *, seconds: float) -> tuple[str, datetime]:
    """Token and end of a new session."""
    token = secrets.token_urlsafe(32)
    parameters = {"hash": digest(token), "user_id": user_id, "seconds": seconds}
    row = await (await connection.execute(sql("create_session"), parameters)).fetchone()
    assert row is not None
    return token, row[0]


async def revoke_session(connection: AsyncConnection[Any], token: str) -> None:
    await connection.execute(sql("revoke_session"), {"hash": digest(token)})
