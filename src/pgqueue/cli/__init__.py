"""The one command line. Other packages add commands through the entry points 'pgqueue.commands'."""

import os
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import psycopg
import typer
from psycopg_pool import PoolTimeout
from typer.core import TyperGroup

from pgqueue.cli import accounts, doctor, enqueue, jobs, migrate, queue, requeue, worker
from pgqueue.database import running_url
from pgqueue.errors import PgQueueError, did_you_mean
from pgqueue.settings import InvalidSettings, load_settings

GROUP = "pgqueue.commands"


class CommandLine(TyperGroup):
    """Our own commands and those of the entry points, each loaded only when it is named."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted({*super().list_commands(ctx), *_joined()})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        own = super().get_command(ctx, cmd_name)
        entry = _joined().get(cmd_name)
        if own is not None or entry is None:
            return own
        _name_the_running_server()
        return _command(cmd_name, entry.load())

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        # typer's own suggestion knows nothing of the entry points; in the groups beneath us it does what is wanted.
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            ctx.fail(f"no command {args[0]!r}{did_you_mean(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


def _name_the_running_server() -> None:
    """Packages that know nothing of the embedded server find it by DATABASE_URL, while it runs."""
    if "DATABASE_URL" not in os.environ:
        url = running_url(load_settings().data_dir)
        if url is not None:
            os.environ["DATABASE_URL"] = url


def _joined() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _command(name: str, loaded: Any) -> Any:
    """A typer.Typer is a group, any other callable one command."""
    app = loaded
    if not isinstance(loaded, typer.Typer):
        app = typer.Typer(add_completion=False)
        app.command(name)(loaded)
    command = typer.main.get_command(app)
    command.name = name
    return command


app = typer.Typer(
    cls=CommandLine,
    name="pgqueue",
    help="A Postgres-native queue that runs trading-strategy backtests and shows their progress live.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("enqueue")(enqueue.enqueue)
app.command("requeue")(requeue.requeue)
app.command("doctor")(doctor.doctor)
app.command("worker")(worker.worker)
app.command("migrate")(migrate.migrate)
app.add_typer(accounts.app, name="accounts")
app.add_typer(jobs.app, name="jobs")
app.add_typer(queue.app, name="queue")


def main() -> None:
    """Run a command. Exit code 0: done, 1: failed, 2: wrong usage; errors are one sentence on stderr."""
    try:
        app()
    except InvalidSettings as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except (PgQueueError, PoolTimeout) as error:
        sys.exit(_say(str(error)))
    except psycopg.OperationalError as error:
        sys.exit(
            _say(f"database: {' '.join(str(error).split()).rstrip('?.')}. Check DATABASE_URL and that the server runs.")
        )
    except KeyboardInterrupt:
        sys.exit(130)


def _say(sentence: str) -> int:
    sys.stderr.write(f"pgqueue: {sentence}\n")
    return 1
