# Everything runs from a fresh clone: each target first installs what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WIDGET := static/widget
READERS := tests/readers
LOWEST := .cache/lowest
# Beside Chromium; a machine that cannot have one of them does without: make test ENGINES=firefox
ENGINES ?= firefox webkit
# Schemathesis and Flask-Security-Too have no releases that go with the oldest Flask; the readers are of other languages; the demo's
# processes call no library that its pages don't.
NOT_LOWEST := --ignore tests/contract/test_schemathesis.py --ignore tests/flask/test_user_ids.py --ignore tests/flask/test_erasure_by_itself.py --ignore tests/flask/test_passthrough_readers.py --ignore tests/flask/test_demo_run.py

# For two cores: workers wait for browsers and servers a third of their time.
WORKERS ?= 3

# The processes that tests start would compile the package each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check lowest latest coverage types bench fuzz widget dist sbom docs reference picture clean

help: ## Show the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.demo ## Start a local Genvoris and the demo shop
	@$(BIN)/python examples/demo_shop/run.py

test: $(VENV)/.dev $(VENV)/.docs $(VENV)/.chromium $(addprefix $(VENV)/.,$(ENGINES)) $(VENV)/.redis $(VENV)/.databases $(VENV)/.php $(VENV)/.exiftool $(WIDGET)/node_modules/.installed $(READERS)/node_modules/.installed check lowest ## Set up all that is needed and run every test
	ENGINES="$(ENGINES)" PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

check: $(VENV)/.dev $(WIDGET)/node_modules/.installed ## Lint and type-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd $(WIDGET) && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent check

lowest: $(LOWEST)/.installed $(VENV)/.exiftool ## Run the fast tests with the oldest releases that pyproject.toml allows
	PATH="$(CURDIR)/$(LOWEST)/bin:$$PATH" $(LOWEST)/bin/python -m pytest -n $(WORKERS) -m "not thorough" tests/unit tests/flask tests/contract $(NOT_LOWEST)

latest: $(VENV)/.dev $(VENV)/.exiftool ## Run the same tests with the latest releases
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n $(WORKERS) -m "not thorough" tests/unit tests/flask tests/contract $(NOT_LOWEST)

# Without the tests that need servers or browsers of their own: those run in processes that are killed, or the widget's built files.
coverage: $(VENV)/.dev $(WIDGET)/node_modules/.installed ## Measure what the fast tests cover, and fail below the floor
	rm -rf .cache/coverage && mkdir -p .cache/coverage
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/coverage run -m pytest -n $(WORKERS) -m "not thorough" tests/unit tests/flask tests/contract tests/sandbox
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage json --quiet --fail-under=0 -o .cache/coverage/python.json
	$(BIN)/coverage report
	cd $(WIDGET) && PATH="$(CURDIR)/$(BIN):$$PATH" npx vitest run --coverage
	$(BIN)/python tests/coverage_floor.py

types: $(VENV)/.dev $(WIDGET)/node_modules/.installed ## Check that all that the package exports has types
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pyright --verifytypes genvoris_flask --ignoreexternal

bench: $(VENV)/.dev $(VENV)/.redis $(VENV)/.chromium $(addprefix $(VENV)/.,$(ENGINES)) benchmarks/node_modules/.installed ## Measure, and write benchmarks/RESULTS.md
	$(BIN)/python benchmarks/sessions.py
	$(BIN)/python benchmarks/pages.py
	$(BIN)/python benchmarks/passthrough.py
	$(BIN)/python benchmarks/tryons.py
	$(BIN)/python benchmarks/queues.py
	ENGINES="$(ENGINES)" $(BIN)/python benchmarks/widget.py
	$(BIN)/python benchmarks/pictures.py
	$(BIN)/python benchmarks/sandbox.py
	$(BIN)/python benchmarks/pytest_plugin.py
	$(BIN)/python benchmarks/imports.py
	$(BIN)/python benchmarks/ledger.py
	$(BIN)/python benchmarks/console.py

SECONDS ?= 60

fuzz: $(VENV)/.dev ## Fuzz all that reads what strangers send, for SECONDS=60
	$(BIN)/python -m tests.fuzz.run --seconds $(SECONDS)

