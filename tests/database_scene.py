"""Databases beside the one a test works on."""

import psycopg
from psycopg import sql
from sqlalchemy import make_url


def execute(server_url: str, statement: str, *names: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def address(server_url: str, database: str) -> str:
    """The same server's other database."""
    return make_url(server_url).set(database=database).render_as_string(hide_password=False)
