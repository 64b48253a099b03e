# Planroom's commands. `make run` starts a portal that can be used, `make test` tries everything the machine can carry.
PY := .venv/bin/python
# Tests run in this many processes, one more than the two cores they are meant for, because many wait for an engine or
# a browser; a file's tests stay together, and the files come in the order that tests/conftest.py gives them.
WORKERS ?= 3
VERSION = $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)

.DEFAULT_GOAL := help
.PHONY: help run test lint format bench soak lock build clean runtime tools machine

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

run: runtime ## start the portal on PORT (8000), everything it writes in DATA_DIR (./var); Ctrl-C ends it
	@exec $(PY) -m jobs.start

test: tools machine ## all tests; ENGINES=no installs nothing by apt, STRICT=1 lets nothing be left out
	@mkdir -p build
	@PYTHONDONTWRITEBYTECODE= $(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --junit-xml=build/junit.xml $(ARGS)

lint: tools ## the style checks alone: ruff, mypy, import-linter, templates
	@$(PY) -m pytest -q tests/ops/test_checks.py

format: tools ## lay the Python files out as ruff does, and mend what ruff can
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix --exit-zero .

bench: tools ## the measurements behind docs/decisions; WHAT=servers for one of them
	@for file in $(if $(WHAT),tests/bench/$(WHAT).py,$(wildcard tests/bench/*.py)); do \
		echo "== $$file"; $(PY) -m tests.bench.$$(basename $$file .py) || exit 1; done

soak: tools ## the long tests: minutes to hours
	@mkdir -p build
	@$(PY) -m pytest -m slow --junit-xml=build/soak.xml $(ARGS)

lock: tools ## write requirements*.txt anew from requirements*.in, for Python 3.11 to 3.13 on every platform
	@sh ci/lock.sh

build: ## pack the committed source as build/planroom-VERSION.tar.gz
	@mkdir -p build
	@git archive --format=tar.gz --prefix=planroom-$(VERSION)/ --output=build/planroom-$(VERSION).tar.gz HEAD
	@echo build/planroom-$(VERSION).tar.gz

clean: ## remove what the tests and the build wrote; DATA_DIR and .venv stay
	@rm -rf build

runtime:
	@sh ci/prepare.sh requirements.txt

tools:
	@sh ci/prepare.sh requirements.txt requirements-dev.txt

machine:
	@ENGINES="$(ENGINES)" $(PY) ci/machine.py
