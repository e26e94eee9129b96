"""An embedded PostgreSQL that lives exactly as long as the command that started it.

The server is a direct child: no daemon is left to find. Whoever holds the lock of a data directory owns its server;
a second command on the same directory attaches to it and leaves it alone when it goes.
"""

import fcntl
import logging
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from pgqueue.database import server_process
from pgqueue.database.errors import EmbeddedServerFailed
from pgqueue.database.software import find_software
from pgqueue.database.system_user import SystemUser, can_reach, system_user

DATABASE = "pgqueue"
PORT = 5432
"""Only names the socket: there is no TCP port."""
START_SECONDS = 60.0
LONGEST_SOCKET_DIR = 88
"""A socket's path must fit into some 104 bytes on every system; its file name takes 14."""

log = logging.getLogger(__name__)


class EmbeddedServer:
    """PostgreSQL 18 in a data directory, reached through a socket that only its user may open.

    settings: of the server, before the defaults. Start it from a thread that outlives it: see server_process.
    """

    def __init__(self, data_dir: Path, *, settings: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir.expanduser().absolute()
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
        """In the data directory, or where a link there points: a socket's path must be short."""
        inside = self.data_dir / "socket"
        return inside.readlink() if inside.is_symlink() else inside

    @property
    def url(self) -> str:
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self.socket_dir))}&port={PORT}"

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
            self._make_data_dir()
            # The owner may still be starting, or on its way out: then the lock is ours a moment later.
            deadline = time.monotonic() + START_SECONDS
            while not self._take_lock():
                if self._answers(DATABASE) is None:
                    return
                if time.monotonic() > deadline:
                    raise EmbeddedServerFailed(
                        f"another command holds {self.data_dir}, and its server does not answer",
                        remedy="Stop that command, or set PGQUEUE_DATA_DIR to another directory.",
                    )
                time.sleep(0.05)
        except OSError as error:
            remedy = "Set PGQUEUE_DATA_DIR to a directory that can be written."
            raise EmbeddedServerFailed(f"{self.data_dir} cannot be used ({error})", remedy=remedy) from error
        try:
            self._start_owned()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server if it is ours. May be called twice, and before start."""
        if self._process is not None:
            if self._process.poll() is None:
                server_process.stop(self._process)
            self._process = None
        if self._lock is not None:
            self._remove_short_socket_dir()
            self._lock.close()
            self._lock = None

    def _start_owned(self) -> None:
        self._user = self._server_user()
        if self._user is not None and not can_reach(self._user, self.data_dir):
            raise EmbeddedServerFailed(
                f"PostgreSQL does not run as root, and the user {self._user.name!r} may not enter {self.data_dir}",
                remedy="Set PGQUEUE_DATA_DIR to a directory that others may pass through, such as /var/lib/pgqueue.",
            )
        software = find_software(self._user)
        server_process.end_leftover(self.cluster)
        if not self.cluster.exists():
            self._initialise(software)
        self._make_socket_dir()
        with self.log_file.open("ab") as output:
            self.log_file.chmod(0o600)
            offset = output.tell()
            self._process = server_process.spawn(self._command(software), self._user, output)
        self._wait_until_ready(self._process, offset)
        self._create_database()

    def _make_data_dir(self) -> None:
        if not self.data_dir.exists():
            # Others may pass (as root, the server's own user must), not look.
            self.data_dir.mkdir(parents=True)
            self.data_dir.chmod(0o711)

    def _take_lock(self) -> bool:
        lock = (self.data_dir / "owner.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    def _server_user(self) -> SystemUser | None:
        """Whom the server runs as, when not as us: the owner of what is there already, else a system user."""
        if os.geteuid() != 0:
            return None
        if not self.cluster.exists():
            return system_user()
        owner = pwd.getpwuid(self.cluster.stat().st_uid)
        return SystemUser(owner.pw_name, owner.pw_uid, owner.pw_gid)

    def _initialise(self, software: Path) -> None:
        if self._user is not None:
            log.warning("PostgreSQL does not run as root: it runs as the system user %s", self._user.name)
        unfinished = self.cluster.with_name("initialising")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._make_private(unfinished)
        # Trust is safe here: the one socket is in a directory only this user can enter, and there is no TCP port.
        command = [str(software / "initdb"), "-D", str(unfinished), "-U", "postgres", "--auth=trust"]
        # PostgreSQL's own locale: the same order of text on every system, whatever is installed there.
        command += ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        process = server_process.spawn(command, self._user, subprocess.PIPE)
        output, _ = process.communicate()
        if process.returncode != 0:
            raise EmbeddedServerFailed(f"the data directory {self.cluster} could not be made", log=_tail(output))
        # Renamed only when complete: an interrupted start leaves nothing that looks like a cluster.
        unfinished.rename(self.cluster)

    def _command(self, software: Path) -> list[str]:
        settings = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(self.socket_dir),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "logging_collector": "off",
        } | self._settings
        command = [str(software / "postgres"), "-D", str(self.cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _answers(self, database: str) -> psycopg.OperationalError | None:
        """None when it does, else why not."""
        try:
            psycopg.connect(self.url_of(database), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            return error
        return None

    def _wait_until_ready(self, process: subprocess.Popen[bytes], log_offset: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while (error := self._answers("postgres")) is not None:
            if process.poll() is not None:
                raise EmbeddedServerFailed("it did not start", log=self._log_since(log_offset)) from error
            if time.monotonic() > deadline:
                raise EmbeddedServerFailed(f"no answer after {START_SECONDS:.0f} s", log=str(error)) from error
            time.sleep(0.02)

    def _create_database(self) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            if connection.execute("select from pg_database where datname = %s", (DATABASE,)).fetchone() is None:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))

    def _log_since(self, offset: int) -> str:
        with self.log_file.open("rb") as lines:
            lines.seek(offset)
            return _tail(lines.read())

    def _make_socket_dir(self) -> None:
        self._remove_short_socket_dir()
        inside = self.data_dir / "socket"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_DIR:
            self._make_private(inside)
            return
        short = Path(tempfile.mkdtemp(prefix="pgqueue-"))
        self._make_private(short)
        inside.symlink_to(short)

    def _remove_short_socket_dir(self) -> None:
        inside = self.data_dir / "socket"
        if inside.is_symlink():
            with suppress(OSError):
                inside.readlink().rmdir()
            inside.unlink()

    def _make_private(self, directory: Path) -> None:
        """The server's user's alone."""
        directory.mkdir(exist_ok=True)
        directory.chmod(0o700)
        if self._user is not None:
            os.chown(directory, self._user.uid, self._user.gid)


def _tail(output: bytes, lines: int = 5) -> str:
    return " / ".join(output.decode(errors="replace").strip().splitlines()[-lines:])
