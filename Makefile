# Every target sets up what it needs: a fresh machine needs Python 3.11 or newer, and nothing else.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# More than cores: many tests wait for a server, or for its end.
WORKERS ?= 4

# What `make soak` takes from the command line and passes on as environment variables.
SOAK_CASES ?= 200000
SOAK_SEQUENCES ?= 500
ROUNDS ?= 57
MINUTES ?= 30
HISTORIES ?= 100
SOAK_SETTINGS := SOAK_CASES SOAK_SEQUENCES ROUNDS MINUTES HISTORIES

# How many changes of the code `make mutants` tries, in how many processes; SEED draws them again.
MUTANTS ?= 200
JOBS ?= 2

# The lowest versions that pyproject.toml declares, on the oldest Python.
LOWEST := .venv-lowest
OLDEST_PYTHON ?= $(firstword $(foreach python,python3.11 python3,\
	$(shell $(python) -c 'import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
		&& echo $(python))))

# The first interpreter that runs and is new enough; PYTHON=... chooses another.
PYTHON ?= $(firstword $(foreach python,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(python) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(python))))

# PG=13 or PG=/opt/pgsql chooses the server of the tests; a version is fetched where it can be.
PG ?=
CHOOSE_SERVER = $(if $(PG),server=$$($(BIN)/python -m tools.fetch_postgres $(PG)) && TRIOSIGNO_POSTGRES="$$server")

# What depends on the server's version, for `make matrix`; and on other packages, for `make lowest`.
CORE := $(addprefix tests/,schema models repositories migrator compatibility doctor roles packs)
CONNECTIONS := $(addprefix tests/database/test_,pool.py transactions.py transactions_run_again.py)
EXTRAS := $(addprefix tests/,aio cli database integrations records services studio)

.PHONY: help setup demo database test matrix lowest slow soak mutants needs bench lint format docs build clean

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (PYTHON=/path/to/python)." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(READY)

$(LOWEST)/.ready: pyproject.toml | $(READY)
	@test -n "$(OLDEST_PYTHON)" || { echo "Python 3.11 is needed (OLDEST_PYTHON=/path/to/python)." >&2; exit 1; }
	$(OLDEST_PYTHON) -m venv --clear $(LOWEST)
	$(BIN)/python -m tools.lowest_versions >$(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --quiet --constraint $(LOWEST)/constraints.txt --editable '.[dev]'
	@touch $@

setup: $(READY)  ## Create the environment in .venv, and install the Git hooks
	@if git rev-parse --git-dir >/dev/null 2>&1; then $(BIN)/pre-commit install; fi

demo: $(READY)  ## Let a learner practise for a week on a throwaway PostgreSQL
	@$(BIN)/triosigno-db demo $(ARGS)

database: $(READY)  ## Start a throwaway PostgreSQL with the shipped history, for work on the models
	@$(BIN)/python -m tools.start_database

test: $(READY)  ## Run the tests on throwaway PostgreSQL servers (PG=13, PG=/opt/pgsql)
	$(CHOOSE_SERVER) $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m 'not slow and not soak' $(ARGS)

matrix: $(READY)  ## Run the tests that depend on the server on each version from 13 to 18 but that of `make test`
	@versions=$$($(BIN)/python -m tools.fetch_postgres --others) || exit 1; failed=; \
	for version in $$versions; do \
		$(MAKE) --no-print-directory test PG=$$version ARGS='$(CORE) $(CONNECTIONS) $(ARGS)' || failed="$$failed $$version"; \
	done; \
	test -z "$$failed" || { echo "Failed on PostgreSQL$$failed" >&2; exit 1; }

lowest: $(LOWEST)/.ready  ## Run the tests of the core and of the extras on the lowest declared versions
	PATH="$(abspath $(LOWEST))/bin:$$PATH" $(LOWEST)/bin/python -m pytest -n $(WORKERS) --dist loadgroup \
		-m 'not slow and not soak' $(CORE) $(EXTRAS) $(ARGS)

slow: $(READY)  ## Run the long tests: query plans on large tables, installed packages
	$(CHOOSE_SERVER) $(BIN)/python -m pytest -m 'slow and not soak' -o faulthandler_timeout=5400 $(ARGS)

soak: $(READY)  ## Run the endurance tests: faults, load, hostile calls (ROUNDS, MINUTES, SOAK_CASES, SOAK_SEQUENCES, HISTORIES, WHAT=tests/faults)
	$(foreach name,$(SOAK_SETTINGS),$(name)='$($(name))') \
		$(BIN)/python -m pytest -m soak -s -o faulthandler_timeout=0 $(WHAT) $(ARGS)
	$(BIN)/python -m tests.faults.report

mutants: $(READY)  ## Change the code in MUTANTS=200 places, and see whether the tests notice (SEED, JOBS)
	$(BIN)/python -m tests.mutants $(if $(SEED),--seed $(SEED)) --mutants $(MUTANTS) --jobs $(JOBS) $(ARGS)

needs: $(READY)  ## Write what each function needs of the tables, for `triosigno-db check`
	$(BIN)/python -m tests.compatibility

bench: $(READY)  ## Run all benchmarks, or one (WHAT=load, growth, summary_index, coroutines, isolation, imports)
	$(BIN)/python -m tests.benchmarks$(if $(WHAT),.$(WHAT)) $(ARGS)
ifndef WHAT
	$(BIN)/python -m tests.benchmarks.load
	$(BIN)/python -m tests.benchmarks.growth
endif

lint: $(READY)  ## Check style, types, layers, the public API and dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/draw_architecture.py --check
	$(BIN)/python tools/check_api.py
	$(BIN)/python tools/audit_dependencies.py
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms \
		.github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/feature.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml

format: $(READY)  ## Fix style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY)  ## Build the documentation into build/docs; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

build: $(READY)  ## Build the distributions into dist/ and check them
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*

clean:  ## Remove the environment, caches and built files
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .mutants .postgres $(LOWEST)
