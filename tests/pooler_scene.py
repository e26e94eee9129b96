"""A real pgbouncer in transaction mode between a test and its database."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from pgqueue.database.system_user import system_user

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")


@contextmanager
def transaction_pooler(database_url: str, *, connections: int = 4) -> Iterator[str]:
    """The address of the pooler, which has so many connections to the database that `database_url` names."""
    if PGBOUNCER is None:
        pytest.skip("pgbouncer is not installed (Debian: apt install pgbouncer)")
    server = conninfo_to_dict(database_url)
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="pgqueue-pooler-") as directory:
        Path(directory).chmod(0o755)
        target = {"host": server.get("host"), "port": server.get("port"), "user": server.get("user", "postgres")}
        target["password"] = server.get("password")
        words = " ".join(f"{name}={value}" for name, value in target.items() if value)
        config = Path(directory, "pgbouncer.ini")
        config.write_text(
            f"[databases]\n* = {words}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = any\npool_mode = transaction\ndefault_pool_size = {connections}\nmax_client_conn = 200\n",
            encoding="utf-8",
        )
        config.chmod(0o644)
        command = [PGBOUNCER, "-q", str(config)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, **not_as_root(server))
        url = f"postgresql://postgres@127.0.0.1:{port}/{server['dbname']}"
        try:
            wait_until_it_answers(url, process)
            yield url
        finally:
            process.kill()
            process.wait()


def not_as_root(server: Mapping[str, Any]) -> dict[str, Any]:
    """As whom a pooler is started: it refuses to be root, and whoever has the server's socket reaches it."""
    user = system_user()
    if user is None:
        return {}
    host = str(server.get("host", ""))
    owner = Path(host).stat() if host.startswith("/") else None
    uid, gid = (user.uid, user.gid) if owner is None else (owner.st_uid, owner.st_gid)
    return {"user": uid, "group": gid, "extra_groups": []}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def wait_until_it_answers(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            assert process.poll() is None, "pgbouncer ended at once"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return
