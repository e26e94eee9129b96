"""Releases side by side: an older program on a newer schema, and what is said where that cannot be."""

import asyncio
import shutil
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic import command
from psycopg_pool import AsyncConnectionPool

from command_line import pgqueue
from pgqueue import migrate, migration_lock, roles
from pgqueue.errors import MigrationBlocked, ReleaseTooOld, SchemaMismatch
from pgqueue.job import JobState
from pgqueue.migration_lock import MIGRATION_LOCK
from pgqueue.queue import Queue
from pgqueue.schema_version import check_database, head, migrations
from queue_scene import count, running_worker, violations, wait_final

pytestmark = pytest.mark.anyio

WAITERS = """
select count(*)::int from pg_locks
 where locktype = 'advisory' and not granted
   and database = (select oid from pg_database where datname = current_database())
"""

NEXT = '''"""The next release's: one column more on the hottest table."""

from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade() -> None:
    op.execute("alter table pgqueue.jobs add column label text")
    op.execute("create index jobs_label_idx on pgqueue.jobs (label) where label is not null")
    op.execute("{compatibility}")
'''


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


def migrate_to_the_next_release(database_url: str, tmp_path: Path, *, serves_us: bool = True) -> None:
    """As the next release's `pgqueue migrate` would: the same environment, one file more."""
    directory = tmp_path / "alembic"
    shutil.copytree(migrations(), directory, ignore=shutil.ignore_patterns("__pycache__"))
    contract = "select 1" if serves_us else "update pgqueue.compatibility set since = '9999'"
    (directory / "versions" / "9999_next.py").write_text(NEXT.format(head=head(), compatibility=contract))
    config = migrate.configuration(database_url)
    config.set_main_option("script_location", str(directory))
    command.upgrade(config, "head")


async def test_workers_and_callers_of_this_release_work_on_while_the_next_ones_schema_comes(
    database_url: str, queue: Queue, pool: AsyncConnectionPool, tmp_path: Path
) -> None:
    async with running_worker(database_url, slots=2):
        before = [(await queue.enqueue("steps", {"steps": 2, "seconds": 0.2})).job_id for _ in range(20)]
        await asyncio.to_thread(migrate_to_the_next_release, database_url, tmp_path)
        after = [(await queue.enqueue("echo", {})).job_id for _ in range(5)]
        for job_id in [*before, *after]:
            assert (await wait_final(database_url, queue, job_id)).state is JobState.COMPLETED

    assert await count(pool, "select count(*) from pgqueue.results") == 25
    assert await count(pool, "select max(attempt) from pgqueue.jobs") == 1
    assert await violations(pool) == []


async def test_a_worker_of_this_release_starts_on_a_later_schema_that_serves_it(
    database_url: str, tmp_path: Path
) -> None:
    migrate_to_the_next_release(database_url, tmp_path)

    await check_database(database_url)
    assert pgqueue("queue", "stats", database_url=database_url).returncode == 0


@pytest.mark.parametrize("words", [("worker",), ("serve", "--port", "0"), ("queue", "stats")])
async def test_a_program_that_a_later_schema_does_not_serve_says_so_and_stops(
    database_url: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    migrate_to_the_next_release(database_url, tmp_path, serves_us=False)

    with pytest.raises(ReleaseTooOld):
        await check_database(database_url)
    done = pgqueue(*words, database_url=database_url)

    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == (
        f"pgqueue: database schema: revision 9999 serves releases from revision 9999 on, and this one is of revision "
        f"{head()}. Upgrade this program."
    )


async def test_a_program_on_an_older_schema_says_what_to_run(database_url: str) -> None:
    migrate.downgrade(database_url, "0006")

    with pytest.raises(
        SchemaMismatch, match=f"found revision 0006, this release needs {head()}. Run `pgqueue migrate`"
    ):
        await check_database(database_url)


def test_two_migrations_at_once_wait_for_each_other(database_url: str) -> None:
    """The other one is a process: Alembic's environment is the process's own."""
    migrate.downgrade(database_url, "base")
    with ThreadPoolExecutor() as executor:
        other = executor.submit(pgqueue, "migrate", database_url=database_url)
        migrate.upgrade(database_url)

    assert other.result().returncode == 0, other.result().stderr
    assert migrate.current(database_url) == head()


def test_many_migrations_at_once_all_succeed(database_url: str) -> None:
    """Also where there is nothing left to do but to grant what is granted already."""
    for revision in ("base", head()):
        migrate.downgrade(database_url, revision)
        with ThreadPoolExecutor(6) as executor:
            done = list(executor.map(lambda _: pgqueue("migrate", database_url=database_url), range(6)))
        assert [each.stderr for each in done if each.returncode != 0] == []
    assert migrate.current(database_url) == head()


def test_roles_are_arranged_and_rows_closed_one_migration_after_the_other(database_url: str) -> None:
    with psycopg.connect(database_url) as holder, ThreadPoolExecutor() as executor:
        holder.execute("select pg_advisory_xact_lock(%s)", [MIGRATION_LOCK])
        waiting = [executor.submit(work, database_url) for work in (roles.arrange, migrate.raise_row_security)]
        with psycopg.connect(database_url, autocommit=True) as watching:
            deadline = time.monotonic() + 60
            while watching.execute(WAITERS).fetchone() != (2,):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert not any(each.done() for each in waiting)
        holder.rollback()
        assert [each.result(60) for each in waiting] == [[], True]


def test_a_migration_that_meets_a_table_in_use_tries_again(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration_lock, "LOCK_PAUSE_SECONDS", 0.1)
    migrate.downgrade(database_url, "0006")
    with psycopg.connect(database_url) as holder:
        holder.execute("lock table pgqueue.jobs in access share mode")
        holder.execute("lock table pgqueue.queues in share update exclusive mode")
        # Longer than one attempt waits for its locks, shorter than two.
        release = threading.Timer(6, holder.rollback)
        release.start()
        migrate.upgrade(database_url)
        release.join()

    assert migrate.current(database_url) == head()


def test_a_migration_that_never_gets_its_locks_changes_nothing_says_so_and_is_gone_on_from(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration_lock, "LOCK_ATTEMPTS", 1)
    migrate.downgrade(database_url, "0006")
    with psycopg.connect(database_url) as holder:
        holder.execute("lock table pgqueue.queues in share update exclusive mode")
        with pytest.raises(MigrationBlocked, match="what it was to change is unchanged"):
            migrate.upgrade(database_url)

        # The one before it, which needs no lock of that table, is done.
        assert migrate.current(database_url) == "0007"
    migrate.upgrade(database_url)
    assert migrate.current(database_url) == head()
