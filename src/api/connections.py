"""Connections for one user's rows: a statement that forgot to ask whose they are is no leak."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from starlette.requests import Request

from api.accounts import Account
from pgqueue import acting_as


@asynccontextmanager
async def user_connection(request: Request, account: Account) -> AsyncIterator[AsyncConnection[Any]]:
    """A connection whose every statement sees that user's rows alone; one transaction, committed in the end."""
    async with request.app.state.pool.connection() as connection:
        if request.app.state.user_role is None:
            yield connection
        else:
            async with acting_as(connection, account.user_id, role=request.app.state.user_role):
                yield connection
