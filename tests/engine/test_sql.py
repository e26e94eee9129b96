"""The statements of the store are what an operator can paste and EXPLAIN."""

from importlib.resources import files

import psycopg
import pytest

from engine.queries import sql

VERBS = sorted(entry.name.removesuffix(".sql") for entry in files("engine").joinpath("sql").iterdir())


@pytest.mark.parametrize("verb", VERBS)
def test_a_statement_says_what_it_does_and_names_its_schema(verb: str) -> None:
    text = sql(verb)
    assert text.startswith("-- ")
    assert "engine." in text or "pg_temp." in text or "temporary" in text


@pytest.mark.parametrize("verb", ["load_bars", "warm_up_start"])
def test_a_load_walks_the_primary_key(database_url: str, verb: str) -> None:
    asked = {
        "symbol": "X",
        "timeframe": "1d",
        "start": "2020-01-01Z",
        "end": "2021-01-01Z",
        "look_back": 50,
        "limit": 9,
    }
    with psycopg.connect(database_url) as connection:
        insert = (
            "insert into engine.bars select s, '1d', t, 1, 1, 1, 1, 0 from unnest(array['X', 'Y', 'Z']) s, "
            "generate_series('1990-01-01Z'::timestamptz, '2022-01-01Z', '1 day') t"
        )
        connection.execute(insert)
        connection.execute("analyze engine.bars")
        plan = "\n".join(row[0] for row in connection.execute(f"explain {sql(verb)}".encode(), asked))
    assert plan.count("bars_pkey") == 1
    assert "Seq Scan" not in plan
