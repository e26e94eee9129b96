"""What a child loads prices over, against a real server."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import Connection

from engine.price_connection import PriceConnection

LONG = 600.0


@pytest.fixture
def kept() -> Iterator[PriceConnection]:
    connection = PriceConnection(kept_seconds=LONG)
    yield connection
    connection.close()


def backend(connection: Connection) -> int:
    row = connection.execute("select pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


def test_loads_that_follow_each_other_share_a_connection(kept: PriceConnection, database_url: str) -> None:
    assert kept.load(database_url, backend) == kept.load(database_url, backend)


def test_a_moment_later_there_is_none(database_url: str) -> None:
    used: list[Connection] = []
    PriceConnection(kept_seconds=0.01).load(database_url, used.append)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()
    assert used[0].closed


def test_one_that_was_broken_meanwhile_is_replaced(kept: PriceConnection, database_url: str) -> None:
    before = kept.load(database_url, backend)
    with psycopg.connect(database_url, autocommit=True) as operator:
        operator.execute("select pg_terminate_backend(%s, 5000)", (before,))
    assert kept.load(database_url, backend) != before


def test_what_goes_wrong_over_a_sound_one_is_not_done_again(kept: PriceConnection, database_url: str) -> None:
    def fail(connection: Connection) -> None:
        failed.append(connection)
        connection.execute("set statement_timeout = 1")
        connection.execute("select pg_sleep(5)")

    failed: list[Connection] = []
    kept.load(database_url, backend)
    with pytest.raises(psycopg.errors.QueryCanceled):
        kept.load(database_url, fail)
    assert len(failed) == 1


def test_of_two_loads_at_once_one_connection_is_kept(kept: PriceConnection, database_url: str) -> None:
    used: list[Connection] = []

    def load(connection: Connection) -> None:
        used.append(connection)
        kept.load(database_url, used.append)

    kept.load(database_url, load)
    assert [connection.closed for connection in used] == [False, True]


def test_one_left_in_a_transaction_is_not_used_again(kept: PriceConnection, database_url: str) -> None:
    def begin(connection: Connection) -> Connection:
        connection.execute("begin")
        return connection

    assert kept.load(database_url, begin).closed
    assert kept.load(database_url, backend) > 0
