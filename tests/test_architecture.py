"""Who may import whom. The tables below are the one statement of the rule in code."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import pgqueue

ROOT = Path(__file__).parents[1]
PACKAGES = ("engine", "pgqueue", "api")

# The engine knows nothing of queues. The queue knows nothing of finance. The API introduces them to people.
# A package may import these of ours; an entry with a dot is that module alone.
OURS = {
    "engine": set(),
    "pgqueue": set(),
    "api": {
        "pgqueue",  # its public names only, see below
        # What operators do, for administrators' routes.
        "pgqueue.accounts",
        "pgqueue.counting",
        "pgqueue.doctor",
        "pgqueue.overview",
        "pgqueue.search",
        "engine.charts",
        "engine.diagnosis",
        "engine.errors",
        "engine.heat_map",
        "engine.indicators",
        "engine.members",
        "engine.metrics",
        "engine.provider",
        "engine.reasons",
        "engine.reference",
        "engine.request",
        "engine.result",
        "engine.rules",
        "engine.store",
        "engine.strategies",
        "engine.sweep_plan",
        "engine.sweep_request",
        "engine.sweep_result",
        "engine.timeframes",
        "engine.trade_table",
        "engine.strategies.source",  # a file's errors are shown alike by both command lines
    },
    "alembic": {"api.schema", "engine.schema", "pgqueue.schema", "pgqueue.migration_lock"},
}

# Which third party may be used where: places are globs below the package.
THIRD_PARTY = {
    "engine": {
        "numpy": ["*"],
        "numba": ["kernels/*", "compiling.py"],  # the latter listens to the compiler
        "psycopg": ["charts.py", "store.py", "jobs.py", "price_connection.py", "cli/*"],
        "httpx": ["provider.py"],
        "pydantic": ["members.py", "request.py", "sweep_request.py"],
        "pydantic_core": ["members.py", "request.py", "sweep_request.py"],
        "sqlalchemy": ["schema.py"],
        "typer": ["cli/*"],
        "rich": ["cli/*"],
    },
    "pgqueue": {
        "psycopg": ["*"],
        "psycopg_pool": ["*"],
        "pydantic": ["settings.py"],
        "pydantic_settings": ["settings.py"],
        "sqlalchemy": ["schema.py", "migrate.py"],
        "alembic": ["migrate.py"],
        "typer": ["cli/*"],
        "rich": ["cli/*"],
        "httpx": ["cli/*"],
        "uvloop": ["cli/*"],
        "prometheus_client": ["metrics.py"],  # the text format is its business, and any scraper reads it
    },
    "api": {
        "starlette": ["*"],
        "psycopg": ["*"],
        "psycopg_pool": ["*"],
        "pydantic": ["*"],
        "pydantic_settings": ["settings.py"],
        "typing_extensions": [
            "account_answers.py",
            "answers.py",
            "price_answers.py",
            "result_answers.py",
            "rule_answers.py",
            "admin/*",
        ],  # pydantic wants its TypedDict below Python 3.12
        "jwt": ["tokens.py", "key_sets.py"],
        "prometheus_client": ["prometheus.py"],
        "sse_starlette": ["admin/dashboard.py", "event_stream.py"],
        "sqlalchemy": ["schema.py"],
        "uvicorn": ["cli/*"],
        "typer": ["cli/*"],
        "rich": ["cli/*"],
        "httpx": ["cli/*", "key_sets.py"],
    },
    "alembic": {"sqlalchemy": ["*"], "alembic": ["*"]},
}

LONGEST_MODULE = 300
LONGER = {
    "src/pgqueue/schema.py": "every table of the queue, as it is, in one place",
}
"""Modules that may be longer, and why."""


@dataclass(frozen=True, slots=True)
class Import:
    path: Path
    line: int
    module: str
    names: tuple[str, ...]

    @property
    def package(self) -> str:
        return self.path.relative_to(ROOT).parts[0 if self.path.is_relative_to(ROOT / "alembic") else 1]

    @property
    def top(self) -> str:
        return self.module.split(".")[0]

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.module}"


def modules(package: str) -> list[Path]:
    directory = ROOT / package if package == "alembic" else ROOT / "src" / package
    return sorted(directory.rglob("*.py"))


def imports(path: Path) -> Iterator[Import]:
    """Every import in the file, those inside of functions too; `from a import b` says a.b where that is a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (Import(path, node.lineno, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            assert node.module is not None
            names = [alias.name for alias in node.names]
            submodules = [name for name in names if is_module(f"{node.module}.{name}")]
            yield from (Import(path, node.lineno, f"{node.module}.{name}", ()) for name in submodules)
            if rest := tuple(name for name in names if name not in submodules):
                yield Import(path, node.lineno, node.module, rest)


def is_module(name: str) -> bool:
    path = ROOT / "src" / Path(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def all_imports(package: str) -> list[Import]:
    return [found for path in modules(package) for found in imports(path)]


@pytest.mark.parametrize("package", [*PACKAGES, "alembic"])
def test_packages_import_only_what_they_may_of_ours(package: str) -> None:
    foreign = [
        found
        for found in all_imports(package)
        if found.top in PACKAGES and found.top != package and found.module not in OURS[package]
    ]

    assert [str(found) for found in foreign] == []


def test_only_the_public_names_of_the_queue_are_used_outside_of_it() -> None:
    private = [
        f"{found}: {name}"
        for package in ("engine", "api")
        for found in all_imports(package)
        if found.module == "pgqueue"
        for name in found.names
        if name not in pgqueue.__all__
    ]

    assert private == []


@pytest.mark.parametrize("package", [*PACKAGES, "alembic"])
def test_third_parties_are_used_where_they_belong(package: str) -> None:
    allowed = THIRD_PARTY[package]
    home = ROOT / package if package == "alembic" else ROOT / "src" / package
    misplaced = [
        str(found)
        for found in all_imports(package)
        if found.top not in sys.stdlib_module_names
        and found.top not in PACKAGES
        and not any(matches(found.path.relative_to(home), place) for place in allowed.get(found.top, []))
    ]

    assert misplaced == []


def matches(path: Path, place: str) -> bool:
    return place == "*" or str(path) == place or (place.endswith("/*") and path.parts[0] == place.removesuffix("/*"))


@pytest.mark.parametrize("package", PACKAGES)
def test_arrows_inside_a_package_point_one_way(package: str) -> None:
    graph = {
        name_of(path): {found.module for found in imports(path) if found.top == package} - {name_of(path)}
        for path in modules(package)
    }

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"imports go round: {' <- '.join(error.args[1])}")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("module", ["api.app", "api.cli.serve", "pgqueue.cli", "pgqueue.worker"])
def test_what_computes_nothing_never_loads_the_compiler(module: str) -> None:
    code = f"import sys, {module}; sys.exit('numba' in sys.modules or 'llvmlite' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_command_line_starts_without_what_a_command_may_never_need() -> None:
    code = (
        "import sys, pgqueue.cli; print(*{'alembic', 'numba', 'numpy', 'sqlalchemy', 'starlette'} & sys.modules.keys())"
    )

    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()

    assert loaded == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_that_it_is_typed(package: str) -> None:
    assert (ROOT / "src" / package / "py.typed").is_file()


def test_the_migrations_do_not_shadow_the_migration_tool() -> None:
    assert not list((ROOT / "alembic").rglob("__init__.py"))


def test_no_module_grows_beyond_one_idea_without_a_reason() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for package in PACKAGES
        for path in modules(package)
    }
    long = {name for name, length in lengths.items() if length > LONGEST_MODULE}

    assert long - LONGER.keys() == set()
    assert LONGER.keys() - long == set(), "no longer that long: take the exception back"
