# make help lists what there is. Everything is set up on first use, in .venv; PYTHON chooses the interpreter.
PYTHON ?= python3
VENV ?= .venv
SDKS_VENV ?= .venv-sdks
CLIENTS_VENV ?= .venv-clients
IMAGE_VENV ?= /opt/audio-router
BIN := $(VENV)/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

# ------------------------------------------------------------------ setting up

.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 run"; exit 1; }

$(BIN)/python: | python
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python $(PIP_INSTALL) --editable '.[local]'
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(BIN)/python $(PIP_INSTALL) --editable '.[local,test]'
	@touch $@

$(VENV)/.check: $(VENV)/.test
	$(BIN)/python $(PIP_INSTALL) --editable '.[local,test,check]'
	@touch $@

$(VENV)/.bench: $(VENV)/.test
	$(BIN)/python $(PIP_INSTALL) --editable '.[local,test,bench]'
	@touch $@

$(SDKS_VENV)/.sdks: pyproject.toml constraints.txt | python
	$(PYTHON) -m venv $(SDKS_VENV)
	$(SDKS_VENV)/bin/python $(PIP_INSTALL) --editable '.[local,test,sdks]'
	@touch $@

$(CLIENTS_VENV)/.clients: pyproject.toml constraints.txt $(addprefix tests/clients/,constraints.txt node/package.json) | python
	$(PYTHON) -m venv $(CLIENTS_VENV)
	$(CLIENTS_VENV)/bin/python $(PIP_INSTALL) --constraint tests/clients/constraints.txt --editable '.[local,test,clients]'
	$(CLIENTS_VENV)/bin/npm install --prefix tests/clients/node --ignore-scripts --no-package-lock --no-audit --no-fund --silent
	@touch $@

# ------------------------------------------------------------------ using

.PHONY: run
run: $(VENV)/.run ## Set up and serve on 127.0.0.1:8080; ARGS="--port 9000" for another; no key: embedded engines
	@$(BIN)/audio-router serve $(ARGS)

.PHONY: docs
docs: $(VENV)/.run ## Write docs/VENDORS.md from the vendor files
	$(BIN)/python docs/generate.py

# ------------------------------------------------------------------ proving

.PHONY: test
test: $(VENV)/.test ## Set up and run the tests (no network, no root)
	$(BIN)/python -m pytest --numprocesses 4 # twice what two cores have: many tests wait

.PHONY: test-sdks
test-sdks: $(SDKS_VENV)/.sdks ## Prove the vendor files against the vendors' official SDKs
	TEST_SDKS=1 $(SDKS_VENV)/bin/python -m pytest tests/sdks

.PHONY: test-clients
test-clients: $(CLIENTS_VENV)/.clients ## Let the clients that people use call the router
	TEST_CLIENTS=1 $(CLIENTS_VENV)/bin/python -m pytest tests/clients --numprocesses auto --maxprocesses 4

.PHONY: test-load
test-load: $(VENV)/.test ## Chaos, memory, fuzz: minutes of calls to a router in a process of its own
	TEST_LOAD=1 $(BIN)/python -m pytest tests/load -s

.PHONY: test-image
test-image: $(VENV)/.test ## Run each RUN step of the Dockerfile, and the server that comes of it
	TEST_IMAGE=1 $(BIN)/python -m pytest tests/image

.PHONY: simulate
simulate: $(VENV)/.bench ## Route a simulated day by every rule, a million calls each, and write docs/ROUTING.md
	$(BIN)/python -m bench.simulate --write docs $(ARGS)

.PHONY: bench
bench: $(VENV)/.bench ## Measure the router beside a bare pass-through, nginx and LiteLLM (LITELLM=its command); writes docs/PERFORMANCE.md
	$(BIN)/python -m bench.speed --write docs $(ARGS)
	$(BIN)/python -m bench.inside --write docs

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
	rm -rf $(VENV) $(SDKS_VENV) $(CLIENTS_VENV) tests/clients/node/node_modules dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# ------------------------------------------------------------------ packing

.PHONY: image-venv
image-venv: python # what the image holds: the router and its engines, without pip
	$(PYTHON) -m venv --without-pip $(IMAGE_VENV)
	$(PYTHON) -m pip --python $(IMAGE_VENV)/bin/python install --quiet --disable-pip-version-check --no-cache-dir \
		--constraint constraints.txt '.[local]'
	mkdir -p $(IMAGE_VENV)/state # empty: where tasks will be kept

.PHONY: image
image: ## Build the container image (needs a Docker engine)
	docker build --tag audio-router .