widget: $(WIDGET)/node_modules/.installed ## Build the widget into static/widget
	cd $(WIDGET) && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build

# The date of the commit stands in both archives, so that a second build has the same bytes.
dist: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --pretty=%ct)
dist: $(VENV)/.dev ## Build the wheel and the source distribution into dist/
	rm -rf dist
	$(BIN)/python -m build --no-isolation

sbom: dist $(VENV)/.sbom ## Write what the wheel brings along into dist/sbom.cdx.json
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .cache/sbom
	$(BIN)/uv pip install --quiet --python .cache/sbom dist/*.whl
	$(BIN)/cyclonedx-py environment .cache/sbom --pyproject pyproject.toml --output-reproducible --output-file dist/sbom.cdx.json

docs: $(VENV)/.docs ## Build the documentation's site into .cache/site
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs .cache/site

reference: $(VENV)/.dev ## Write the parts of the documentation that repeat the code
	$(BIN)/python docs/reference.py

picture: $(VENV)/.dev $(VENV)/.chromium ## Make the README's picture
	$(BIN)/python docs/pictures/make.py

clean: ## Remove everything that make put here
	rm -rf $(VENV) .cache $(WIDGET)/node_modules $(READERS)/node_modules benchmarks/node_modules .mypy_cache .ruff_cache .pytest_cache

$(VENV)/.base:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: set PYTHON, as in: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is needed. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.demo: $(VENV)/.base pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[sandbox,ledger]" --group demo
	@touch $@

$(VENV)/.dev: $(VENV)/.base pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[sandbox,redis,rq,celery,stripe,ledger,postgresql,mysql,mark,c2pa]" --group dev
	@touch $@ $(VENV)/.demo

$(VENV)/.docs $(VENV)/.sbom: $(VENV)/.%: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group $*
	@touch $@

$(LOWEST)/.installed: $(VENV)/.dev pyproject.toml
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(LOWEST)
	$(BIN)/uv pip compile --quiet --python $(LOWEST) --resolution lowest-direct --all-extras --output-file $(LOWEST)/versions.txt pyproject.toml
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(LOWEST) --constraints $(LOWEST)/versions.txt --group lowest --editable ".[sandbox,redis,rq,celery,stripe,ledger,postgresql,mysql,mark,c2pa]"
	@touch $@

$(VENV)/.chromium: $(VENV)/.dev tests/provision.py
	$(BIN)/python tests/provision.py chromium
	@touch $@

$(VENV)/.firefox: $(VENV)/.dev tests/provision.py
	$(BIN)/python tests/provision.py firefox
	@touch $@

$(VENV)/.webkit: $(VENV)/.dev tests/provision.py
	$(BIN)/python tests/provision.py webkit
	@touch $@

$(VENV)/.redis: $(VENV)/.dev tests/provision.py
	$(BIN)/python tests/provision.py redis
	@touch $@

$(WIDGET)/node_modules/.installed: $(VENV)/.dev tests/provision.py $(WIDGET)/package-lock.json
	$(BIN)/python tests/provision.py node
	cd $(WIDGET) && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-fund --no-audit --loglevel=error
	@touch $@

$(VENV)/.databases: $(VENV)/.dev tests/provision.py
	$(BIN)/python tests/provision.py databases
	@touch $@

$(VENV)/.php: $(VENV)/.dev tests/provision.py
	$(BIN)/python tests/provision.py php
	@touch $@

$(VENV)/.exiftool: $(VENV)/.dev tests/provision.py
	$(BIN)/python tests/provision.py exiftool
	@touch $@

$(READERS)/node_modules/.installed: $(VENV)/.dev tests/provision.py $(READERS)/package-lock.json
	$(BIN)/python tests/provision.py node
	cd $(READERS) && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --no-fund --no-audit --loglevel=error
	@touch $@

benchmarks/node_modules/.installed: $(VENV)/.dev tests/provision.py benchmarks/package-lock.json
	$(BIN)/python tests/provision.py node
	cd benchmarks && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --no-fund --no-audit --loglevel=error
	@touch $@
