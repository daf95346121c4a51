# make demo   from nothing to a report you can open
# make test   from nothing to a tested checkout

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint docs clean

demo: .venv/demo
	$(BIN)/diabolo demo --output out/demo

test: .venv/dev
	$(BIN)/ruff check src tests examples benchmarks
	$(BIN)/ruff format --check src tests examples benchmarks
	$(BIN)/mypy
	$(BIN)/pytest -q -n auto --dist worksteal

lint: .venv/dev
	$(BIN)/ruff check --fix src tests examples benchmarks
	$(BIN)/ruff format src tests examples benchmarks
	$(BIN)/mypy

docs: .venv/dev
	$(BIN)/python docs/generate.py

clean:
	rm -rf .venv out build src/*.egg-info

# torch first: where the index offers a build without CUDA, asking for it by version is what finds it
.venv/demo: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[maps,pandas]"
	touch $@

.venv/dev: .venv/demo
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@
