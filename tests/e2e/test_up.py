"""`pgqueue up`, the whole stack in one command: who may come in, and that a part that dies takes the others along."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest


def test_it_lets_an_operator_in_and_a_part_that_dies_ends_all_of_it_with_a_word(data_directory: Path) -> None:
    environment = {**os.environ, "PGQUEUE_DATA_DIR": str(data_directory), "PYTHONUNBUFFERED": "1"}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "pgqueue", "up", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as up:
        try:
            assert up.stderr is not None
            said = []
            for line in iter(up.stderr.readline, ""):
                said.append(line)
                if line.startswith("Operate:"):
                    role, figures = operate(line.split()[1])
                if line.startswith("Runs until"):
                    kill_the_worker(up)
            code = up.wait(60)
        finally:
            up.kill()

    assert code == 1, said
    assert (role, figures) == ("admin", 200)
    assert any("the worker ended by itself (signal 9); everything stops now" in line for line in said), said


@pytest.fixture
def data_directory() -> Iterator[Path]:
    """Where the embedded server's own user gets to, when tests run as root."""
    with tempfile.TemporaryDirectory(prefix="pgqueue-test-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o711)
        yield Path(directory) / "data"


def operate(address: str) -> tuple[str, int]:
    """The role that the address gives, and how the operators' figures answer to it."""
    page, _, code = address.partition("#code=")
    assert page.endswith("/admin")
    with httpx.Client(base_url=page.removesuffix("/admin")) as client:
        began = client.post("/api/session", json={"code": code})
        return began.json()["role"], client.get("/api/admin/stats").status_code


def kill_the_worker(up: "subprocess.Popen[str]") -> None:
    (worker,) = [one for one in psutil.Process(up.pid).children() if "worker" in one.cmdline()]
    worker.send_signal(signal.SIGKILL)
