"""People in the database: accounts, keys, sessions, login codes. Secrets are made here and kept only as hashes."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from api.queries import sql
from api.scopes import ADMIN, ALL, granted
from pgqueue import keeps_plans

KEY_MARK = "pgq_"
"""How a key is known for one of ours, to people and to scanners of leaked secrets."""
PREFIX_LENGTH = 12
LOGIN_CODE_SECONDS = 600
PLANS = ("free", "basic", "pro")
"""From the lowest tier to the highest."""
ADMIN_ROLE = "admin"
READ_ONLY_ROLE = "read_only_admin"
ROLES = ("user", READ_ONLY_ROLE, ADMIN_ROLE)


@dataclass(frozen=True, slots=True)
class Account:
    """Who is calling, with the rights of the credential that said so.

    is_admin, is_read_only_admin: already narrowed by the scopes. named: the scopes the credential names, whatever its
    user may of them; scopes: those granted. expires_at: when the credential ends; None is never.
    key_id: of the API key behind it, also behind a session. is_claimed: plan and role are a signed token's word.
    """

    user_id: UUID
    plan: str
    is_admin: bool = False
    is_read_only_admin: bool = False
    named: frozenset[str] = ALL
    scopes: frozenset[str] = granted(ALL, is_operator=False)
    expires_at: datetime | None = None
    key_id: UUID | None = None
    is_claimed: bool = False
    is_locked: bool = False
    credential: bytes | None = None
    """Hash of the secret the caller was known by, where there is one."""

    @property
    def tier(self) -> int:
        """0 free, 1 basic, 2 pro."""
        return PLANS.index(self.plan)

    @property
    def role(self) -> str:
        """`admin`, `read_only_admin` or `user`."""
        return ADMIN_ROLE if self.is_admin else READ_ONLY_ROLE if self.is_read_only_admin else "user"

    def claimed(self, plan: str | None, role: str, scopes: Collection[str], expires_at: datetime | None) -> "Account":
        """The same user with the rights that a credential itself states: naming none of the scopes, it has none.

        plan: None keeps the account's.
        """
        granted_scopes = granted(scopes, is_operator=role != "user")
        return replace(
            self,
            plan=plan or self.plan,
            is_admin=role == ADMIN_ROLE and ADMIN in granted_scopes,
            is_read_only_admin=role == READ_ONLY_ROLE and ADMIN in granted_scopes,
            named=frozenset(scopes),
            scopes=granted_scopes,
            expires_at=expires_at,
            is_claimed=True,
        )


def digest(secret: str) -> bytes:
    """What is stored of a secret. It has 256 random bits, so a slow hash would protect nothing more."""
    return sha256(secret.encode()).digest()


def account_of(row: Mapping[str, Any]) -> Account:
    """The account as a row says it, with the scopes that the row's credential names; null is all."""
    is_operator = row["is_admin"] or row["is_read_only_admin"]
    named = ALL if row["scopes"] is None else frozenset(row["scopes"])
    scopes = granted(named, is_operator=is_operator)
    return Account(
        **{
            **row,
            "named": named,
            "scopes": scopes,
            "is_admin": row["is_admin"] and ADMIN in scopes,
            "is_read_only_admin": row["is_read_only_admin"] and not row["is_admin"] and ADMIN in scopes,
        }
    )


async def find_key(connection: AsyncConnection[Any], key: str) -> Account | None:
    """Whose key it is; None when unknown, revoked or expired, or its user is locked out."""
    return await _account(connection, "find_key", hash=digest(key))


async def find_session(connection: AsyncConnection[Any], token: str) -> Account | None:
    """Whose session it is; None when it has ended, or what opened it has."""
    return await _account(connection, "find_session", hash=digest(token))


async def ended_credentials(connection: AsyncConnection[Any], hashes: Collection[bytes]) -> set[bytes]:
    """Those of the hashes whose key or session is revoked, expired or gone, or whose user is locked out."""
    rows = await (await connection.execute(sql("ended_credentials"), {"hashes": list(hashes)})).fetchall()
    return {row[0] for row in rows}


async def locked_users(connection: AsyncConnection[Any], user_ids: Collection[UUID]) -> set[UUID]:
    """Those of the users who are locked out."""
    rows = await (await connection.execute(sql("locked_users"), {"user_ids": list(user_ids)})).fetchall()
    return {row[0] for row in rows}


async def ensure_user(connection: AsyncConnection[Any], user_id: UUID, plan: str = "free") -> Account:
    """The user's account, made with that plan when there is none. Whether it may be used is for the caller to ask."""
    cursor = connection.cursor(row_factory=dict_row)
    row = await (await cursor.execute(sql("ensure_user"), {"user_id": user_id, "plan": plan})).fetchone()
    if row is None:
        # Another request made it between the two halves of the statement.
        return await ensure_user(connection, user_id, plan)
    return account_of(row)


async def _account(connection: AsyncConnection[Any], verb: str, **parameters: Any) -> Account | None:
    cursor = connection.cursor(row_factory=dict_row)
    # With every request, and a key's or a session's row is found by its hash: planning takes ten times as long.
    row = await (await cursor.execute(sql(verb), parameters, prepare=keeps_plans(connection))).fetchone()
    return None if row is None else account_of(row)


async def set_plan(connection: AsyncConnection[Any], user_id: UUID, plan: str) -> None:
    await connection.execute(sql("set_plan"), {"user_id": user_id, "plan": plan})


async def create_key(
    connection: AsyncConnection[Any],
    user_id: UUID,
    *,
    name: str = "",
    scopes: Collection[str] = (),
    expires_seconds: float | None = None,
) -> tuple[UUID, str]:
    """Id and key of a new API key; no scopes are all that its user may. The key is seen here and never again."""
    key = KEY_MARK + secrets.token_urlsafe(32)
    parameters = {
        "user_id": user_id,
        "prefix": key[:PREFIX_LENGTH],
        "hash": digest(key),
        "name": name,
        "scopes": sorted(set(scopes)),
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


async def create_session(connection: AsyncConnection[Any], account: Account, *, seconds: float) -> tuple[str, datetime]:
    """Token and end of a new session: after so long, and never later than the credential it was got for."""
    token = secrets.token_urlsafe(32)
    parameters = {
        "hash": digest(token),
        "user_id": account.user_id,
        "seconds": seconds,
        "not_after": account.expires_at,
        "key_id": account.key_id,
        # Not those granted: what a role lent must not outlast the role, and none granted must not be read as all.
        "scopes": sorted(account.named),
        "plan": account.plan if account.is_claimed else None,
        "role": account.role if account.is_claimed else None,
    }
    row = await (await connection.execute(sql("create_session"), parameters)).fetchone()
    assert row is not None
    return token, row[0]


async def set_role(connection: AsyncConnection[Any], user_id: UUID, role: str) -> bool:
    """Make the user an operator, one who only looks, or neither; False when there is no such user."""
    parameters = {"user_id": user_id, "role": role}
    return (await connection.execute(sql("set_role"), parameters)).rowcount > 0


async def lock_out(connection: AsyncConnection[Any], user_id: UUID, *, locked: bool) -> bool:
    """Keys, sessions and tokens of the user open nothing until unlocked; False when there is no such user."""
    parameters = {"user_id": user_id, "locked": locked}
    return (await connection.execute(sql("lock_out"), parameters)).rowcount > 0


async def revoke_session(connection: AsyncConnection[Any], token: str) -> None:
    await connection.execute(sql("revoke_session"), {"hash": digest(token)})
