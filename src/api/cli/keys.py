"""`pgqueue keys …`: accounts' API keys, and one-time codes for the page."""

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from api import accounts
from api.accounts import ADMIN_ROLE, PLANS, READ_ONLY_ROLE, ROLES
from api.cli.terminal import note, run, write_json
from api.queries import sql
from api.scopes import ALL, SCOPES, granted

keys = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")

UNITS = {"m": 60, "h": 3600, "d": 86_400}
LONGEST_SECONDS = 3650 * 86_400
OPERATORS = (ADMIN_ROLE, READ_ONLY_ROLE)

User = Annotated[str, typer.Option(help="UUID of the user, or `new` for a new account.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


@keys.command()
def create(
    user: User = "new",
    plan: Annotated[str | None, typer.Option(help=f"Plan of the account: {', '.join(PLANS)} [new: free].")] = None,
    change_plan: Annotated[
        bool, typer.Option("--change-plan", help="Move an account that is there already to --plan.")
    ] = False,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(help=f"Any of {', '.join(SCOPES)}; may be repeated [default: all of the user's]."),
    ] = None,
    expires: Annotated[str | None, typer.Option(help="In so long: 30m, 12h, 90d [default: never].")] = None,
    as_json: Json = False,
) -> None:
    """Make a key. It is shown once: only its hash is kept."""
    user_id = _user(user)
    if plan is not None and plan not in PLANS:
        raise typer.BadParameter(f"--plan: {plan!r} is none of {', '.join(PLANS)}.")
    if change_plan and plan is None:
        raise typer.BadParameter("--change-plan goes with --plan: to which one?")
    scopes = sorted(set(scope or ()))
    if unknown := [one for one in scopes if one not in SCOPES]:
        raise typer.BadParameter(f"--scope: {unknown[0]!r} is none of {', '.join(SCOPES)}.")
    seconds = None if expires is None else _seconds(expires)

    async def work(connection: AsyncConnection[Any]) -> int:
        account = await accounts.ensure_user(connection, user_id, plan or "free")
        is_moved = plan is not None and account.plan != plan
        if plan is not None and is_moved:
            if not change_plan:
                note(
                    f"pgqueue: user {user_id} has the plan {account.plan}, not {plan}; no key was made. "
                    "Leave --plan out to keep it, or say --change-plan."
                )
                return 1
            await accounts.set_plan(connection, user_id, plan)
        key_id, key = await accounts.create_key(connection, user_id, name=name, scopes=scopes, expires_seconds=seconds)
        facts = {"id": str(key_id), "key": key, "userId": str(user_id), "plan": plan or account.plan}
        if as_json:
            write_json(facts | {"scopes": scopes})
        else:
            Console().print(key, soft_wrap=True, highlight=False)
            was = f", which was {account.plan}" if is_moved else ""
            note(f"User {user_id}, plan {plan or account.plan}{was}. The key is not shown again.")
        return 0

    run("keys", work)


@keys.command("list")
def list_(user: Annotated[UUID | None, typer.Option(help="Only this user's.")] = None, as_json: Json = False) -> None:
    """List keys, newest first: what each may be used for, and when it last was, to the minute."""

    async def work(connection: AsyncConnection[Any]) -> None:
        cursor = connection.cursor(row_factory=dict_row)
        rows = await (await cursor.execute(sql("list_keys"), {"user_id": user})).fetchall()
        for row in rows:
            row["grants"] = _grants(row)
        if as_json:
            for row in rows:
                write_json(row)
            return
        if not rows:
            note("No keys. Make one with `pgqueue keys create`.")
            return
        _write_table(rows)
        shown = sorted({scope for row in rows for scope in row["grants"]})
        note("\n".join(f"{scope}: {SCOPES[scope]}." for scope in shown))

    run("keys", work)


@keys.command()
def revoke(key: Annotated[str, typer.Argument(help="Prefix or id of the key, as listed.")]) -> None:
    """Revoke a key: from now on it opens nothing."""

    async def work(connection: AsyncConnection[Any]) -> int:
        row = await (await connection.execute(sql("revoke_key"), {"key": key})).fetchone()
        if row is None:
            note(f"pgqueue: no key {key!r}. List them with `pgqueue keys list`.")
            return 1
        note(f"Revoked {row[1]}….")
        return 0

    run("keys", work)


@keys.command()
def login(
    user: Annotated[UUID, typer.Option(help="UUID of the user.")],
    url: Annotated[str, typer.Option(help="Address of the API.")] = "http://127.0.0.1:8000",
    admin: Annotated[bool, typer.Option("--admin", help="The operators' page; the user must be one.")] = False,
    role: Annotated[
        str | None, typer.Option(help="Make the user an operator first: admin or read_only_admin. Implies --admin.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an address that logs the user in on a page, once, within ten minutes."""
    if role is not None and role not in OPERATORS:
        raise typer.BadParameter(f"--role: {role!r} is none of {', '.join(OPERATORS)}.")

    async def work(connection: AsyncConnection[Any]) -> int:
        account = await accounts.ensure_user(connection, user)
        if role is not None:
            await accounts.set_role(connection, user, role)
        elif admin and account.role == "user":
            note(f"pgqueue: user {user} is no operator. `pgqueue keys role admin --user {user}` makes them one.")
            return 1
        code = await accounts.create_login_code(connection, user)
        # After the #, which browsers keep to themselves: no server and no log sees the code in an address.
        address = f"{url.rstrip('/')}/{'admin' if admin or role else ''}#code={code}"
        if as_json:
            write_json({"url": address})
        else:
            Console().print(address, soft_wrap=True, highlight=False)
        return 0

    run("keys", work)


@keys.command()
def role(
    role: Annotated[str, typer.Argument(help=f"One of {', '.join(ROLES)}.")],
    user: Annotated[UUID, typer.Option(help="UUID of the user.")],
) -> None:
    """Make a user an operator (admin), one who only looks (read_only_admin), or neither (user)."""
    if role not in ROLES:
        raise typer.BadParameter(f"{role!r} is none of {', '.join(ROLES)}.")

    async def work(connection: AsyncConnection[Any]) -> int:
        return _said(await accounts.set_role(connection, user, role), user, f"is {role} now")

    run("keys", work)


@keys.command()
def lock(user: Annotated[UUID, typer.Option(help="UUID of the user.")]) -> None:
    """Lock a user out: keys, sessions and tokens of theirs open nothing until `keys unlock`."""

    async def work(connection: AsyncConnection[Any]) -> int:
        return _said(await accounts.lock_out(connection, user, locked=True), user, "is locked out")

    run("keys", work)


@keys.command()
def unlock(user: Annotated[UUID, typer.Option(help="UUID of the user.")]) -> None:
    """Let a locked out user in again, with the keys they had."""

    async def work(connection: AsyncConnection[Any]) -> int:
        return _said(await accounts.lock_out(connection, user, locked=False), user, "may come in again")

    run("keys", work)


def _said(found: bool, user: UUID, what: str) -> int:
    if not found:
        note(f"pgqueue: no user {user}. `pgqueue keys create --user {user}` makes one.")
        return 1
    note(f"User {user} {what}.")
    return 0


def _seconds(text: str) -> float:
    unit = UNITS.get(text[-1:])
    count = text[:-1]
    if unit is None or not count.isascii() or not count.isdecimal() or not 0 < int(count) * unit <= LONGEST_SECONDS:
        raise typer.BadParameter(f"--expires: {text!r} is no time like 30m, 12h or 90d, of at most ten years.")
    return int(count) * unit


def _user(text: str) -> UUID:
    if text == "new":
        return uuid4()
    try:
        return UUID(text)
    except ValueError as error:
        raise typer.BadParameter(f"--user: {text!r} is no UUID.") from error


def _grants(key: Mapping[str, Any]) -> list[str]:
    """What the key may be used for, as its user now is. One that names no scopes is not narrowed."""
    return sorted(granted(key["scopes"] or ALL, is_operator=key["is_operator"]))


def _write_table(rows: Sequence[Mapping[str, Any]]) -> None:
    columns = {
        "prefix": "", "user_id": "", "plan": "", "name": "", "grants": "nothing", "created_at": "",
        "expires_at": "never", "revoked_at": "", "last_used_at": "never",
    }  # fmt: skip
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(_cell(row[column]) or unsaid for column, unsaid in columns.items()))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(value)
    return value.strftime("%Y-%m-%d %H:%M") if hasattr(value, "strftime") else str(value)
