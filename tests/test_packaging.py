"""What people install is the wheel, so the wheel is what is looked at and run here."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import psycopg
import pytest

from database_scene import address, execute
from pgqueue.schema_version import head

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(directory)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = directory.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("unpacked")
    with ZipFile(wheel) as archive:
        archive.extractall(directory)
    return directory


@pytest.fixture
def empty_database(server_url: str) -> Iterator[str]:
    name = f"pgqueue_wheel_{os.getpid()}"
    execute(server_url, "create database {}", name)
    yield address(server_url, name)
    execute(server_url, "drop database {} with (force)", name)


def test_everything_under_src_is_in_it_and_nothing_else(unpacked: Path) -> None:
    ours = {path.relative_to(ROOT / "src") for path in files_below(ROOT / "src")}
    ours |= {
        Path("pgqueue", "migrations", path.relative_to(ROOT / "alembic")) for path in files_below(ROOT / "alembic")
    }
    theirs = {path.relative_to(unpacked) for path in files_below(unpacked)}

    assert {path for path in theirs if not path.parts[0].endswith(".dist-info")} == ours


def files_below(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


@pytest.mark.parametrize(
    "pattern",
    [
        "pgqueue/migrations/env.py",
        "pgqueue/migrations/versions/0001_*.py",
        "pgqueue/sql/claim.sql",
        "engine/sql/*.sql",
        "engine/sample/AAPL_1d_close.csv.gz",
        "engine/strategies/sma-cross.json",
        "api/sql/*.sql",
        "api/pages/*.html",
        "api/pages/vendor/lightweight-charts.js",
        "api/pages/vendor/lightweight-charts.LICENSE",
        "*/py.typed",
        "*.dist-info/licenses/LICENSE",
        "*.dist-info/licenses/NOTICE",
        "*.dist-info/entry_points.txt",
    ],
)
def test_what_is_not_python_is_in_it_too(unpacked: Path, pattern: str) -> None:
    assert list(unpacked.glob(pattern))


def test_it_migrates_an_empty_database(unpacked: Path, empty_database: str, tmp_path: Path) -> None:
    code = "import pgqueue, sys; print(pgqueue.__file__, file=sys.stderr); from pgqueue.cli import main; main()"
    environment = os.environ | {"PYTHONPATH": str(unpacked), "DATABASE_URL": empty_database}

    done = subprocess.run(
        [sys.executable, "-c", code, "migrate"],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )

    assert str(unpacked) in done.stderr.splitlines()[0]
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("select version_num from pgqueue.alembic_version").fetchall() == [(head(),)]
