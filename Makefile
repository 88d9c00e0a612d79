# Understudy. `make demo` to see it, `make test` to prove it, `make help` for the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
.SILENT:

VENV := .venv
BIN := $(VENV)/bin
PG ?= 18
ENGINE ?= native

# The user's own site packages stay out.
export PYTHONNOUSERSITE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Every bot that a test starts would compile all of Understudy anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check lint types suite pictures bench bench-failover bench-restore bench-storm bench-history bench-monitor faults lock packages clean

help: ## What can be made
	grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

demo: $(VENV)/demo.stamp ## A practice pair, the bot and a practice Slack; prints one URL (ENGINE=patroni: three servers)
	exec $(BIN)/understudy lab demo --pg $(PG) --engine $(ENGINE)

test: $(VENV)/dev.stamp packages lint ## Everything: lint, types, imports, unit, real pair, browser
	$(MAKE) --no-print-directory --jobs=2 types suite

check: lint types ## Lint, types and the import contract

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/dev.stamp
	nice $(BIN)/mypy

suite: $(VENV)/dev.stamp
	TMPDIR=$$(.ci/scratch) $(BIN)/pytest -n 3 --dist worksteal tests

faults: $(VENV)/dev.stamp ## Every fault in the middle of every order, on the real pair; renews docs/faults.md (FAULTS=--resume goes on)
	$(BIN)/python -m tests.faults $(FAULTS)

pictures: $(VENV)/dev.stamp packages ## Renew the README's pictures from the running product
	PICTURES_DIRECTORY=docs/pictures $(BIN)/pytest -q tests/browser

bench: $(VENV)/dev.stamp ## The figures, as a table and as JSON
	$(BIN)/python -m bench

bench-failover: $(VENV)/dev.stamp ## A switchover beside the bare commands, a hand script, repmgr, pg_auto_failover
	.ci/install-packages postgresql=pg_createcluster repmgr pg-auto-failover-cli=pg_autoctl pgbouncer etcd-server=etcd
	version=$$(ls /usr/lib/postgresql | sort -n | tail -1)
	.ci/install-packages postgresql-$$version-repmgr=/usr/lib/postgresql/$$version/bin/repmgr \
	  postgresql-$$version-auto-failover=/usr/lib/postgresql/$$version/lib/pgautofailover.so
	$(BIN)/python -m bench.failover

bench-restore: $(VENV)/dev.stamp ## Backup and restore to a moment beside cp, pg_basebackup, pgBackRest, Barman (BENCH=--scale=20 is quick)
	.ci/install-packages postgresql=pg_createcluster pgbackrest barman zstd
	$(BIN)/python -m bench.restore $(BENCH)

bench-storm: $(VENV)/dev.stamp ## 10,000 changes of state while Slack misbehaves: none lost, none twice, in order (STORM=--changes=500)
	$(BIN)/python -m bench.storm $(STORM)

bench-monitor: $(VENV)/dev.stamp ## What monitoring costs and how soon it tells, beside Prometheus (MONITOR=cost is a part)
	.ci/install-packages prometheus prometheus-postgres-exporter prometheus-node-exporter prometheus-alertmanager
	$(BIN)/python -m bench.monitor $(MONITOR)

bench-history: $(VENV)/dev.stamp ## What keeping the history costs, CPU and bytes (HISTORY=--clusters=50)
	$(BIN)/python -m bench.history $(HISTORY)

lock: $(VENV)/dev.stamp ## Renew the pinned, hashed requirements
	$(BIN)/pip install --quiet uv
	for name in run demo dev; do
	  case $$name in run) extras="--extra build" ;; demo) extras="--extra lab --extra build" ;; *) extras="--extra dev" ;; esac
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-header --no-annotate --no-emit-package understudy $$extras pyproject.toml -o requirements/$$name.txt
	done

clean: ## Remove the virtual environment and what tools left behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

packages:
	.ci/install-packages chromium pgbouncer haproxy etcd-server=etcd redis-server pgbackrest barman postgresql=pg_createcluster

$(VENV)/bin/python:
	.ci/make-venv $(VENV)

$(VENV)/%.stamp: requirements/%.txt pyproject.toml | $(VENV)/bin/python
	echo "Installing what Understudy needs into $(VENV) (once) ..."
	$(BIN)/pip install --quiet --progress-bar on --require-hashes -r requirements/$*.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@
