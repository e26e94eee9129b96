"""What the documentation shows runs as it stands; its tables are what the code says."""

import importlib.util
import json
import re
from pathlib import Path

import psycopg
import pytest

from api.scopes import SCOPES
from command_line import pgqueue
from engine import backtest, metrics, rules, sample, strategies
from engine.request import parse_args
from engine.sweep_plan import plan
from engine.sweep_request import parse_sweep

DOCS = Path(__file__).parents[1] / "docs"
OPERATING = (DOCS / "operating.md").read_text(encoding="utf-8")
STRATEGIES = (DOCS / "strategies.md").read_text(encoding="utf-8")
_spec = importlib.util.spec_from_file_location("tables", DOCS / "tables.py")
assert _spec is not None
assert _spec.loader is not None
tables = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tables)
IDENTITY = (DOCS / "identity.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sql\n(.*?)```", OPERATING + IDENTITY, flags=re.DOTALL)


def test_there_are_blocks() -> None:
    assert len(BLOCKS) >= 8


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_block_of_sql_runs(database_url: str, block: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(block)


SICK = """
insert into pgqueue.workers (id, pid, slots, host, queue, version, lease_expires_at)
values ('8092b467-e205-4e10-b1aa-37e1dadf3330', 1, 2, 'gone', 'backtest', '0.1.0', now() - interval '1 hour');
select pgqueue.enqueue('echo'), pgqueue.enqueue('echo', run_at => now() + interval '1 hour');
update pgqueue.jobs set run_at = now() - interval '1 hour' where state = 'scheduled';
insert into pgqueue.jobs (id, queue, kind, rank, turn, args, state, worker_id, attempt, started_at)
values ('01a20ad0-2158-78f1-8cbd-a341db17a8f9', 'backtest', 'echo', 30, 9, '{}', 'processing',
        '8092b467-e205-4e10-b1aa-37e1dadf3330', 1, now() - interval '1 hour');
insert into pgqueue.progress (job_id, attempt) values ('01a20ad0-2158-78f1-8cbd-a341db17a8f9', 1);
insert into pgqueue.results (job_id, attempt, summary, preview, detail)
values ('01a20ad0-2158-78f1-8cbd-a341db17a8f9', 1, '{}', '', '');
update pgqueue.queues set waiting = max_waiting;
alter table pgqueue.progress set (autovacuum_enabled = false);
select pgqueue.pause()
"""
OF_THE_SERVER = re.compile(
    r"(version|primary|durability|replicas|autovacuum|row age|connections|notifications|clock|pooler|time limits|role"
    r"|schema|transactions|roles for others): "
)


def test_what_the_doctor_says_of_a_sick_database_is_what_is_shown(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(SICK)

    done = pgqueue("doctor", database_url=database_url)

    findings = re.split(r"\n(?=\S)", done.stdout.rstrip("\n"))
    shown = [one for one in findings if not one.startswith("ok ") and not OF_THE_SERVER.match(one.split(maxsplit=1)[1])]
    (documented,) = re.findall(r"```text\n(.*?)```", OPERATING, flags=re.DOTALL)
    assert done.returncode == 1
    assert documented == "$ pgqueue doctor\n" + "\n".join(shown) + "\n"


@pytest.mark.parametrize("query", sorted(set(re.findall(r"`(select [^`]+pgqueue[^`]+)`", OPERATING))))
def test_a_query_within_the_text_runs(database_url: str, query: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(query.encode())


def test_the_documented_scopes_are_those_there_are() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (look|read|scrape|operate)(.*) \|$", IDENTITY, flags=re.MULTILINE)

    assert {name: f"{verb}{rest}" for name, verb, rest in rows} == SCOPES


@pytest.mark.parametrize("file", tables.TABLES)
def test_tables_that_follow_from_the_code_are_current(file: str) -> None:
    text = (DOCS / file).read_text(encoding="utf-8")
    assert tables.with_tables(text, tables.TABLES[file]) == text, "run `python docs/tables.py`"


@pytest.mark.parametrize("rule", re.findall(r"```rules\n(.*?)```", STRATEGIES, flags=re.DOTALL)[0].splitlines())
def test_a_documented_rule_is_one(rule: str) -> None:
    rules.check({"version": 1, "name": "Documented", "entryLong": rule})


def test_the_documented_strategy_and_sweep_can_run() -> None:
    (definition,) = re.findall(r"```json\n(.*?)```", STRATEGIES, flags=re.DOTALL)
    rules.check(json.loads(definition))
    request, refusal = (
        json.loads(block)
        for block in re.findall(r"```json\n(.*?)```", (DOCS / "sweeps.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    )
    template = rules.read(strategies.get("sma-cross").definition)
    assert plan(parse_sweep(request), template).grid.count == 29
    assert "the limit is 100,000" in refusal["message"]


def test_the_documented_metrics_and_notes_are_those_there_are() -> None:
    text = (DOCS / "metrics.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`[^|]+) \|", text, flags=re.MULTILINE))))
    request = parse_args(
        {
            "strategyId": "sma-cross",
            "symbol": "SPX",
            "startDate": "2010-01-01",
            "endDate": "2012-12-31",
            "benchmark": "IXIC",
        }
    )
    spx, ixic = (sample.find(symbol, "1d").read() for symbol in ("SPX", "IXIC"))
    strategy = rules.compile_strategy(strategies.get("sma-cross").definition)
    ran = backtest.run(request, strategy, spx, benchmark=ixic)
    notes = {value for name, value in vars(metrics).items() if name.isupper() and value == name}

    assert named == (ran.metrics.keys() - {"annualizationFactor"}) | notes
    said = re.findall(r"`([A-Z_]+)`", text.split("Warnings tell")[1])
    cautions = (DOCS.parent / "src" / "engine" / "cautions.py").read_text(encoding="utf-8")
    assert [code for code in said if f'"{code}"' not in cautions] == []
