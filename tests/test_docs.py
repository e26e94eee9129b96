"""What the documentation shows runs as it stands; its tables are what the code says."""

import importlib.util
import json
import re
from pathlib import Path

import psycopg
import pytest

from api.scopes import SCOPES
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
