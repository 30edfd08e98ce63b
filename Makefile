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

.PHONY: help setup
help:
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
	  printf '  make %-12s %s\n' "$$name" "$$text"; done

setup: .venv/.runtime ## install only; the command is then .venv/bin/herstelpost
