# Everything sets itself up: a fresh machine needs Python 3.11 or newer, and nothing else.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# More than cores: many tests wait for a server, or for its end.
WORKERS ?= 4

# What `make soak` takes from the command line, and hands on as environment variables.
SOAK_CASES ?= 200000
ROUNDS ?= 57
MINUTES ?= 30
SOAK_SETTINGS := SOAK_CASES ROUNDS MINUTES

# The first interpreter that runs and is new enough; PYTHON=... chooses another.
PYTHON ?= $(firstword $(foreach python,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(python) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(python))))

.PHONY: help demo test slow soak bench lint format docs build clean

help:  ## Show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (PYTHON=/path/to/python)." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(READY)

demo: $(READY)  ## Practise a week on a throwaway PostgreSQL
	@$(BIN)/triosigno-db demo $(ARGS)

test: $(READY)  ## Run the tests on throwaway PostgreSQL servers
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m 'not slow and not soak' $(ARGS)

slow: $(READY)  ## Run the long tests: plans on large tables
	$(BIN)/python -m pytest -m 'slow and not soak' $(ARGS)

soak: $(READY)  ## Run for long: faults, load, hostile calls (ROUNDS, MINUTES, SOAK_CASES, WHAT=tests/faults)
	$(foreach name,$(SOAK_SETTINGS),$(name)='$($(name))') \
		$(BIN)/python -m pytest -m soak -s $(WHAT) $(ARGS)
	$(BIN)/python -m tests.faults.report

bench: $(READY)  ## Measure everything that is promised, or one thing (WHAT=load, growth, summary_index, coroutines, isolation, imports)
	$(BIN)/python -m tests.benchmarks$(if $(WHAT),.$(WHAT)) $(ARGS)
ifndef WHAT
	$(BIN)/python -m tests.benchmarks.load
	$(BIN)/python -m tests.benchmarks.growth
endif

lint: $(READY)  ## Check style, types and floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/audit_dependencies.py
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml

format: $(READY)  ## Write the code in the house's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY)  ## Build the documentation's site into build/docs; every warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

build: $(READY)  ## Build the distributions into dist/, and check them
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*

clean:  ## Remove everything that was made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
