"""`pgqueue accounts …`: users' plans, limits and credits."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import typer
from psycopg import AsyncConnection

from pgqueue import accounts as store
from pgqueue.cli import session
from pgqueue.cli.output import console, notes, write_json, write_table
from pgqueue.errors import UnknownAccount

app = typer.Typer(no_args_is_help=True, help="See and change users' plans, limits and credits.")

User = Annotated[UUID, typer.Argument(help="The user's UUID.", metavar="USER")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]
Figure = Annotated[str | None, typer.Option(help="A number, or 'plan' for the plan's.", metavar="N|plan")]
Grant = Annotated[str | None, typer.Option(help="A number, or 'none' for no limit.", metavar="N|none")]

COLUMNS = (
    "user_id", "plan", "concurrent", "per_day", "waiting_limit", "used", "parked", "today", "available", "held",
)  # fmt: skip


def _run(work: Callable[[AsyncConnection[Any]], Awaitable[None]]) -> None:
    raise typer.Exit(session.run_in_transaction(work))


@app.command("list")
def list_accounts(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50, as_json: Json = False
) -> None:
    """Show accounts, the newest first."""

    async def work(connection: AsyncConnection[Any]) -> None:
        found = await store.list_accounts(connection, limit=limit)
        if as_json:
            for account in found:
                write_json(dict(account))
        elif not found:
            notes.print("No accounts yet. One is made with a user's first request, or by `pgqueue accounts set`.")
        else:
            write_table(COLUMNS, ([account[column] for column in COLUMNS] for account in found))

    _run(work)


@app.command()
def show(user: User, as_json: Json = False) -> None:
    """Show one account, and the newest movements of its credits."""

    async def work(connection: AsyncConnection[Any]) -> None:
        account = await store.read_account(connection, user)
        if account is None:
            raise UnknownAccount(user)
        ledger = await store.read_ledger(connection, user)
        if as_json:
            write_json(dict(account) | {"ledger": [dict(entry) for entry in ledger]})
            return
        for name in COLUMNS:
            console.print(f"{name:<14} {'no limit' if account[name] is None else account[name]}", highlight=False)
        if ledger:
            console.print()
            columns = ("at", "entry", "amount", "job_id", "note")
            write_table(columns, ([entry[column] for column in columns] for entry in ledger))

    _run(work)


@app.command("set")
def set_account(
    user: User,
    plan: Annotated[str | None, typer.Option(help="free, basic or pro.")] = None,
    concurrent: Figure = None,
    per_day: Figure = None,
    waiting: Figure = None,
) -> None:
    """Change an account's plan or limits; one that is not there is made. Running jobs run on."""
    figures = {"concurrent": concurrent, "per-day": per_day, "waiting": waiting}
    _refuse_bad_figures(figures, word=store.FROM_PLAN)

    async def work(connection: AsyncConnection[Any]) -> None:
        await store.set_account(connection, user, plan=plan, concurrent=concurrent, per_day=per_day, waiting=waiting)
        account = await store.read_account(connection, user)
        assert account is not None
        write_table(COLUMNS, [[account[column] for column in COLUMNS]])

    _run(work)


@app.command()
def grant(
    user: User,
    amount: Annotated[int, typer.Argument(help="Credits; a negative number takes available ones back.")],
    note: Annotated[str | None, typer.Option(help="Why, for the ledger.")] = None,
) -> None:
    """Add credits to an account."""

    async def work(connection: AsyncConnection[Any]) -> None:
        account = await store.grant(connection, user, amount, note=note)
        console.print(f"{account['available']} available, {account['held']} held", highlight=False)

    _run(work)


@app.command()
def forget(
    user: User,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this only say what would go.")] = False,
    as_json: Json = False,
) -> None:
    """Cancel what a user has waiting, and remove their ended jobs, results and history. The ledger stays."""

    async def work(connection: AsyncConnection[Any]) -> None:
        found = dict(await (store.forget(connection, user) if yes else store.count_jobs(connection, user)))
        if as_json:
            write_json(found | {"done": yes})
        else:
            write_table(list(found), [list(found.values())])
        if not yes:
            notes.print("Nothing was changed: this is what would go. Say --yes to do it.")
        elif found["running"]:
            notes.print("What still runs was asked to stop. Say it again in a moment to remove that, too.")

    _run(work)


@app.command()
def plans(
    name: Annotated[str | None, typer.Argument(help="The plan to change; without it they are only shown.")] = None,
    concurrent: Grant = None,
    per_day: Grant = None,
    waiting: Annotated[int | None, typer.Option(min=0, max=1_000_000, help="Jobs that may wait.")] = None,
    credits_per_job: Annotated[int | None, typer.Option("--credits", min=0, help="Credits a job takes.")] = None,
    as_json: Json = False,
) -> None:
    """Show what plans grant, or change one."""
    _refuse_bad_figures({"concurrent": concurrent, "per-day": per_day}, word=store.NO_LIMIT)

    async def work(connection: AsyncConnection[Any]) -> None:
        if name is not None:
            await store.set_plan(
                connection,
                name,
                concurrent=concurrent,
                per_day=per_day,
                waiting=waiting,
                credits_per_job=credits_per_job,
            )
        columns = ("name", "concurrent", "per_day", "waiting", "credits_per_job")
        found = await store.list_plans(connection)
        if as_json:
            for plan in found:
                write_json(dict(plan))
        else:
            write_table(columns, ([_no_limit(plan[column]) for column in columns] for plan in found))

    _run(work)


def _no_limit(figure: object) -> object:
    return "no limit" if figure is None else figure


def _refuse_bad_figures(figures: dict[str, str | None], *, word: str) -> None:
    for option, figure in figures.items():
        lowest = 1 if option == "concurrent" else 0
        if figure is None or figure == word or (figure.isascii() and figure.isdigit() and int(figure) >= lowest):
            continue
        raise typer.BadParameter(f"--{option}: {figure!r} is neither a whole number from {lowest} nor {word!r}.")
