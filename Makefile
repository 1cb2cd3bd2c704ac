# One command per job. Each creates .venv when it is missing and installs what it needs,
# once; `make PYTHON=/path/to/python3.12 ...` picks the interpreter of a new .venv.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint docs bench coverage clean

BIN := .venv/bin
FAST := not slow and not peer and not model
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach p,$(CANDIDATES),$(shell $(p) -c '$(USABLE)' 2>/dev/null && echo $(p))))

help:
	@echo "make demo      each system on real data, on one screen"
	@echo "make test      the fast tests and the doctests"
	@echo "make lint      ruff, mypy, codespell"
	@echo "make docs      the documentation, in docs/_build/html"
	@echo "make bench     benchmarks beside their peers"
	@echo "make coverage  branch coverage with the kernels in plain Python"
	@echo "make clean     remove .venv and everything generated"

demo: .venv/.has-demo
	$(BIN)/python examples/demo.py

test: .venv/.has-test
	$(BIN)/python -m pytest -n 2 -m '$(FAST)'
	SCIPY_ARRAY_API=1 $(BIN)/python -m pytest -q tests/common/test_estimators.py -k array_api
	EAGER_IMPORT=1 $(BIN)/python -c 'import sklearn_ext'

lint: .venv/.has-lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/codespell

docs: .venv/.has-docs
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

bench: .venv/.has-bench
	cd asv_bench && ../$(BIN)/asv machine --yes
	cd asv_bench && ../$(BIN)/asv run --python=same --quick \
		--set-commit-hash $$(git rev-parse HEAD)
	$(BIN)/python asv_bench/report.py

coverage: .venv/.has-test
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -n 2 -m '$(FAST)' --cov --cov-report=term

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage* dist demo_output
	rm -rf docs/_build docs/auto_examples docs/api/generated docs/gen_modules
	find sklearn_ext tests examples asv_bench -name __pycache__ -prune -exec rm -r {} +

$(BIN)/pip:
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 with venv found on PATH. \
	Install one (Debian: apt install python3 python3-venv) or run make PYTHON=/path/to/python3."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

# What each target installs; the marker file .has-x says that it is there.
.venv/.has-demo: NEEDS := -e '.[all]'
.venv/.has-test: NEEDS := -e '.[all]' --group test
.venv/.has-lint: NEEDS := -e . --group lint
.venv/.has-docs: NEEDS := -e '.[all]' --group docs --group model
.venv/.has-model: NEEDS := --group model
.venv/.has-bench: NEEDS := -e '.[augmentation,torch]' --group bench
.venv/.has-%: pyproject.toml constraints.txt | $(BIN)/pip
	$(BIN)/python -m pip install --quiet -c constraints.txt $(NEEDS)
	@touch $@
