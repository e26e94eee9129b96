"""Where compiled kernels are kept, and that an upgrade never goes on with old ones."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from engine import kernels

PACKAGE = {
    "__init__.py": (kernels.SOURCES / "__init__.py").read_text(encoding="utf-8"),
    "inner.py": ("from numba import njit\n\n\n@njit(cache=True)\ndef tenfold(x):\n    return 10.0 * x\n"),
    "outer.py": (
        "from numba import njit\nfrom ours.inner import tenfold\n\n\n"
        "@njit('float64(float64)', cache=True)\ndef answer(x):\n    return tenfold(x) + 1.0\n"
    ),
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of kernels with the module under test as its `__init__`, one kernel calling another's file."""
    directory = tmp_path / "ours"
    directory.mkdir()
    for name, text in PACKAGE.items():
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def ask(package: Path, code: str, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    # Python takes a source of the same size written in the same second for the one it has compiled.
    kept["PYTHONDONTWRITEBYTECODE"] = "1"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=kept | {"PYTHONPATH": str(package.parent)} | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


ANSWER = "from ours.outer import answer; print(answer(2.0), sum(answer.stats.cache_hits.values()))"


def test_compiled_kernels_are_found_again(package: Path) -> None:
    assert ask(package, ANSWER) == "21.0 0"
    assert ask(package, ANSWER) == "21.0 1"


def test_a_changed_kernel_in_another_file_is_seen(package: Path) -> None:
    ask(package, ANSWER)
    inner = package / "inner.py"
    inner.write_text(inner.read_text(encoding="utf-8").replace("10.0", "20.0"), encoding="utf-8")
    assert ask(package, ANSWER) == "41.0 0"


def test_the_operator_may_name_the_directory(package: Path, tmp_path: Path) -> None:
    named = tmp_path / "named"
    ask(package, ANSWER, NUMBA_CACHE_DIR=str(named))
    assert list(named.rglob("*.nbc"))


def test_an_installation_that_cannot_be_written_uses_the_user_s_cache(package: Path, tmp_path: Path) -> None:
    # A file in its place refuses the directory to everyone, root included.
    shutil.rmtree(package / "__pycache__", ignore_errors=True)
    (package / "__pycache__").write_text("")
    cache = tmp_path / "cache"
    assert ask(package, ANSWER, XDG_CACHE_HOME=str(cache)) == "21.0 0"
    assert ask(package, ANSWER, XDG_CACHE_HOME=str(cache)) == "21.0 1"
    assert list((cache / "pgqueue").rglob("*.nbc"))


def test_nowhere_to_write_compiles_anew_in_a_private_directory(package: Path, tmp_path: Path) -> None:
    shutil.rmtree(package / "__pycache__", ignore_errors=True)
    (package / "__pycache__").write_text("")
    refused = tmp_path / "file"
    refused.write_text("")
    code = f"{ANSWER}; import numba, os; print(oct(os.stat(numba.config.CACHE_DIR).st_mode & 0o777))"
    assert ask(package, code, XDG_CACHE_HOME=str(refused), TMPDIR=str(tmp_path)) == "21.0 0\n0o700"


def test_this_process_keeps_kernels_under_the_hash_of_their_sources() -> None:
    assert "NUMBA_CACHE_DIR" in os.environ or kernels.sources_hash() in str(vars(numba.config)["CACHE_DIR"])
