# Everything there is to do here, one line each. `make` alone lists it.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help env demo up test pages faults check format test-pg15 bench-env bench-quick parity screenshots lock clean

# Compiled modules are kept: without them every child process compiles them again when it starts.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header
LOCK_OPTIONS ?=
# Among as many processes as there are processors; a file stays in one, for what its tests share.
DIVIDED := -n auto --dist loadfile
NPM_LOCK_OPTIONS := --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error
NPM_FILES := $(addprefix requirements/npm/,package.json package-lock.json .npmrc hatch_build.py)

help:  ## List what there is to do
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

env: .venv/installed  ## Make .venv from the pinned, hashed requirements (needs Python >= 3.11)
	@:

demo: env  ## Run a real backtest through every layer and show it
	@$(BIN)/pgqueue demo

up: env  ## The same stack, to work against; ends with Ctrl-C
	@$(BIN)/pgqueue up

test: env  ## All tests, on a PostgreSQL of their own or on the one DATABASE_URL names
	@$(BIN)/python -m pytest $(DIVIDED)

pages: env  ## All tests of the pages in a real Chromium, also those that `make test` leaves out (13 minutes)
	@$(BIN)/python -m pytest $(DIVIDED) -m "" tests/e2e

faults: env  ## Kill, cut, stop and refuse whatever there is, and see that no job is lost or done twice (4 minutes)
	@$(BIN)/python -m pytest -m "" -vv --durations=0 --durations-min=1 tests/faults

check: env  ## Format, lint, types, imports between packages, schema against migrations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy src tests bench alembic requirements
	@$(BIN)/python -m pytest --quiet tests/test_architecture.py tests/pgqueue/test_schema.py

format: env  ## Put the code in order
	@$(BIN)/ruff check --fix-only --quiet . && $(BIN)/ruff format .

test-pg15: env  ## All tests against an installed PostgreSQL 15
	@.ci/with-postgres 15 $(BIN)/python -m pytest

bench-env: .venv-bench/installed  ## Make .venv-bench: the same, with the peers that benches compare to
	@:

bench-quick: env  ## Ask the main question of the benches, in about a minute
	@$(BIN)/python -m bench.end_to_end --quick

parity: bench-env  ## Hold the engine against vectorbt and backtesting.py, empyrical and quantstats, and TA-Lib (4 minutes)
	@.venv-bench/bin/python -W ignore -m bench.parity
	@.venv-bench/bin/python -W ignore -m bench.metric_parity
	@.venv-bench/bin/python -m bench.indicator_accuracy

screenshots: env  ## Make the pictures of the documentation from the running product
	@$(BIN)/python docs/screenshots.py

lock: env  ## Pin the requirements anew, Python's and npm's (LOCK_OPTIONS=--upgrade for newer ones)
	@$(LOCK) $(LOCK_OPTIONS) pyproject.toml --output-file requirements/runtime.txt
	@$(LOCK) $(LOCK_OPTIONS) pyproject.toml --group dev --constraint requirements/runtime.txt --output-file requirements/dev.txt
	@$(LOCK) $(LOCK_OPTIONS) pyproject.toml --group dev --group bench --constraint requirements/dev.txt --output-file requirements/bench.txt
	@$(BIN)/npm --prefix requirements/npm $(if $(findstring --upgrade,$(LOCK_OPTIONS)),update,install) $(NPM_LOCK_OPTIONS)
	@$(BIN)/python -c 'import json, pathlib; lock = pathlib.Path("requirements/npm/package-lock.json"); all = json.loads(lock.read_text()); [one.pop("funding", None) for one in all["packages"].values()]; lock.write_text(json.dumps(all, indent=2) + "\n")'  # no addresses in it

clean:  ## Remove what was made here, the data of the embedded server not included
	@rm -rf .venv .venv-bench .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist src/api/pages/vendor && find src tests bench alembic -name __pycache__ -prune -exec rm -rf {} +

.venv/installed .venv-bench/installed: %/installed: pyproject.toml Makefile .ci/make-env $(NPM_FILES)
.venv/installed: requirements/dev.txt src/api/pages/vendor/lock.sha256
	@.ci/make-env .venv requirements/dev.txt
.venv-bench/installed: requirements/bench.txt
	@.ci/make-env .venv-bench requirements/bench.txt
# Where it is missing the environment is brought up to date, and it with it.
src/api/pages/vendor/lock.sha256: ;
