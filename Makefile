# Voice-of-Customer warehouse. `make help` lists what there is to do.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
VENV_SPARK ?= .venv-spark
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
export PYTHONDONTWRITEBYTECODE :=
export DAGSTER_DISABLE_TELEMETRY := yes
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo dev test test-full check lint bench clean spark-setup spark-check spark-check-all

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

# One stamp per lock: an environment is rebuilt only when its lock changed.
$(VENV)/.runtime: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python >= 3.11 is needed; call make PYTHON=python3.11"; exit 1; }
ifneq ($(UV),)
	@test -x $(BIN)/python || $(UV) venv -q --python $(PYTHON) $(VENV)
	$(UV) pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(UV) pip install -q --python $(BIN)/python --no-deps -e .
else
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
endif
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
ifneq ($(UV),)
	$(UV) pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock
else
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
endif
	@touch $@

setup: $(VENV)/.dev ## build .venv from the committed locks (everything: runtime, UI, tests)

demo: $(VENV)/.runtime ## a sample carmaker: deliveries -> refresh -> published tables and the Chinese brief
	@$(BIN)/python -m sample_oem.demo

dev: $(VENV)/.dev ## the Dagster UI on http://127.0.0.1:3000 (asset graph, runs, checks)
	@VOC_HOME="$${VOC_HOME:-$(CURDIR)/data/demo}" $(BIN)/python -m orchestration.dev

lint: $(VENV)/.dev ## ruff, mypy, sqlfluff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint -q dbt_project/models

check: lint ## the quick lane: lint and the fast tests (under 5 minutes on 2 cores)
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not slow and not full and not compat"

test: $(VENV)/.dev ## all tests, fault suites sampled (under 25 minutes on 2 cores)
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not full and not compat"

test-full: $(VENV)/.dev ## everything, fault suites in full
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not compat"

bench: $(VENV)/.dev ## CPU-second ratios against a hand-written script and a naive shell
	$(BIN)/python -m benchmarks

# Apache Spark has an environment of its own: its pandas is older than ours.
$(VENV_SPARK)/.ready: requirements-spark.lock
ifneq ($(UV),)
	@test -x $(VENV_SPARK)/bin/python || $(UV) venv -q --python $(PYTHON) $(VENV_SPARK)
	$(UV) pip install -q --python $(VENV_SPARK)/bin/python --require-hashes -r requirements-spark.lock
else
	@test -x $(VENV_SPARK)/bin/python || $(PYTHON) -m venv $(VENV_SPARK)
	$(VENV_SPARK)/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements-spark.lock
endif
	@touch $@

spark-setup: $(VENV_SPARK)/.ready ## the environment of Apache Spark (about 700 MB; needs Java >= 17)

spark-check: $(VENV)/.dev $(VENV_SPARK)/.ready ## core and experience on Spark and on DuckDB: every table equal, row for row
	VOC_SPARK_PYTHON=$(CURDIR)/$(VENV_SPARK)/bin/python $(BIN)/python -m tests.spark.check core experience

spark-check-all: $(VENV)/.dev $(VENV_SPARK)/.ready ## the same for every model
	VOC_SPARK_PYTHON=$(CURDIR)/$(VENV_SPARK)/bin/python $(BIN)/python -m tests.spark.check

clean: ## remove the environment and built files (never data/)
	rm -rf $(VENV) $(VENV_SPARK) build dist *.egg-info dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache
