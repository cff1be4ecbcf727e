# Two commands do everything:  make demo  and  make test.
# Both set up what they need in .venv; nothing outside this folder is touched.

PYTHON ?= python3
BIN    := .venv/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
PARTS  := pyproject.toml constraints.txt $(wildcard plugins/*/pyproject.toml)
NPM    := tests/npm/package.json tests/npm/package-lock.json
LOCAL  := --editable . $(addprefix --editable ,$(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))

# The tests start many processes: each of them would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test lint benchmark soak clean

help:
	@echo "make demo       a server with a sample organization on http://127.0.0.1:8000 (PORT=8001: on that port)"
	@echo "make test       every check there is"
	@echo "make benchmark  how fast, beside a named baseline"
	@echo "make soak       the long searches of which make test runs a small part"
	@echo "make clean      forget the environment and the demo's data"

demo: .venv/.demo
	@exec $(BIN)/together demo$(if $(PORT), --port $(PORT))

test: .venv/.test $(if $(TOGETHER_TEST_COMPLETE),.venv/.complete)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -n auto --dist worksteal

benchmark: .venv/.test
	@$(BIN)/python -m tests.benchmarks.engine
	@$(BIN)/python -m tests.benchmarks.booking
	@$(BIN)/python -m tests.benchmarks.status

soak: .venv/.test
	@TOGETHER_TEST_SOAK=1 $(BIN)/python -m pytest -n auto --dist worksteal tests/domain tests/store tests/services tests/killed tests/storm

clean:
	rm -rf .venv .together

.venv/.made:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "Together needs Python 3.11 or newer, and there is no '$(PYTHON)' here. Install it, or say where it is: make demo PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Together needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Say which one to use: make demo PYTHON=python3.12" >&2; exit 1; }
	@test -w . || { echo "This folder cannot be written to, so no environment can be made in it: $(CURDIR)" >&2; exit 1; }
	@echo "Making the environment in .venv"
	@$(PYTHON) -m venv .venv || { \
	  echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu, install python3-venv." >&2; exit 1; }
	@touch $@

.venv/.demo: .venv/.made $(PARTS)
	@echo "Installing Together (a minute, once)"
	@$(PIP) install --constraint constraints.txt $(LOCAL) || { \
	  echo "The packages could not be installed; the lines above say why. The machine must reach the Python Package Index." >&2; exit 1; }
	@$(BIN)/python -m together.api.graphiql || true
	@touch $@

.venv/.test: .venv/.demo $(PARTS) $(NPM)
	@echo "Installing what the tests need (a minute, once)"
	@$(PIP) install --constraint constraints.txt $(LOCAL) --editable '.[test]' || { \
	  echo "The packages could not be installed; the lines above say why. The machine must reach the Python Package Index." >&2; exit 1; }
	@$(BIN)/python -m together.api.graphiql || true
	@$(BIN)/python -m tests.npm.fetch || true
	@touch $@

.venv/.complete: .venv/.test $(PARTS)
	@echo "Installing Microsoft's client of Graph, which is large (a minute, once)"
	@$(PIP) install --no-compile --constraint constraints.txt --editable '.[complete]' || { \
	  echo "The packages could not be installed; the lines above say why. The machine must reach the Python Package Index." >&2; exit 1; }
	@$(BIN)/python -m tests.npm.fetch
	@touch $@
