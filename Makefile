# The commands of this project, for people and for CI. `make` lists them.
PYTHON ?= python3
BIN := .venv/bin
# Packages are pinned with hashes in requirements*.lock and installed with hash checking. The stamps make a second `make` instant.
RUN_STAMP := .venv/.installed
DEV_STAMP := .venv/.installed-dev
OUTBOX_STAMP := .venv/.installed-outbox
PEERS := ministack moto sam schemathesis
# Clients: locked as the peers are, installed by `make clients` only.
CLIENTS := celery powertools
SEED ?=
CALLS ?=
HOURS ?=
ONLY ?=
MINUTES ?=
RATE ?=
UPGRADE ?=
TARGET ?=
YES ?=
CLEAN ?=
PIP_INSTALL := $(BIN)/pip install -q --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.10 --no-header --generate-hashes $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.PHONY: help setup setup-outbox run test test-long test-aws peers lint format bench bench-slow-disk bench-million bench-console accessibility cost crash outbox-chaos bench-outbox bench-intake bench-export intake-kills drill-outage power-cuts simulate neighbours long-life soak clients fuzz stalls memory screenshots lock clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-16s %s\n", $$1, $$2}'

setup: $(RUN_STAMP) ## Install the project into .venv only

setup-outbox: $(OUTBOX_STAMP) ## Install what `orders relay` needs too: SQLAlchemy and the database drivers

run: $(RUN_STAMP) ## Start onebox, deploy, publish real orders and three invalid ones, show the results
	@$(BIN)/orders demo

test: $(DEV_STAMP) peers ## Run the tests (about 8 minutes on 2 cores)
	$(BIN)/pytest -n 3 -m "not slow"

test-long: $(DEV_STAMP) peers ## Run the long suites too, and ten times as many examples of each rule
	$(BIN)/pytest --hypothesis-profile=deep

test-aws: $(DEV_STAMP) ## Run the tests of AWS's behaviour on AWS or on an endpoint (TARGET=aws|URL, ONLY=, YES=1, CLEAN=1)
	@$(BIN)/python -m tests.aws "$(TARGET)" $(if $(ONLY),--only "$(ONLY)") $(if $(YES),--yes) $(if $(CLEAN),--clean)

peers: $(DEV_STAMP) ## Install the third-party emulators and tools for the tests: moto, MiniStack, SAM, Schemathesis
	@$(BIN)/python -m tests.peers.environments

lint: $(DEV_STAMP) ## Check style, types and the template
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/cfn-lint template.yaml

format: $(DEV_STAMP) ## Format the code and fix its style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV_STAMP) ## Measure onebox against MiniStack, dynalite and moto (ONLY="ours growth" chooses parts)
	$(BIN)/python -m tests.bench $(if $(ONLY),--only $(ONLY))

bench-slow-disk: $(DEV_STAMP) ## Measure onebox on disks that sync in 0.2 and in 5 ms (Linux, needs a C compiler)
	$(BIN)/python -m tests.bench.slow_disk

bench-million: $(DEV_STAMP) ## Measure onebox with a million orders stored: start, memory, rate with and without page cache
	$(BIN)/python -m tests.bench.million

bench-console: $(DEV_STAMP) ## Measure the console: first paint, cost of open pages (needs the package chromium)
	$(BIN)/python -m tests.bench.console

accessibility: $(DEV_STAMP) ## Run axe-core on every page and state of the console, in both themes, at four widths
	$(BIN)/pytest -q tests/browser/test_accessibility.py

cost: $(DEV_STAMP) ## Measure calls, CPU time and cost of a million orders, the seed's code against ours
	$(BIN)/python -m tests.bench.cost
	$(BIN)/python -m tests.bench.options
	$(BIN)/python -m tests.bench.option_table

crash: $(DEV_STAMP) ## Kill onebox at 30 random moments under load (SEED=n repeats a run)
	$(BIN)/python -m tests.crash.kill_under_load $(if $(SEED),--seed $(SEED))

intake-kills: $(DEV_STAMP) ## Kill onebox at 20 random moments while orders come in over HTTP (SEED=n repeats a run)
	$(BIN)/python -m tests.crash.kill_with_intake $(if $(SEED),--seed $(SEED))

