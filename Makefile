# The virtual environment is made from PYTHON, in VENV.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The lock files hold for all systems and all supported versions of Python, and name no package index.
LOCK := build/lock/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
  --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

.DEFAULT_GOAL := help
.PHONY: help install lock demo dev test soak lint fix check docs bench sizes million profiles pictures clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

install: $(VENV)/.installed ## make .venv with the versions of requirements-test.lock in it

lock: ## write the lock files after a change of pyproject.toml; UPGRADE=--upgrade takes the latest versions
	@$(PYTHON) -m venv build/lock
	@build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	@$(LOCK) $(UPGRADE) --output-file requirements.lock pyproject.toml
	@$(LOCK) $(UPGRADE) --constraints requirements.lock --extra test --output-file requirements-test.lock pyproject.toml

demo: install ## show what Relink does, a minute or two the first time; STAY=1 keeps it running to look at its console
	@$(BIN)/relink demo $(if $(STAY),--stay)

dev: export PORT ?= 8080
dev: install ## serve on PORT (8080) with examples in the store, and again whenever the code changes
	@$(BIN)/python -m examples.dev

test: install ## run the tests, two processes for each core
	@echo "Running the tests, which takes about 8 minutes on 2 cores"
	@$(BIN)/python -m pytest -n auto --dist worksteal

soak: export RELINK_TEST_SOAK = 1
soak: export RELINK_TEST_KILLS ?= 100
soak: export RELINK_TEST_FAULTS ?= 100000
soak: export RELINK_TEST_REQUESTS ?= 20000
soak: export RELINK_TEST_MUTATIONS ?= 100000
soak: export RELINK_TEST_INSTANCES ?= 10000
soak: export RELINK_TEST_EXAMPLES ?= 400
soak: install ## run the long tests: slow clients, hostile requests, kills, a full disk, a database that hangs, a power cut
	@$(BIN)/python -m pytest -rA --show-capture=no tests/soak tests/access tests/server \
	  tests/commands/test_database.py tests/commands/test_dead_runs.py tests/commands/test_embedded.py \
	  tests/commands/test_hanging_database.py tests/commands/test_kills.py tests/commands/test_serve.py \
	  tests/commands/test_serve_uploads.py tests/commands/test_session_settings.py \
	  tests/commands/test_shared_embedded.py tests/commands/test_tasks_of_a_worker.py \
	  tests/commands/test_worker.py tests/database/test_embedded.py tests/graphql/test_any_request.py \
	  tests/graphql/test_hidden_slots.py tests/graphql/test_response_size.py tests/identity/test_audit.py \
	  tests/identity/test_passwords.py tests/identity/test_proxies.py tests/identity/test_throttling.py \
	  tests/nodes/importing/test_side_by_side.py tests/nodes/test_deletion.py tests/runs/test_upkeep.py \
	  tests/services/test_draft_names.py tests/services/test_existence.py tests/services/test_large_edits.py \
	  tests/services/test_limits_of_end_users.py tests/services/test_mixed_clients.py \
	  tests/services/test_patterns.py tests/services/test_taking_back.py \
	  tests/services/test_update_node_versions_concurrency.py tests/test_dependencies.py tests/test_settings.py \
	  tests/test_tidying.py tests/updates/test_against_oracle.py tests/updates/test_every_fault.py \
	  tests/updates/test_force.py tests/updates/test_large_store.py tests/updates/test_oracle.py \
	  tests/wire/test_audit_log.py tests/wire/test_import_stream.py tests/wire/test_limits.py \
	  tests/wizard/test_scripts.py

lint: install ## check style, types and the layers of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fix: install ## correct the style, and write the generated documents
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m docs.generator

check: lint ## lint, and name the generated documents that are out of date
	$(BIN)/python -m docs.generator --check

docs: install ## write docs/reference, app/console/reference/services.json and app/database/schema.sql from the code and the tests
	$(BIN)/python -m docs.generator

pictures: export RELINK_TEST_PICTURES = docs/pictures
pictures: install ## take the pictures of the console in the README; needs a Chromium
	@$(BIN)/python -m pytest tests/console/test_pictures.py

bench: install ## measure the speed beside floors and other programs; ARCHIVE=FILE.tsv.xz names a large input
	@$(BIN)/python -m benchmarks $(ARCHIVE)

sizes: install ## measure the cost against the size of the store, to half a million nodes; needs ARCHIVE=FILE.tsv.xz
	@$(BIN)/python -m benchmarks.sizes $(ARCHIVE)

million: install ## force a million nodes from the command line, cancelled and finished; needs ARCHIVE=FILE.tsv.xz
	@$(BIN)/python -m benchmarks.million $(ARCHIVE)

profiles: install ## say where the time of an import and of an impact is spent; ARCHIVE=FILE.tsv.xz names a large input
	@$(BIN)/python -m benchmarks.profiles $(ARCHIVE)

clean: ## delete everything that make has created
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find app tests benchmarks docs examples -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.installed: pyproject.toml requirements-test.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=..." if sys.version_info < (3, 11) else 0)'
	@echo "Installing into $(VENV), which takes a minute"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
