"""A misspelt setting is told of: by name, with the nearest one, never with its value."""

import json

import pytest

from api.settings import VARIABLES as API
from command_line import pgqueue
from engine.provider import VARIABLES as PRICES
from pgqueue.environment import unknown_settings
from pgqueue.settings import VARIABLES as QUEUE


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("PGQUEUE_SLOT", "PGQUEUE_SLOTS"),
        ("PGQUEUE_POOL_SIZ", "PGQUEUE_API_POOL_SIZE"),
        ("PGQUEUE_API_JWT_ISUER", "PGQUEUE_API_JWT_ISSUER"),
        ("PGQUEUE_PRICE_URL", "PGQUEUE_PRICES_URL"),
        ("PGQUEUE_ZZZZZZZZZZZZZZZZZZZZ", None),
    ],
)
def test_a_slip_is_named_with_the_nearest_setting_of_any_package(slip: str, meant: str | None) -> None:
    assert list(unknown_settings({slip: "1", "PATH": "/bin"})) == [(slip, meant)]


def test_every_setting_is_known_in_either_case() -> None:
    known = [*QUEUE, *API, *PRICES]

    assert list(unknown_settings(dict.fromkeys(known, "1") | {name.lower(): "1" for name in known})) == []


def test_what_kubernetes_says_of_a_service_of_our_name_is_no_slip() -> None:
    told = {
        "PGQUEUE_PORT": "tcp://10.0.0.1:8000",
        "PGQUEUE_PORT_8000_TCP_ADDR": "10.0.0.1",
        "PGQUEUE_SERVICE_HOST": "10.0.0.1",
        "PGQUEUE_SERVICE_PORT_HTTP": "8000",
    }

    assert list(unknown_settings(told)) == []
    assert list(unknown_settings({"PGQUEUE_PORT": "8000"})) == [("PGQUEUE_PORT", "PGQUEUE_API_PORT")]


@pytest.mark.parametrize("command", ["worker", "serve"])
def test_both_servers_warn_as_they_start_without_the_value(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("PGQUEUE_POOL_SIZ", "a-secret-in-the-wrong-place")
    monkeypatch.setenv("PGQUEUE_LOG_FORMAT", "json")
    done = pgqueue(command, database_url="postgresql://nobody@127.0.0.1:1/none")

    warning = json.loads(done.stderr.splitlines()[0])
    assert (warning["event"], warning["setting"]) == ("unknown setting, ignored", "PGQUEUE_POOL_SIZ")
    assert warning["did_you_mean"] == "PGQUEUE_API_POOL_SIZE"
    assert "a-secret-in-the-wrong-place" not in done.stderr
