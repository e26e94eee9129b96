"""`pgqueue migrate`: bring the database to this release's schema."""

from typing import Annotated

import typer

from pgqueue import logs, roles
from pgqueue.cli.output import notes
from pgqueue.database import require_url
from pgqueue.settings import load_settings

ROLE_MISSING = """\
Row-level security waits for a role that this one may not make, and the API for row-level security. Have an
administrator run the following, then run `pgqueue migrate` again:
  create role pgqueue_api nologin;
  grant pgqueue_api to <the role that the API connects as>;"""


def migrate(
    to: Annotated[str, typer.Option(help="Revision to migrate up to.")] = "head",
) -> None:
    """Create or update the tables and roles. Safe to repeat; two at once wait for each other.

    Statements that only an administrator may run are printed on stdout, ready for psql.
    """
    # Loaded here: the migration tool would double the start of every other command.
    from pgqueue import migrate as migrations

    logs.configure()
    database_url = require_url(load_settings())
    before = migrations.current(database_url)
    migrations.upgrade(database_url, to)
    after = migrations.current(database_url)
    if not migrations.raise_row_security(database_url):
        notes.print(ROLE_MISSING)
    notes.print(f"Schema at revision {after}." if before != after else f"Schema is at revision {after} already.")
    if to == "head" and (left := roles.arrange(database_url)):
        notes.print("The role of DATABASE_URL may not do the rest. Have an administrator run:")
        typer.echo("\n".join(left))
