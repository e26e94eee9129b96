import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pgqueue.database import DatabaseMissing, EmbeddedServer, EmbeddedServerFailed, require_url, running_url
from pgqueue.settings import InvalidSettings, Settings, load_settings
from process_scene import gone


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Right below the system's temporary directory: as root, the server's own user must get there."""
    with tempfile.TemporaryDirectory(prefix="pgqueue-test-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o711)
        yield Path(directory) / "data"


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_it_starts_answers_and_stops(data_dir: Path) -> None:
    with EmbeddedServer(data_dir) as server:
        assert str(ask(server.url, "show server_version")).startswith("18.")
        assert running_url(data_dir) == server.url

    assert running_url(data_dir) is None


def test_what_was_stored_is_there_the_next_time(data_dir: Path) -> None:
    with EmbeddedServer(data_dir) as server, psycopg.connect(server.url) as connection:
        connection.execute("create table kept as select 42 as n")

    with EmbeddedServer(data_dir) as server:
        assert ask(server.url, "select n from kept") == 42


def test_a_second_command_attaches_and_leaves_the_server_running(data_dir: Path) -> None:
    with EmbeddedServer(data_dir) as owner:
        with EmbeddedServer(data_dir) as guest:
            assert (owner.is_owner, guest.is_owner) == (True, False)
            assert guest.url == owner.url

        assert ask(owner.url, "select 1") == 1


def test_only_its_own_user_may_open_the_socket_and_read_the_log(data_dir: Path) -> None:
    with EmbeddedServer(data_dir) as server:
        assert server.socket_dir.stat().st_mode & 0o077 == 0
        assert server.cluster.stat().st_mode & 0o077 == 0
        assert server.log_file.stat().st_mode & 0o077 == 0
        assert ask(server.url, "show listen_addresses") == ""


OWNER = """
import sys, time
from pathlib import Path
from pgqueue.database import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1])):
    print("up", flush=True)
    time.sleep(600)
"""


def test_a_killed_owner_takes_its_server_along_and_the_next_start_works(data_dir: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(data_dir)], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"up\n"
    pid = int((data_dir / "postgresql-18" / "postmaster.pid").read_text().split("\n")[0])

    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()

    with EmbeddedServer(data_dir) as server:
        assert server.is_owner
        assert ask(server.url, "select 1") == 1
        now = int((data_dir / "postgresql-18" / "postmaster.pid").read_text().split("\n")[0])
    assert now != pid
    assert gone(pid)


def test_a_long_path_gets_a_short_socket(data_dir: Path) -> None:
    with EmbeddedServer(data_dir / ("long" * 20)) as server:
        assert len(str(server.socket_dir)) < 90
        assert ask(server.url, "select 1") == 1


def test_a_cluster_that_cannot_start_says_what_the_server_said(data_dir: Path) -> None:
    with EmbeddedServer(data_dir):
        pass
    (data_dir / "postgresql-18" / "PG_VERSION").write_text("9.1\n")

    with pytest.raises(EmbeddedServerFailed, match=r"it did not start\. It said: .*incompatible"):
        EmbeddedServer(data_dir).start()

    assert running_url(data_dir) is None


def test_a_directory_that_cannot_be_made_is_named(data_dir: Path) -> None:
    data_dir.write_text("a file")

    with pytest.raises(EmbeddedServerFailed, match=r"cannot be used .* Set PGQUEUE_DATA_DIR"):
        EmbeddedServer(data_dir).start()


def test_an_interrupted_initialisation_leaves_nothing_that_looks_like_a_cluster(data_dir: Path) -> None:
    (data_dir / "initialising").mkdir(parents=True)
    (data_dir / "initialising" / "PG_VERSION").write_text("18")
    data_dir.chmod(0o711)

    with EmbeddedServer(data_dir) as server:
        assert ask(server.url, "select 1") == 1


def test_stop_works_twice_and_before_start(data_dir: Path) -> None:
    server = EmbeddedServer(data_dir)
    server.stop()
    server.start()
    server.stop()
    server.stop()


def test_the_configured_address_comes_first(data_dir: Path) -> None:
    assert require_url(Settings(database_url="postgresql:///x", data_dir=data_dir)) == "postgresql:///x"


def test_without_an_address_and_a_server_it_says_what_to_do(data_dir: Path) -> None:
    with pytest.raises(DatabaseMissing, match=r"Set DATABASE_URL, or start one with `pgqueue up`\."):
        require_url(Settings(data_dir=data_dir))


def test_wrong_settings_are_all_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGQUEUE_SLOTS", "many")
    monkeypatch.setenv("PGQUEUE_LEASE_SECONDS", "0")

    with pytest.raises(InvalidSettings) as refused:
        load_settings()

    assert len(refused.value.problems) == 2
    assert "PGQUEUE_SLOTS='many': input should be a valid integer" in str(refused.value)
    assert "PGQUEUE_LEASE_SECONDS='0': input should be greater than or equal to 1" in str(refused.value)
