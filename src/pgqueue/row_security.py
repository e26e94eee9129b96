"""Statements that run for one user: as a role that sees that user's rows alone, whatever the statement asks for.

The role owns nothing, bypasses nothing and logs in nowhere. Who it acts for is set for one transaction, so it can leak
neither into the next request on the connection nor through a transaction pooler. Nobody set is nobody's rows.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import dict_row

from pgqueue.database import connect_options, keeps_plans
from pgqueue.errors import RowSecurityMissing
from pgqueue.queries import sql

USER_ROLE = "pgqueue_api"


async def execute_as(
    connection: AsyncConnection[Any],
    asked: Mapping[str, Mapping[str, Any]],
    *,
    user_id: UUID,
    role: str = USER_ROLE,
    prepare: bool = False,
    binary: bool = False,
) -> list[AsyncCursor[dict[str, Any]]]:
    """The statements' cursors, run as the role for that user, in one transaction and one round trip.

    asked: parameters by verb. The connection must be in autocommit. All statements go out before the sync that ends
    their implicit transaction: nothing can run in between, and what the first one set is gone with the last.
    """
    cursors = []
    async with connection.pipeline():
        await connection.execute(sql("act_for"), {"role": role, "user_id": user_id}, prepare=keeps_plans(connection))
        for verb, parameters in asked.items():
            cursor = connection.cursor(row_factory=dict_row)
            cursors.append(await cursor.execute(sql(verb), parameters, prepare=prepare, binary=binary))
    return cursors


@asynccontextmanager
async def acting_as(connection: AsyncConnection[Any], user_id: UUID, *, role: str = USER_ROLE) -> AsyncIterator[None]:
    """A transaction in which every statement runs as the role for that user."""
    async with connection.transaction():
        await connection.execute(sql("act_for"), {"role": role, "user_id": user_id})
        yield


async def check_row_security(database_url: str) -> None:
    """Connect once, plainly, and require row-level security: what is wrong is then one sentence."""
    async with await AsyncConnection.connect(
        database_url, autocommit=True, **connect_options("pgqueue check")
    ) as connection:
        await require_row_security(connection)


async def require_row_security(connection: AsyncConnection[Any], *, role: str = USER_ROLE) -> None:
    """Raise RowSecurityMissing unless the connection may act as the role, and every user's table is closed to it."""
    try:
        async with acting_as(connection, UUID(int=0), role=role):
            row = await (await connection.execute(sql("examine_row_security"))).fetchone()
        inherits = await (await connection.execute(sql("examine_inheritance"), {"role": role})).fetchone()
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue) as error:
        said = error.diag.message_primary or str(error)
        raise RowSecurityMissing(role, connection.info.user, reason=said) from None
    assert row is not None
    if row[0]:
        raise RowSecurityMissing(role, connection.info.user, reason=f"it sees every row of {', '.join(row[0])}")
    if inherits == (True,):
        # What finds out who is calling, and what relays for all, would see no row.
        raise RowSecurityMissing(role, connection.info.user, reason="it inherits that role and is held by it always")
