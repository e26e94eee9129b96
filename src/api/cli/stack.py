"""The whole product on one machine: database, schema, prices, API, worker. Started by the commands anyone can type."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from api.cli.warming import Tell, followed
from pgqueue import Companion, EmbeddedServer, PgQueueError, Settings


class StackFailed(PgQueueError):
    """A part did not come up. said: the last lines it wrote."""

    def __init__(self, part: str, *, said: str) -> None:
        super().__init__(f"{part} did not start. {said.strip() or 'It said nothing.'}")


@dataclass(slots=True)
class Stack:
    """What is running, and how long each part took to come up."""

    database_url: str
    url: str
    key: str
    user_id: UUID
    login_url: str
    operator_url: str | None
    """Logs an operator in, where there is to be one."""
    prices: str
    parts: dict[str, Companion]
    seconds: dict[str, float] = field(default_factory=dict)

    def dead_part(self) -> str | None:
        """A part that has ended though nobody stopped it, and how; None while all live."""
        for name, companion in self.parts.items():
            code = companion.process.poll()
            if code is not None:
                return f"{name} ended by itself ({f'signal {-code}' if code < 0 else f'exit code {code}'})"
        return None


class Stages:
    """Times the parts of a start, and tells of each as it is done."""

    def __init__(self, tell: Callable[[str, float], None]) -> None:
        self.seconds: dict[str, float] = {}
        self._tell = tell

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 3)
        self._tell(name, self.seconds[name])


@contextmanager
def running_stack(
    settings: Settings,
    *,
    user_id: UUID,
    operator_id: UUID | None,
    plan: str,
    host: str,
    port: int,
    logs_to_terminal: bool,
    logs_requests: bool = True,
    tell: Callable[[str, float], None],
    tell_of_compiling: Tell,
) -> Iterator[Stack]:
    """Everything up; all of it is gone afterwards, whatever happens in between.

    logs_requests: all of them, or those refused. tell_of_compiling: what the worker logs of it, where its log is not
    the terminal's.
    """
    stages = Stages(tell)
    with ExitStack() as stack:
        if settings.database_url:
            database_url = settings.database_url
        else:
            with stages.stage("database"):
                database_url = stack.enter_context(EmbeddedServer(settings.data_dir)).url
        environment = {**os.environ, "DATABASE_URL": database_url}
        # Start-up is most of what these do, and compiled modules are most of that.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        with stages.stage("schema"):
            ask("migrate", environment=environment)
        with ExitStack() as parts:
            logs = None if logs_to_terminal else _log_dir(settings)
            # Prices are loaded while the worker warms its kernels and the API comes up.
            with stages.stage("start"):
                worker = _part(stack, parts, ["worker", "--json"], environment, logs)
                listens = ["--host", host, "--port", str(port), "--any-port"]
                listens += [] if logs_requests else ["--refusals-only"]
                serve = _part(stack, parts, ["serve", *listens, "--json"], environment, logs)
                prices = ask("data", "sample", environment=environment)
                key = json.loads(
                    ask(
                        "keys", "create", "--user", str(user_id), "--plan", plan, "--change-plan",
                        "--name", "started here", "--expires", "1d", "--json", environment=environment,
                    )
                )  # fmt: skip
                url = json.loads(_ready("the API", serve, logs))["url"]
                with followed(logs and logs / "worker.log", tell_of_compiling):
                    _ready("the worker", worker, logs)
        yield Stack(
            database_url=database_url,
            url=url,
            key=key["key"],
            user_id=user_id,
            login_url=_login(user_id, url, environment=environment),
            operator_url=None
            if operator_id is None
            else _login(operator_id, url, "--role", "admin", environment=environment),
            prices=prices.strip(),
            parts={"the worker": worker, "the API": serve},
            seconds=stages.seconds,
        )


def _login(user_id: UUID, url: str, *options: str, environment: dict[str, str]) -> str:
    """An address that logs that user in, once."""
    answer = ask("keys", "login", "--user", str(user_id), "--url", url, *options, "--json", environment=environment)
    return str(json.loads(answer)["url"])


def ask(*command: str, environment: dict[str, str]) -> str:
    """Run one of our commands to its end; what it answered."""
    done = subprocess.run(
        [sys.executable, "-m", "pgqueue", *command], env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise StackFailed(f"`pgqueue {command[0]}`", said=f"It said: {_tail(done.stderr)}")
    return done.stdout


def _part(
    stack: ExitStack, parts: ExitStack, command: list[str], environment: dict[str, str], logs: Path | None
) -> Companion:
    log: IO[bytes] | None = None
    if logs is not None:
        log = parts.enter_context((logs / f"{command[0]}.log").open("wb"))
    companion = Companion([sys.executable, "-m", "pgqueue", *command], environment=environment, log=log)
    stack.callback(companion.stop)
    return companion


def _ready(part: str, companion: Companion, logs: Path | None) -> str:
    line = companion.answer()
    if not line:
        companion.stop()
        log = None if logs is None else logs / f"{companion.command[3]}.log"
        raise StackFailed(
            part, said=f"It said: {_tail(log.read_text(errors='replace'))}" if log else "It says why above."
        )
    return line


def _log_dir(settings: Settings) -> Path:
    directory = settings.data_dir / "logs"
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    return directory


def _tail(text: str, lines: int = 5) -> str:
    return " / ".join(text.strip().splitlines()[-lines:])


def to_json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)
