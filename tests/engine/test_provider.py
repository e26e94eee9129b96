"""Prices fetched from a real server on this machine: only what the operator allowed, politely, and kept."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import pytest

from engine import provider, store
from engine.errors import FileRefused, PricesNotFetched, UnknownSymbol
from engine.jobs import backtest
from engine.provider import CsvOverHttp

CSV = "date,open,high,low,close,volume\n" + "".join(
    f"2020-01-{day:02},{day},{day + 1},{day},{day},5\n" for day in range(1, 29)
)
ARGS = {"strategyId": "buy-and-hold", "symbol": "ACME", "startDate": "2020-01-02", "endDate": "2020-01-20"}


class Server:
    """answers: status and body by path, the last one again and again. asked: the paths, in order."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, str]]] = {}
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                waiting = server.answers.get(self.path, [(404, "")])
                status, body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/{{timeframe}}/{{symbol}}.csv"


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    serving = threading.Thread(target=one.http.serve_forever)
    serving.start()
    yield one
    one.http.shutdown()
    serving.join()
    one.http.server_close()


def source(server: Server) -> CsvOverHttp:
    return CsvOverHttp(server.url, allowed=("ACME", "NYX.*"), interval=0.01)


def test_what_is_allowed_is_fetched(server: Server) -> None:
    server.answers["/1d/ACME.csv"] = [(200, CSV)]
    fetched = source(server).fetch("ACME", "1d")
    assert len(fetched.bars) == 28
    assert fetched.listing.source == "fetched from 127.0.0.1"


@pytest.mark.parametrize(("symbol", "timeframe"), [("OTHER", "1d"), ("ACME", "1h"), ("XNYX.A", "1d")])
def test_nothing_else_is_asked_for(server: Server, symbol: str, timeframe: str) -> None:
    assert not source(server).offers(symbol, timeframe)
    with pytest.raises(PricesNotFetched, match="the operator does not allow it"):
        source(server).fetch(symbol, timeframe)
    assert server.asked == []


def test_a_server_that_is_busy_is_asked_again(server: Server) -> None:
    server.answers["/1d/NYX.A.csv"] = [(503, ""), (429, ""), (200, CSV)]
    assert len(source(server).fetch("NYX.A", "1d").bars) == 28
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("status", "asked", "permanent", "said"),
    [
        (503, 3, False, "the server answered 503, 3 times"),
        (404, 1, True, "the server answered 404"),
        (302, 1, True, "the server answered 302"),
    ],
)
def test_a_server_that_has_nothing_is_left_alone(
    server: Server, status: int, asked: int, permanent: bool, said: str
) -> None:
    server.answers["/1d/ACME.csv"] = [(status, "")]
    with pytest.raises(PricesNotFetched, match=said) as refused:
        source(server).fetch("ACME", "1d")
    assert refused.value.permanent is permanent
    assert len(server.asked) == asked


def test_a_server_that_is_not_there_is_worth_another_try(server: Server) -> None:
    gone = CsvOverHttp("http://127.0.0.1:9/{symbol}", allowed=("*",), interval=0.01)
    with pytest.raises(PricesNotFetched, match="cannot be reached") as refused:
        gone.fetch("ACME", "1d")
    assert not refused.value.permanent


def test_a_file_beyond_the_limit_or_that_is_none_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers["/1d/ACME.csv"] = [(200, "<html>")]
    with pytest.raises(FileRefused, match=r"ACME.csv, line 1: no date or time column"):
        source(server).fetch("ACME", "1d")
    server.answers["/1d/ACME.csv"] = [(200, CSV)]
    monkeypatch.setattr(provider, "MAX_BYTES", len(CSV) - 1)
    with pytest.raises(PricesNotFetched, match="larger than"):
        source(server).fetch("ACME", "1d")
    monkeypatch.setattr(provider, "MAX_BYTES", len(CSV))
    assert len(source(server).fetch("ACME", "1d").bars) == 28


class Silent:
    def progress(self, percent: int, step: str, remaining_seconds: float | None = None) -> None: ...

    def cancelled(self) -> bool:
        return False


def test_a_job_fetches_once_what_is_not_stored(
    server: Server, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["/1d/ACME.csv"] = [(200, CSV)]
    monkeypatch.setenv("DATABASE_URL", database_url)
    with pytest.raises(UnknownSymbol):
        backtest.run(ARGS, Silent())
    monkeypatch.setenv("PGQUEUE_PRICES_URL", server.url)
    with pytest.raises(UnknownSymbol):
        backtest.run(ARGS, Silent())
    assert server.asked == []
    monkeypatch.setenv("PGQUEUE_PRICES_SYMBOLS", "ACME, NYX.*")
    for _ in range(2):
        done = backtest.run(ARGS, Silent())
        assert done.summary["coverage"]["source"] == "fetched from 127.0.0.1"
    assert server.asked == ["/1d/ACME.csv"]
    with psycopg.connect(database_url) as connection:
        assert [series.symbol for series in store.list_series(connection)] == ["ACME"]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"PGQUEUE_PRICES_URL": "file:///{symbol}"}, "must be an http address"),
        ({"PGQUEUE_PRICES_URL": "https://prices.example"}, "with {symbol} in it"),
        ({"PGQUEUE_PRICES_URL": "https://a.example/{symbol}", "PGQUEUE_PRICES_TIMEFRAMES": "2d"}, "'2d' is none of"),
        ({"PGQUEUE_PRICES_PROVIDER": "nonesuch"}, "no provider 'nonesuch' is installed"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(environment: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        provider.configured(environment)


def test_closed_unless_opened() -> None:
    assert provider.configured({}) is None
