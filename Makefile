# Bare `make` prints the list of targets. Each target prepares itself; what is prepared is remembered by stamps in
# .venv, so that a second start installs nothing. The scripts that prepare are in docker/.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Any Python from 3.11 on: make PYTHON=/path/to/python setup
PYTHON ?= python3
export PYTHON
# A config.py in the current directory must not become our package `config`.
export PYTHONSAFEPATH := 1

BIN := .venv/bin

.venv/.system: docker/system.sh
	docker/system.sh run
	mkdir -p .venv && touch $@
.venv/.runtime: requirements.txt pyproject.toml docker/venv.sh | .venv/.system
	docker/venv.sh requirements.txt
	touch .venv/.system $@
.venv/.system-test: docker/system.sh | .venv/.runtime
	docker/system.sh test
	touch $@
.venv/.dev: requirements-dev.txt .venv/.runtime | .venv/.system-test
	docker/venv.sh requirements-dev.txt
	touch $@

# What the pages are drawn with.
ASSETS := portal/static/vendor/fonts.css
$(ASSETS): package-lock.json docker/assets.sh | .venv/.system
	docker/assets.sh

READY := .venv/.runtime $(ASSETS)
READY_TO_TEST := .venv/.dev $(ASSETS)

# Where the gateway finds its configuration; empty: ./herstelpost.toml, else the embedded default.
CONFIG ?=
HERSTELPOST := $(BIN)/herstelpost $(if $(CONFIG),--config $(CONFIG))
# More words for the command: make run ARGS='--only smtp'
ARGS ?=

.PHONY: help setup run demo fast test bench screenshots clean
help:
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do \
	  printf '  make %-12s %s\n' "$$name" "$$text"; done

setup: $(READY) ## install only; the command is then .venv/bin/herstelpost

run: $(READY) ## run the gateway: mail on 127.0.0.1:2525, pages on 127.0.0.1:8080
	@docker/clamd.sh data/clamd
	@exec $(HERSTELPOST) run $(ARGS)

demo: $(READY) ## walk the main job with fictitious requests, real mail and a real upload
	@docker/clamd.sh data/clamd
	@exec $(HERSTELPOST) demo $(ARGS)

fast: $(READY_TO_TEST) ## lint, types, import rules and the quick tests, in under a minute
	@$(MAKE) -j3 --output-sync=target --keep-going _imports _lint _types _quick_core _quick_wire

test: $(READY_TO_TEST) ## everything CI runs, from nothing
	@$(MAKE) -j2 --output-sync=target --keep-going _imports _lint _types
	@$(MAKE) _core _rest

bench: $(READY_TO_TEST) ## measure speed and memory on this machine
	$(BIN)/python tests/bench/run.py $(ARGS)

screenshots: $(READY_TO_TEST) ## take pictures of the pages
	$(BIN)/python tests/e2e/screenshots.py $(ARGS)

clean: ## stop the private clamd and remove what was installed or cached; data/ is kept
	docker/clamd.sh data/clamd stop
	rm -rf .venv node_modules portal/static/vendor data/clamd
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- the parts of fast and test ----
# Left to `make test`: fuzzing, the recorded corpora, the million dates of the oracle, and what starts the whole command
# again and again.
QUICK_CORE := $(wildcard tests/core tests/property tests/architecture) --ignore=tests/property/test_term_oracle.py
QUICK_WIRE := tests/protocol --ignore=tests/protocol/test_smtp_fuzz.py --ignore=tests/protocol/test_smtp_corpus.py
PURE := $(wildcard tests/core tests/property)
# One more at a time than there are processors: a third of a test's time is waiting. In the order of the folders, so that
# the files with few long tests do not come last.
SHARED := --numprocesses=3 --dist=loadfile --no-loadscope-reorder
# In a complete run a missing server is a failure, not a reason to skip.
COMPLETE := HERSTELPOST_REQUIRE_SERVERS=1

.PHONY: _imports _lint _types _quick_core _quick_wire _core _rest
_imports:
	$(BIN)/lint-imports --no-logo
_lint:
	$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet .
_types:
	$(BIN)/mypy
_quick_core:
	$(BIN)/pytest -q $(QUICK_CORE)
_quick_wire:
	$(BIN)/pytest -q $(QUICK_WIRE)
_core:
	$(COMPLETE) $(BIN)/coverage run -m pytest -q $(PURE)
	$(BIN)/coverage report
_rest:
	$(COMPLETE) $(BIN)/pytest -q $(SHARED) $(PURE:%=--ignore=%) tests
