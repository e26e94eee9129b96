"""The SQL that the documentation shows runs as it stands."""

import re
from pathlib import Path

import psycopg
import pytest

OPERATING = (Path(__file__).parents[1] / "docs" / "operating.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sql\n(.*?)```", OPERATING, flags=re.DOTALL)


def test_there_are_blocks() -> None:
    assert len(BLOCKS) >= 8


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_block_of_sql_runs(database_url: str, block: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(block)
