# make run    the server with example data, on embedded PostgreSQL and Redis
# make test   everything passes, browser included
# Both set up all they need below .venv, web/node_modules and .cache.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(shell find web -name node_modules -prune -o -type f -print 2>/dev/null)

.PHONY: help install run test lint bench soak clean

help:
	@sed -n 's/^# make/make/p' Makefile

install: $(VENV)/installed server/page/index.html

# Python: the first of these that is 3.11 or newer and can make an environment; PYTHON=… chooses another.
$(VENV)/installed: requirements.lock pyproject.toml
	@python=
	for candidate in $${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
	  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
	    python=$$candidate; break
	  fi
	done
	if [ -z "$$python" ]; then
	  echo "Casewire needs Python 3.11 or newer that can make environments (on Debian: apt-get install python3-venv)." >&2
	  exit 1
	fi
	echo "Installing for $$("$$python" --version) in $(VENV)"
	[ -x $(BIN)/python ] || "$$python" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# Node: the machine's if it is new enough for Vite, else the one that comes as a Python package.
web/node_modules/.package-lock.json: web/package-lock.json $(VENV)/installed
	@export PATH="$(CURDIR)/$(BIN):$$PATH"
	if ! { npm --version && node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)'; } >/dev/null 2>&1; then
	  echo "Installing Node.js in $(VENV)"
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-node.lock
	fi
	cd web && npm ci --no-fund --no-audit --loglevel=error

server/page/index.html: web/node_modules/.package-lock.json $(SOURCES)
	@echo "Building the page"
	export PATH="$(CURDIR)/$(BIN):$$PATH"
	cd web && npm run --silent build
	touch ../server/page/index.html

run: install
	@exec $(BIN)/casewire demo

test: install
	@export PATH="$(CURDIR)/$(BIN):$$PATH"
	(cd web && npm test --silent)
	CHROMIUM="$$($(BIN)/python -m tests.ground.chromium)" $(BIN)/python -m pytest

lint: install
	@export PATH="$(CURDIR)/$(BIN):$$PATH"
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	cd web && npm run --silent check

clean:
	rm -rf $(VENV) .cache web/node_modules server/page .mypy_cache .ruff_cache .pytest_cache .hypothesis
