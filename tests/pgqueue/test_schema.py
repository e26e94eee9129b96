import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from pgqueue import migrate
from pgqueue.schema_version import head, migrations


def test_metadata_and_migrations_agree(database_url: str) -> None:
    command.check(migrate.configuration(database_url))


def test_what_enqueues_keeps_its_plans(database_url: str) -> None:
    """Whoever replaces one of these functions drops its settings with its text: an enqueue then plans anew."""
    with psycopg.connect(database_url) as connection:
        settings = connection.execute(
            "select proname::text, proconfig from pg_proc"
            " where pronamespace = 'pgqueue'::regnamespace and proname in ('try_enqueue', 'reserve_batch', 'give_way')"
        ).fetchall()

    assert len(settings) == 3
    for name, given in settings:
        assert {"plan_cache_mode=auto", "enable_seqscan=off", "search_path=pg_catalog"} <= set(given), name


def test_migrations_go_down_to_nothing_and_up_again(database_url: str) -> None:
    migrate.downgrade(database_url, "base")

    with psycopg.connect(database_url) as connection:
        left = connection.execute(
            "select count(*) from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
            " where nspname in ('pgqueue', 'engine', 'api') and relkind in ('r', 'i', 'S', 'v')"
            " and relname not like 'alembic_version%'"
        ).fetchone()
        assert left == (0,)

    migrate.upgrade(database_url)

    assert migrate.current(database_url) == head()


def test_the_head_read_off_the_file_names_is_the_migration_tools_own() -> None:
    assert head() == ScriptDirectory(str(migrations())).get_current_head()


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    migrate.upgrade(database_url)

    assert migrate.current(database_url) == head()


def test_checks_and_storage_of_metadata_and_migrations_are_the_same(database_url: str) -> None:
    """Alembic compares everything but the text of CHECKs and how tables are stored: Postgres is asked to print both."""
    from sqlalchemy.schema import CreateSchema

    import api.schema
    import engine.schema
    import pgqueue.schema

    query = text(
        "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint"
        " where contype = 'c' and connamespace::regnamespace::text in ('pgqueue', 'engine', 'api') order by 1, 2"
    )
    storage = text(
        "select oid::regclass::text, (select array_agg(option order by option) from unnest(reloptions) as option)"
        " from pg_class where relkind = 'r' and relnamespace::regnamespace::text in ('pgqueue', 'engine', 'api')"
        " and relname <> 'alembic_version' order by 1"
    )
    database = create_engine(migrate.sqlalchemy_url(database_url))
    with database.begin() as connection:
        migrated = connection.execute(query).all()
        stored = connection.execute(storage).all()
        uuid7 = connection.execute(text("select pg_get_functiondef('pgqueue.uuid7'::regproc)")).scalar_one()
    migrate.downgrade(database_url, "base")
    with database.begin() as connection:
        for metadata in (pgqueue.schema.metadata, engine.schema.metadata, api.schema.metadata):
            connection.execute(CreateSchema(str(metadata.schema), if_not_exists=True))
            if metadata.schema == "pgqueue":
                connection.exec_driver_sql(uuid7)
            metadata.create_all(connection)
        described = connection.execute(query).all()
        assert connection.execute(storage).all() == stored
    database.dispose()

    assert len(migrated) > 30
    assert migrated == described


BAD_JOBS = {
    "processing_has_worker": "update pgqueue.jobs set state = 'processing'",
    "final_has_finished_at": "update pgqueue.jobs set state = 'cancelled'",
    "failed_has_error": "update pgqueue.jobs set state = 'failed', finished_at = now()",
    "completed_was_attempted": "update pgqueue.jobs set state = 'completed', finished_at = now()",
    "state_known": "update pgqueue.jobs set state = 'lost'",
    "priority_range": "update pgqueue.jobs set priority = 11",
    "args_are_object": "update pgqueue.jobs set args = '[]'",
}


@pytest.mark.parametrize("name", BAD_JOBS)
def test_the_table_refuses_a_job_that_breaks_an_invariant(database_url: str, name: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "insert into pgqueue.jobs (queue, kind, rank, turn, state, args) values ('q', 'k', 1, 1, 'ready', '{}')"
        )

        with pytest.raises(psycopg.errors.CheckViolation, match=f"jobs_{name}_check"):
            connection.execute(BAD_JOBS[name].encode())


def test_ids_are_version_7_and_ordered_by_time(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        ids = []
        for _ in range(3):
            row = connection.execute("select pgqueue.uuid7(), pg_sleep(0.002)").fetchone()
            assert row is not None
            ids.append(row[0])

    assert ids == sorted(ids)
    assert {job_id.version for job_id in ids} == {7}


def test_triggers_on_what_jobs_change_are_per_statement(database_url: str) -> None:
    """Those per row watch columns that only people change, or entries that only people make."""
    with psycopg.connect(database_url) as connection:
        triggers = connection.execute(
            "select tgrelid::regclass::text, tgname, (tgtype & 1) = 1 as per_row from pg_trigger where not tgisinternal"
        ).fetchall()

    assert sorted(triggers) == [
        ("pgqueue.accounts", "account_changed", True),
        ("pgqueue.accounts", "account_opened", True),
        ("pgqueue.accounts", "limits_changed", False),
        ("pgqueue.jobs", "jobs_moved", False),
        ("pgqueue.jobs", "jobs_removed", False),
        ("pgqueue.ledger", "credits_granted", True),
        ("pgqueue.plans", "limits_changed", False),
        ("pgqueue.plans", "plan_changed", True),
        ("pgqueue.progress", "progress_notify", False),
        ("pgqueue.queues", "queue_changed", True),
    ]
