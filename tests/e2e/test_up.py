"""`pgqueue up`, the whole stack in one command: who may come in, and that a part that dies takes the others along."""

import json
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

PGQUEUE = [sys.executable, "-m", "pgqueue"]


def test_it_lets_an_operator_in_and_a_part_that_dies_ends_all_of_it_with_a_word(data_directory: Path) -> None:
    environment = {**os.environ, "PGQUEUE_DATA_DIR": str(data_directory), "PYTHONUNBUFFERED": "1"}
    environment.pop("DATABASE_URL", None)
    command = [*PGQUEUE, "up", "--port", "0"]
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
    assert any("keys login --user" in line for line in said if line.startswith("Runs until")), said
    # What was refused is told of, and nothing else scrolls the addresses away.
    assert [line.split("status=")[1].split()[0] for line in said if "INFO request" in line] == ["401"], said
    assert any("the worker ended by itself (signal 9); everything stops now" in line for line in said), said


def test_the_demo_says_that_its_queue_is_paused_and_runs_once_it_is_not(database_url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1"}
    subprocess.run([*PGQUEUE, "queue", "pause", "--create"], env=environment, check=True)
    command = [*PGQUEUE, "demo", "--port", "0", "--json"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stderr is not None
            assert any("The queue is paused" in line for line in iter(demo.stderr.readline, ""))
            subprocess.run([*PGQUEUE, "queue", "resume"], env=environment, check=True)
            answer, _ = demo.communicate(timeout=120)
        finally:
            demo.kill()

    assert json.loads(answer)["status"] == "completed"


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
        client.get("/api/session")
        began = client.post("/api/session", json={"code": code})
        return began.json()["role"], client.get("/api/admin/stats").status_code


def kill_the_worker(up: "subprocess.Popen[str]") -> None:
    (worker,) = [one for one in psutil.Process(up.pid).children() if "worker" in one.cmdline()]
    worker.send_signal(signal.SIGKILL)
