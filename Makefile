# Everything a newcomer needs: `make demo`, `make test`. `make help` lists the rest.
# Needs Python 3.11 or newer and make; the environment is created in .venv on first use.

VENV        ?= .venv
BIN         := $(VENV)/bin
PY          := $(BIN)/python
INSTALLED   := $(VENV)/.installed
EXTRAS      ?= all,dev
# uv needs a fifth of pip's time; pip follows where uv cannot reach what pip's settings name.
INSTALL      = --constraint constraints.txt --editable '.[$(EXTRAS)]'

# The first interpreter that runs and is new enough; override with `make PYTHON=…`.
PYTHON      ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
                 $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
                 && echo $$p && break; done)

# A command that finds no compiled modules spends seconds on compiling them.
unexport PYTHONDONTWRITEBYTECODE

DATASET     ?= sample
DEMO_EPOCHS ?= 40
DEMO_USER   ?= U001
PROCESSED   := data/processed/$(DATASET)

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format types contract check docs mutants torture constraints clean distclean

help:  ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED)  ## Create .venv and install the project into it

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer found: install one, or name it with make PYTHON=/path/to/python" >&2; exit 1; }
	@test -x $(PY) || { echo "Creating $(VENV) with $(PYTHON)"; $(PYTHON) -m venv $(VENV); }
	@echo "Installing into $(VENV) (the first time takes a minute or more)"
	@{ $(PY) -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt uv \
	  && UV_FIND_LINKS="$$($(PY) -m pip config get global.find-links 2>/dev/null)" \
	     $(BIN)/uv pip install --quiet --python $(PY) $(INSTALL); } \
	  || $(PY) -m pip install --quiet --quiet --disable-pip-version-check $(INSTALL)
	@touch $@

demo: $(INSTALLED)  ## Build the sample graph, train on it, recommend ten artists to a listener
	$(PY) -m pipeline build --dataset $(DATASET)
	$(PY) -m recommender.train --data $(PROCESSED) --epochs $(DEMO_EPOCHS)
	$(PY) -m recommender.train --data $(PROCESSED) --model mmss_mkr_g
	$(PY) -m recommender.refit --data $(PROCESSED)
	$(PY) -m recommender.recommend --data $(PROCESSED) --user $(DEMO_USER) --top 10

test: $(INSTALLED)  ## Run the tests
	$(PY) -m pytest -n 2 --dist worksteal

lint: $(INSTALLED)  ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(INSTALLED)  ## Fix what the linter can fix, and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(INSTALLED)  ## Check the types
	$(BIN)/mypy

contract: $(INSTALLED)  ## Check which package may import which
	$(BIN)/lint-imports

check: lint types contract test  ## All of the checks above

docs: $(INSTALLED)  ## Write the documentation as a site to build/site; dead links are errors
	@$(PY) -c 'import mkdocs' 2>/dev/null \
	  || $(PY) -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict  # --quiet would hide warnings from --strict
	@echo "build/site/index.html"

# All of them, or some: make mutants MUTANTS='kg_builder.alignment.select.*'
mutants: $(INSTALLED)  ## Change the code that decides, bit by bit, and see which tests notice
	$(BIN)/mutmut run $(MUTANTS)
	$(BIN)/mutmut results

# A night's attack: make torture TORTURE='--minutes 10 --seed 7'
torture: $(INSTALLED)  ## Kill, crowd, fill up and corrupt the commands that write, for 90 minutes
	$(PY) -m tests.faults.torture $(TORTURE)

constraints: $(INSTALLED)  ## Write the versions installed in .venv to constraints.txt
	@{ sed -n '/^#/p' constraints.txt; \
	   $(PY) -m pip freeze --exclude-editable | grep -v '@' | sed -e 's/+cpu$$//' | LC_ALL=C sort -f; \
	 } > constraints.txt.new && mv constraints.txt.new constraints.txt

clean:  ## Remove caches and build leftovers
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .grimp_cache build dist mutants
	find . -path './$(VENV)' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean  ## Remove the environment and every derived data set as well
	rm -rf $(VENV) .ci/venv *.egg-info
	find data/processed -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} + 2>/dev/null || true
