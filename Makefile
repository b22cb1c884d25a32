# A thin face over bootstrap.py, which makes .venv and does nothing when it is up to date.

PYTHON ?= python3
RUN := .venv/bin/python

# What a program compiles, the next need not compile again: half of what a command takes to start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo demo-day demo-reset test test-long simulate mutants check format bench lock clean ready-dev ready-server

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ready-server ## run the demo district Haizhou on this machine; ONCE=1 plays it through and leaves
	$(RUN) -m server.demo $(if $(ONCE),--once)

demo-day: ready-server ## play a whole day in Haizhou, from the morning's plan to the evening's report; ONCE=1 leaves
	$(RUN) -m server.demo --day --folder gridward-demo-day $(if $(ONCE),--once)

demo-reset: ready-server ## forget everything the demo has kept
	$(RUN) -m server.demo --reset
	$(RUN) -m server.demo --folder gridward-demo-day --reset

test: ready-dev ## run every test but the long ones, on SQLite and on a real PostgreSQL
	$(RUN) -m pytest -n 2 --dist loadgroup

test-long: ready-dev ## run the long ones: simulations, clusters, real installs
	$(RUN) -m pytest -m long

SEEDS ?= 1-10000

simulate: ready-dev ## play many seeds of the simulator; SEEDS=1-500 for fewer
	$(RUN) -m tests.simulation --seeds $(SEEDS) --jobs 2

mutants: ready-dev ## plant bugs, one after the other, and see the simulator find each
	$(RUN) -m tests.simulation --mutants --jobs 2

check: ready-dev ## lint, format, types, the direction of every import, and what every conflict rule claims
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m pytest -q tests/test_import_directions.py
	$(RUN) -m server.commands rules lint

format: ready-dev ## put every file into the one format, and fix what can be fixed safely
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

bench: ready-dev ## measure the budgets
	$(RUN) -m tests.benchmarks

# UPGRADE=1 takes the newest versions allowed; without it pins move only where pyproject.toml demands it.
# dev.txt is resolved first and binds the others, so that all of them name one version of a package.
PIN := $(RUN) -m uv pip compile --quiet --system-certs --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links
ALL := $(addprefix --extra ,server zstd sealed) $(addprefix --group ,test tools build installer)
BOUND := --constraint requirements/dev.txt

lock: ready-dev ## pin every package again from pyproject.toml; UPGRADE=1 takes newer versions
	$(PIN) $(if $(UPGRADE),--upgrade) pyproject.toml $(ALL) -o requirements/dev.txt
	$(PIN) $(BOUND) pyproject.toml --extra zstd -o requirements/client.txt
	$(PIN) $(BOUND) pyproject.toml --extra zstd --extra sealed -o requirements/sealed.txt
	$(PIN) $(BOUND) pyproject.toml --extra server -o requirements/server.txt
	$(PIN) $(BOUND) --group build -o requirements/build.txt
	$(PIN) $(BOUND) --group installer -o requirements/uv.txt
	@! grep -nE '^--|^[^#]*://' requirements/*.txt || (echo "a requirements file names a place to fetch from" && false)

clean: ## remove .venv, caches and build products
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

ready-dev:
	@$(PYTHON) bootstrap.py dev

ready-server:
	@$(PYTHON) bootstrap.py server
