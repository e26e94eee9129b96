"""Every documented route is asked what its description does not say: wrong types, edges, missing members."""

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from psycopg_pool import AsyncConnectionPool

from api_scene import Person, know_aapl, person, serving

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

EXCLUDED_CHECKS = {
    "positive_data_acceptance": "an id or symbol that is well-formed need not be one there is",
    "negative_data_rejection": "unknown members and parameters are ignored: older clients send some",
    "unsupported_method": "asks with TRACE, which the server itself refuses before the application",
}
STREAMS = ("/api/backtest/events", "/api/backtest/queue/{jobId}/events", "/api/admin/events")
"""They do not end by themselves."""
EXAMPLES = 15


@pytest.fixture
async def me(pool: AsyncConnectionPool) -> Person:
    await know_aapl(pool)
    someone = await person(pool)
    async with pool.connection() as connection:
        await connection.execute("update api.users set is_admin = true where id = %s", (someone.user_id,))
    return someone


@pytest.fixture
async def url(database_url: str, me: Person) -> AsyncIterator[str]:
    async with serving(database_url) as (server, _):
        yield server.url


async def test_no_answer_is_an_error_of_ours_an_undocumented_status_or_breaks_its_schema(
    url: str, me: Person, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import anyio

    report = tmp_path / "report.json"
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{url}/openapi.json",
        "--phases=examples,coverage,fuzzing",
        "--checks=all",
        f"--exclude-checks={','.join(EXCLUDED_CHECKS)}",
        f"--max-examples={EXAMPLES}",
        "--seed=1",
        "--generation-deterministic",
        "--no-shrink",
        "--continue-on-failure",
        "--request-timeout=10",
        "--suppress-health-check=all",
        "--warnings=off",
        "--no-color",
        f"--header=Authorization: Bearer {me.key}",
        "--report=json",
        f"--report-json-path={report}",
        *(f"--exclude-path={path}" for path in STREAMS),
    ]

    done = await anyio.run_process(command, check=False, cwd=tmp_path, stderr=subprocess.STDOUT)

    said = done.stdout.decode()
    assert done.returncode == 0, said
    assert re.search(r"\d+ generated", said), said
    assert json.loads(report.read_text(encoding="utf-8"))
    with capsys.disabled():
        sys.stdout.write(f"\nschemathesis: {said.strip().splitlines()[-1].strip('= ')}\n")
