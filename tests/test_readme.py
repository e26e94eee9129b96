"""What the README says is true: its settings, its commands, its files, its Python."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from api.settings import ApiSettings
from command_line import hold_to_their_helps
from pgqueue import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
VARYING = {
    "data_dir": "the user's data directory; root's is `/var/lib/pgqueue`",
    "slots": "one per core",
    "database_url": "–",
}


def settings_table() -> str:
    rows = [
        *rows_of(Settings, "PGQUEUE_"),
        *rows_of(ApiSettings, "PGQUEUE_API_"),
    ]
    return "\n".join(["| setting | default | |", "|---|---|---|", *rows])


def rows_of(settings: type[BaseSettings], prefix: str) -> list[str]:
    rows = []
    for name, field in settings.model_fields.items():
        variable = str(field.validation_alias or f"{prefix}{name.upper()}")
        default = VARYING.get(name, field.get_default())
        default = "–" if default in (None, "") else default
        rows.append(
            f"| `{variable}` | {str(default).lower() if isinstance(default, bool) else default} | {field.description} |"
        )
    return rows


def test_the_settings_table_is_current() -> None:
    assert settings_table() in README, f"put this table into README.md:\n{settings_table()}"


def documented_commands() -> list[list[str]]:
    spans = re.findall(r"`(pgqueue [^`]+)`", README + (ROOT / "docs" / "operating.md").read_text(encoding="utf-8"))
    lines = re.findall(r"^(pgqueue [^#\n]+)", README, flags=re.MULTILINE)
    return [shlex.split(command)[1:] for command in [*spans, *lines]]


def test_every_command_and_option_the_readme_names_exists() -> None:
    """Asked of each command's own --help."""
    assert len(documented_commands()) > 10
    hold_to_their_helps(documented_commands())


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\((?!https?:|#)([^)]+)\)", README))))
def test_every_file_the_readme_links_to_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_python_of_the_readme_runs(database_url: str, tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    program = tmp_path / "example.py"
    program.write_text(code, encoding="utf-8")
    environment = {**os.environ, "DATABASE_URL": database_url}

    done = subprocess.run([sys.executable, str(program)], env=environment, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"[0-9a-f-]{36}\n", done.stdout)


def test_the_readme_shows_the_two_commands_first() -> None:
    commands = re.findall(r"^(make \w+)", README, flags=re.MULTILINE)

    assert commands[:2] == ["make demo", "make test"]