drill-outage: $(DEV_STAMP) ## Take the table away for five minutes while real orders flow (MINUTES=n)
	$(BIN)/python -m tests.crash.outage $(if $(MINUTES),--minutes $(MINUTES))

power-cuts: $(DEV_STAMP) ## Cut the power at 200 random moments around deploys and load (SEED=n repeats a run)
	$(BIN)/python -m tests.crash.power_cuts $(if $(SEED),--seed $(SEED))

simulate: $(DEV_STAMP) ## Simulate onebox with faults, seed after seed (SEED=n starts there, HOURS=n)
	$(BIN)/python -m tests.simulator $(if $(SEED),--seed $(SEED)) $(if $(HOURS),--hours $(HOURS))

neighbours: $(DEV_STAMP) ## Measure what clients wait beside foreign readers and writers, backups and large deletions
	$(BIN)/python -m tests.neighbours

long-life: $(DEV_STAMP) ## Call a function 200,000 times (CALLS=n) and print what grows
	$(BIN)/python -m tests.long_life $(if $(CALLS),--calls $(CALLS))

soak: $(DEV_STAMP) ## Run real orders at half of the capacity for an hour: exact ledger, no growth (MINUTES=, RATE=, SEED=)
	$(BIN)/python -m tests.soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(RATE),--rate $(RATE)) $(if $(SEED),--seed $(SEED))

outbox-chaos: $(DEV_STAMP) ## Kill relays, database and onebox 20 times while a shop writes (DATABASE=, SEED=, FILE=)
	$(BIN)/python -m tests.outbox.chaos $(if $(DATABASE),--database $(DATABASE)) $(if $(SEED),--seed $(SEED)) $(if $(FILE),--file $(FILE))

bench-outbox: $(DEV_STAMP) ## Measure rows/s and commit-to-readable of `orders relay` on each database (DATABASE=)
	$(BIN)/python -m tests.outbox.bench $(if $(DATABASE),--database $(DATABASE))

bench-intake: $(DEV_STAMP) ## Measure requests/s and latencies of the intake over HTTP
	$(BIN)/python -m tests.bench.intake

bench-export: $(DEV_STAMP) ## Measure memory and time of `orders export` for 200,000 orders (Parquet with pyarrow)
	$(BIN)/python -m tests.bench.export

clients: $(DEV_STAMP) ## Run Terraform, CDK, Serverless, SDKs, Celery against onebox; a tool that is missing is skipped
	$(BIN)/pytest -rs tests/clients

fuzz: $(DEV_STAMP) ## Send 200,000 valid and hostile requests of all operations (SEED=n repeats a run)
	$(BIN)/python -m tests.fuzz $(if $(SEED),--seed $(SEED))

stalls: $(DEV_STAMP) ## Send hostile requests and measure how long another client waits
	$(BIN)/python -m tests.stalls

memory: $(DEV_STAMP) ## Measure the memory that clients take who read nothing, or send nothing to its end
	$(BIN)/python -m tests.stalls.memory

screenshots: $(DEV_STAMP) ## Update the screenshots of docs/console.md (needs the package chromium)
	$(BIN)/python -m tests.browser.screenshots

lock: $(DEV_STAMP) ## Update the lock files, with hashes (UPGRADE=1 selects the newest versions)
	$(COMPILE) --group build pyproject.toml -o requirements.lock
	$(COMPILE) --group build --extra outbox -c requirements.lock pyproject.toml -o requirements-outbox.lock
	$(COMPILE) --group build --extra outbox --extra dev -c requirements-outbox.lock pyproject.toml -o requirements-dev.lock
	for name in $(PEERS) $(CLIENTS); do \
		$(COMPILE) tests/peers/requirements/$$name.in -o tests/peers/requirements/$$name.lock || exit 1; done

clean: ## Remove everything that the other commands created
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis src/*.egg-info .peers .clients .aws-sam

$(RUN_STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "This needs Python 3.10 or newer; set it with: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv"
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src  # so that the first start is as quick as every other
	@touch $@

$(OUTBOX_STAMP): $(RUN_STAMP) requirements-outbox.lock
	@echo "Installing SQLAlchemy and the database drivers into .venv"
	@$(PIP_INSTALL) --require-hashes -r requirements-outbox.lock
	@touch $@

$(DEV_STAMP): $(RUN_STAMP) requirements-dev.lock
	@echo "Installing the development tools into .venv"
	@$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@
