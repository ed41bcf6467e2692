# make run: a server on http://127.0.0.1:8000.  make test: everything that must hold.
# make a11y: every patient page in every language, light and dark, as axe sees it.
PORT ?= 8000
PYTHON := .venv/bin/python
export HF_HUB_OFFLINE := 1
export HF_HUB_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1
export TOKENIZERS_PARALLELISM := false

.PHONY: run test lint a11y bench reliability demo format clean
.DEFAULT_GOAL := run

run:
	@.ci/prepare run
	@PORT=$(PORT) $(PYTHON) -m app serve

demo:
	@.ci/prepare run
	@$(PYTHON) -m app demo

test: lint
	@$(PYTHON) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder --durations=25

lint:
	@.ci/prepare test
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy
	@.venv/bin/hadolint Dockerfile

a11y:
	@.ci/prepare test
	@ANTEROOM_ALL_LANGUAGES=1 $(PYTHON) -m pytest -q -s tests/browser/test_every_page.py

bench:
	@.ci/prepare test
	@$(PYTHON) -m tests.benchmarks --json bench-$$(date +%Y-%m-%d).json

reliability:
	@.ci/prepare test
	@$(PYTHON) -m tests.reliability --json reliability-$$(date +%Y-%m-%d).json

format:
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

clean:
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache
