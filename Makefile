# Patchbay. `make up` starts it, `make test` tests it; `make` alone lists the rest.
.DEFAULT_GOAL := help
.PHONY: help setup up backup restore test test-oldest chaos test-browser test-peers screenshots bench metrics check schema sbom messages fix lock clean

VENV := .venv
PYTHON := $(VENV)/bin/python
# Stamps, written last: a broken installation is never taken for a whole one.
RUN := $(VENV)/installed-run
DEV := $(VENV)/installed-dev
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes
PYTEST := $(PYTHON) -m pytest
SOURCES := manage.py config organizations integrations carriers numbers tests
# What `check --deploy` looks at: settings as in production, with secrets that are none.
PRODUCTION := PATCHBAY_MODE=production PUBLIC_BASE_URL=https://patchbay.example.com \
	ALLOWED_HOSTS=patchbay.example.com DATABASE_URL=postgresql:///patchbay \
	SECRET_KEY=only-for-make-check-and-long-enough-for-django-0123456789 \
	PATCHBAY_ENCRYPTION_KEYS=b25seS1mb3ItbWFrZS1jaGVjay1ub3QtYS1yZWFsLWs=

# Programs are spoken to in English, so what only they read is not translated.
MESSAGES := --locale de --no-obsolete --no-wrap --add-location file \
	--ignore "*/api/*" --ignore "*/dialects/*" --ignore "numbers/web/*" --ignore "tests/*" --ignore ".venv*" --ignore "var/*" --ignore "docs/*"

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(RUN) ## Start Patchbay with demo data on http://127.0.0.1:8000 (HOST, PORT, PATCHBAY_DATA)
	@exec $(PYTHON) -m config.supervisor

# A path of somebody's, which may have blanks, reaches the shell as one word.
NAMED = $(if $(FILE),,$(error Name a file: make $@ FILE=/elsewhere/patchbay.zip))
backup: $(RUN) ## Save the database of `make up`: FILE=…, with its keys: ARGS=--with-keys
	$(NAMED)@exec $(PYTHON) -m config.supervisor.backups backup "$(FILE)" $(ARGS)

restore: $(RUN) ## Put a backup back while Patchbay is stopped: FILE=… (ARGS=--replace)
	$(NAMED)@exec $(PYTHON) -m config.supervisor.backups restore "$(FILE)" $(ARGS)

setup: $(DEV) ## Install everything into .venv (up, test and check do it when needed)

# Those that kill processes and measure waiting run alone, after the others. 5: none was chosen.
test: $(DEV) ## Run the tests that need neither a browser nor a network (ARGS="-k name")
	$(PYTEST) -n 2 --dist loadfile -m "not browser and not peers and not chaos and not slow" \
		$(ARGS) || test $$? -eq 5
	$(PYTEST) -m "not browser and not peers and (chaos or slow)" $(ARGS) || test $$? -eq 5

test-browser: $(DEV) ## Run the tests that drive a real browser (Debian: apt install chromium)
	$(PYTEST) -m browser $(ARGS)

screenshots: $(DEV) ## Keep a picture of every page in var/screenshots (ARGS names a folder)
	SCREENSHOTS=$(or $(ARGS),var/screenshots) $(PYTEST) -q tests/browser/test_pages.py

test-peers: $(DEV) ## Run the tests against real servers and clients of others
	$(PYTEST) -m peers $(ARGS)

# Migrations, roles, row-level security, the ledger and the search: what versions differ in.
OLDEST := tests/organizations/test_row_level_security.py tests/organizations/test_grant_roles.py tests/config/test_postgresql.py \
	tests/integrations/test_ledger.py tests/numbers/test_views_list.py tests/organizations/test_audit_chain.py

test-oldest: $(DEV) ## Test on Debian's PostgreSQL 15 (PATCHBAY_TEST_POSTGRES names its programs)
	PATCHBAY_TEST_POSTGRES=$(or $(PATCHBAY_TEST_POSTGRES),/usr/lib/postgresql/15/bin) \
		$(PYTEST) $(OLDEST) $(ARGS)

