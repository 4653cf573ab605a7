# Every target sets up what it needs: a fresh machine needs Python 3.11 or newer, and nothing else.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# More than cores: many tests wait for a server, or for its end.
WORKERS ?= 4

# What `make soak` takes from the command line and passes on as environment variables.
SOAK_CASES ?= 200000
ROUNDS ?= 57
MINUTES ?= 30
SOAK_SETTINGS := SOAK_CASES ROUNDS MINUTES

# How many changes of the code `make mutants` tries, in how many processes; SEED draws them again.
MUTANTS ?= 200
JOBS ?= 2

# The first interpreter that runs and is new enough; PYTHON=... chooses another.
PYTHON ?= $(firstword $(foreach python,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(python) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(python))))

.PHONY: help setup demo database test slow soak mutants bench lint format docs build clean

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (PYTHON=/path/to/python)." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(READY)

setup: $(READY)  ## Create the environment in .venv, and install the Git hooks
	@if git rev-parse --git-dir >/dev/null 2>&1; then $(BIN)/pre-commit install; fi

demo: $(READY)  ## Let a learner practise for a week on a throwaway PostgreSQL
	@$(BIN)/triosigno-db demo $(ARGS)

database: $(READY)  ## Start a throwaway PostgreSQL with the shipped history, for work on the models
	@$(BIN)/python -m tools.start_database

test: $(READY)  ## Run the tests on throwaway PostgreSQL servers
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m 'not slow and not soak' $(ARGS)

slow: $(READY)  ## Run the long tests: query plans on large tables, installed packages
	$(BIN)/python -m pytest -m 'slow and not soak' $(ARGS)

soak: $(READY)  ## Run the endurance tests: faults, load, hostile calls (ROUNDS, MINUTES, SOAK_CASES, WHAT=tests/faults)
	$(foreach name,$(SOAK_SETTINGS),$(name)='$($(name))') \
		$(BIN)/python -m pytest -m soak -s $(WHAT) $(ARGS)
	$(BIN)/python -m tests.faults.report

mutants: $(READY)  ## Change the code in MUTANTS=200 places, and see whether the tests notice (SEED, JOBS)
	$(BIN)/python -m tests.mutants $(if $(SEED),--seed $(SEED)) --mutants $(MUTANTS) --jobs $(JOBS) $(ARGS)

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
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .mutants
