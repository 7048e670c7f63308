# make help lists what there is. Everything is set up on first use, in .venv; PYTHON chooses the interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) --editable '.[local]'
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(PIP) --editable '.[local,test]'
	@touch $@

$(VENV)/.check: $(VENV)/.test
	$(PIP) --editable '.[local,test,check]'
	@touch $@

.PHONY: run
run: $(VENV)/.run ## Set up and serve on 127.0.0.1:8080 with the embedded default
	$(BIN)/audio-router serve

.PHONY: test
test: $(VENV)/.test ## Set up and run the tests
	$(BIN)/python -m pytest

.PHONY: check
check: $(VENV)/.check ## Format, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: $(VENV)/.check ## Rewrite the code in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: clean
clean: ## Remove what the targets made
	rm -rf .venv .venv-* dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
