# Chores. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
HOSTS ?= 24
ARGS ?=
BIN := .venv/bin
export MUSTER_ZONE_CACHE ?= $(CURDIR)/.cache/zones

help: ## list the chores
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.runtime: requirements/runtime.txt scripts/setup
	@scripts/setup runtime

.venv/.dev: requirements/dev.txt scripts/setup
	@scripts/setup dev

setup: .venv/.dev ## make the virtual environment with everything for development, and compile the search
	@$(BIN)/python -m scheduler.search

demo: .venv/.runtime ## run a whole campaign against real SSH hosts on this machine (HOSTS=24)
	@$(BIN)/muster demo --hosts $(HOSTS)

test: .venv/.dev ## install what is needed and run the whole test suite
	@scripts/test-system
	@$(BIN)/python -m pytest $(ARGS)

test-slow: .venv/.dev ## the tests that take minutes
	@$(BIN)/python -m pytest -m slow --timeout 3600 $(ARGS)

lint: .venv/.dev ## ruff and the import contract
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: .venv/.dev ## mypy, strict
	@$(BIN)/mypy .

format: .venv/.dev ## put the code in form
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: .venv/.dev ## the push benchmark beside its peers (needs root; ARGS="--hosts 50")
	@$(BIN)/python -m benchmarks.push $(ARGS)

lock: .venv/.dev ## pin the dependencies anew
	@scripts/lock

clean: ## remove the environment and every cache
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache demo

.PHONY: help setup demo test test-slow lint types format bench lock clean
