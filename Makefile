# The project's commands; `make` alone lists them. Variables given to make (VENUE, RAW_DATA, TRADER_SEGMENTS_HOME)
# reach the commands as environment variables: make build VENUE=polymarket RAW_DATA=../exports

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build verify-incremental test test-spark test-semantic semantic check-superset lint format docs lock clean

PYTHONS ?= python3.13 python3.12 python3.11 python3
bin := .venv/bin
say = @printf '==> %s\n'
pip = $(bin)/python -m pip --disable-pip-version-check
unfinished := .venv/.unfinished

define install_lock
$(say) "Installing $(1)"
@touch $(unfinished)
@$(pip) install --quiet --no-deps --require-hashes --only-binary :all: $(2) -r $(1)
@$(pip) check
@rm $(unfinished)
@touch $@
endef

# .venv holds one stamp for each finished step, named for the lock files and the folder, so that another lock file or a
# moved clone makes the environment anew.
key := $(shell { pwd; cat requirements*.lock; } | cksum | tr ' ' '-')
created := .venv/.created-$(key)
runtime := .venv/.runtime-$(key)
development := .venv/.development-$(key)
spark := .venv/.spark-$(key)
metricflow := .venv/.metricflow-$(key)
project := .venv/.project-$(key)

# So does a Python that has gone since, or an installation that was interrupted.
ifneq ($(shell test ! -e $(unfinished) && $(bin)/python -c 'print("works")' 2>/dev/null),works)
.PHONY: $(created)
endif

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' Makefile

build: $(project) ## Build and publish the segments from RAW_DATA of VENUE
	$(say) "trader-segments build"
	@$(bin)/trader-segments build

verify-incremental: $(project) ## Compare the built marts with a build from nothing of the same input
	$(say) "trader-segments verify-incremental"
	@$(bin)/trader-segments verify-incremental

test: lint $(if $(SPARK),$(spark)) $(if $(SEMANTIC),$(metricflow)) ## Lint, check types and run every test; SPARK=1, SEMANTIC=1: also those on Spark, with mf
	$(say) "pytest"
	@$(bin)/pytest $(if $(SPARK),-n 3 -m 'not second_load')

test-spark: $(spark) $(project) ## Build on a local Spark cluster and compare with DuckDB; needs Java 17
	$(say) "pytest -m spark"
	@$(bin)/pytest -n 0 -m spark --durations=0

semantic: $(metricflow) $(project) ## Install MetricFlow and read the semantic layer for the published marts; then TRADER_SEGMENTS_TARGET=published .venv/bin/mf query
	$(say) "dbt parse"
	@TRADER_SEGMENTS_TARGET=published $(bin)/dbt parse --target-path target

test-semantic: $(metricflow) $(project) ## Compare metrics with the marts
	$(say) "pytest tests/python/test_semantic.py"
	@CI=true $(bin)/pytest -n 0 tests/python/test_semantic.py

check-superset: .venv-superset/.installed ## Show the published marts in a Superset of its own, in Chromium; takes minutes
	$(say) "bi/superset/check.py"
	@.venv-superset/bin/python bi/superset/check.py

lint: $(development) $(project) ## Check SQL, Python and types
	$(say) "sqlfluff lint"
	@mkdir -p target/lint/build
	@TRADER_SEGMENTS_HOME=target/lint $(bin)/sqlfluff lint --disable-progress-bar --processes 0 models tests
	$(say) "SQL lines of at most 120 characters"
	@find macros models tests -name '*.sql' -exec awk \
		'length > 120 { print FILENAME ":" FNR ": " length " characters"; long = 1 } END { exit long }' {} +
	$(say) "ruff check"
	@$(bin)/ruff check
	$(say) "ruff format --check"
	@$(bin)/ruff format --check
	$(say) "mypy"
	@$(bin)/mypy

format: $(development) $(project) ## Format SQL and Python, and mend what can be mended
	$(say) "ruff check --fix"
	@$(bin)/ruff check --fix
	$(say) "ruff format"
	@$(bin)/ruff format
	$(say) "sqlfluff fix"
	@mkdir -p target/lint/build
	@TRADER_SEGMENTS_HOME=target/lint $(bin)/sqlfluff fix --disable-progress-bar models tests

docs: $(project) ## Write dbt's documentation as one page, target/static_index.html
	$(say) "dbt docs generate --static"
	@$(bin)/dbt docs generate --static

lock: $(development) ## Resolve the lock files again for pyproject.toml; UPGRADE=1 takes the newest versions
	@$(bin)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo 'The lock files are resolved on the oldest Python: make clean, then make lock PYTHONS=python3.11' >&2; exit 1; }
	$(say) "pip-compile requirements-dev.lock"
	@CUSTOM_COMPILE_COMMAND='make lock' $(bin)/pip-compile $(if $(UPGRADE),--upgrade) \
		--extra dev --output-file requirements-dev.lock pyproject.toml
	$(say) "pip-compile requirements.lock"
	@CUSTOM_COMPILE_COMMAND='make lock' $(bin)/pip-compile $(if $(UPGRADE),--upgrade) \
		--constraint requirements-dev.lock --output-file requirements.lock pyproject.toml
	$(say) "pip-compile requirements-spark.lock"
	@CUSTOM_COMPILE_COMMAND='make lock' $(bin)/pip-compile $(if $(UPGRADE),--upgrade) \
		--extra spark --constraint requirements-dev.lock --output-file requirements-spark.lock pyproject.toml
	$(say) "pip-compile requirements-semantic.lock"
	@CUSTOM_COMPILE_COMMAND='make lock' $(bin)/pip-compile $(if $(UPGRADE),--upgrade) \
		--extra semantic --constraint requirements-dev.lock --output-file requirements-semantic.lock pyproject.toml
	$(say) "pip-compile bi/superset/requirements.lock"
	@CUSTOM_COMPILE_COMMAND='make lock' $(bin)/pip-compile $(if $(UPGRADE),--upgrade) --no-all-build-deps \
		--output-file bi/superset/requirements.lock bi/superset/requirements.in

clean: ## Remove .venv, dbt's target and logs, and caches; build/ and published/ stay
	rm -rf .venv .venv-superset target logs .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(created):
	$(say) "Creating .venv"
	@found=; \
	for python in $(PYTHONS); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		found=$$python; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || continue; \
		rm -rf .venv && "$$python" -m venv .venv && touch $@; exit; \
	done; \
	if [ -n "$$found" ]; then echo "$$found cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; \
	else echo 'Python 3.11 or newer is needed, and none was found as: $(PYTHONS)' >&2; fi; \
	exit 1

$(runtime): $(created)
	$(call install_lock,requirements.lock)

$(development): $(runtime)
	$(call install_lock,requirements-dev.lock)

# PySpark comes as source, of Python alone; setuptools is in the lock of development.
$(spark): $(development)
	$(call install_lock,requirements-spark.lock,--no-binary pyspark --no-build-isolation)

# Not for CI: a hundred and fifty packages.
.venv-superset/.installed: bi/superset/requirements.lock | $(created)
	$(say) "Installing $<"
	@rm -rf .venv-superset
	@$(bin)/python -m venv .venv-superset
	@.venv-superset/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r $<
	@touch $@

# So does halo, the spinner of mf.
$(metricflow): $(development)
	$(call install_lock,requirements-semantic.lock,--no-binary halo --no-build-isolation)

$(project): $(runtime) pyproject.toml
	$(say) "Installing trader-segments"
	@$(pip) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