chaos: $(DEV) ## Run the tests that kill, cut off, crowd and confuse, at full length (an hour)
	PATCHBAY_NOISY_RUNS=20 PATCHBAY_UNATTENDED_RUNS=20 $(PYTEST) -m "chaos and not peers and not browser" $(ARGS)
	PATCHBAY_FUZZ_ROUNDS=8 $(PYTEST) tests/integrations/test_hostile.py $(ARGS)

bench: $(DEV) ## Measure
	$(PYTHON) -m tests.bench $(ARGS)

metrics: $(DEV) ## Count names and modules against the rules of docs/architecture.md
	$(PYTHON) -m tests.project.code_metrics

check: $(DEV) ## Check style, settings, migrations, API schemas, templates and container files
	$(VENV)/bin/ruff format --check $(SOURCES)
	$(VENV)/bin/ruff check $(SOURCES)
	$(PRODUCTION) $(PYTHON) manage.py check --deploy --fail-level WARNING
	$(PRODUCTION) $(PYTHON) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PYTHON) manage.py draw_schemas
	$(VENV)/bin/djlint --lint --quiet templates
	$(VENV)/bin/hadolint Dockerfile
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml

schema: $(DEV) ## Draw docs/openapi*.yaml anew
	$(PRODUCTION) PUBLIC_BASE_URL=http://127.0.0.1:8000 $(PYTHON) manage.py draw_schemas docs

sbom: $(DEV) ## Write a bill of materials of the server's packages (CycloneDX) to var/sbom.json
	@mkdir -p var
	$(VENV)/bin/cyclonedx-py requirements --pyproject pyproject.toml --of JSON \
		--output-file var/sbom.json requirements/server.txt

messages: $(DEV) ## Bring locale/ up to date with the sources (needs gettext)
	$(PRODUCTION) $(PYTHON) -W ignore::RuntimeWarning manage.py makemessages $(MESSAGES)
	$(PRODUCTION) $(PYTHON) -W ignore::RuntimeWarning manage.py compilemessages --ignore .venv --verbosity 0

fix: $(DEV) ## Format the code and repair what can be repaired
	$(VENV)/bin/ruff check --fix $(SOURCES)
	$(VENV)/bin/ruff format $(SOURCES)

$(DEV): requirements/dev.txt $(RUN)
	@echo "Installing the tools for tests and checks into $(VENV) ..."
	@$(PIP) -r requirements/dev.txt
	@touch $@

$(RUN): requirements/run.txt
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || $(MAKE) --no-print-directory $(VENV)/new
	@echo "Installing Patchbay's requirements into $(VENV) (once, about half a minute) ..."
	@$(PIP) -r requirements/run.txt
	@touch $@

# The first Python that is new enough.
FIND_PYTHON := for each in $(BASE_PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; each=; done

.PHONY: $(VENV)/new
$(VENV)/new:
	@$(FIND_PYTHON); \
	if [ -z "$$each" ]; then \
		echo "Patchbay needs Python 3.11 or newer, found: $$(python3 --version 2>&1)." \
			"Name one with make BASE_PYTHON=/path/to/python3"; exit 1; fi; \
	"$$each" -m venv --clear $(VENV) || { \
		echo "Could not make the virtual environment $(VENV). On Debian or Ubuntu install it" \
			"with: apt install python3-venv"; exit 1; }
	@$(PYTHON) -m pip uninstall --quiet --yes setuptools 2>/dev/null # old, and used by nothing

# uv from an environment of its own: it writes locks for all platforms, which pip cannot.
LOCK := $(VENV)-lock
COMPILE := $(LOCK)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header $(ARGS) pyproject.toml

lock: ## Renew the locks in requirements/ (ARGS=--upgrade for newer versions)
	@$(FIND_PYTHON); test -x $(LOCK)/bin/uv || \
		{ "$$each" -m venv $(LOCK) && $(LOCK)/bin/pip install --quiet uv; }
	$(COMPILE) --extra embedded --output-file requirements/run.txt
	$(COMPILE) --constraints requirements/run.txt --output-file requirements/server.txt
	$(COMPILE) --constraints requirements/run.txt --extra embedded --group dev \
		--output-file requirements/dev.txt

clean: ## Remove what was made here, except the data in var/
	rm -rf $(VENV) $(LOCK) .pytest_cache .ruff_cache .hypothesis test-results
	find . -name __pycache__ -prune -exec rm -rf {} +
