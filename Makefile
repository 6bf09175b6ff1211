# Two commands: `make run` serves the page, `make test` runs all tests. `make` lists the rest.

PYTHON ?= python3
export HOST ?= 127.0.0.1
export PORT ?= 8000

.PHONY: help run test unit check format bench screenshots lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/.run ## serve the page on http://127.0.0.1:8000 (HOST and PORT change that)
	@exec .venv/bin/python app.py

test: .venv/.dev ## run all tests
	@tests/programs.sh
	.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist worksteal

unit: .venv/.dev ## run the tests that open no socket, in seconds
	.venv/bin/python -m pytest -m unit

check: .venv/.dev ## lint, format and types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

format: .venv/.dev ## put the code into its usual form
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: .venv/.run ## measure the page beside others, in about five minutes (ROUNDS and SECONDS change that)
	@bench/programs.sh
	@.venv/bin/python -m bench

screenshots: .venv/.dev ## take the pictures that README.md shows
	@tests/programs.sh
	.venv/bin/python -m tests.take_screenshots

lock: .venv/.dev ## pin the newest versions that pyproject.toml allows
	.venv/bin/pip install --quiet uv
	.venv/bin/uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url --quiet pyproject.toml -o requirements.txt
	.venv/bin/uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url --quiet --group dev -c requirements.txt -o requirements-dev.txt

clean: ## remove what the other commands made
	rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache

.venv/.run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is needed. Name one: make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -m venv .venv >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
			&& apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null \
			&& $(PYTHON) -m venv .venv; } \
		|| { echo 'Python cannot make a virtual environment. On Debian: apt-get install python3-venv' >&2; exit 1; }
	@.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/.dev: .venv/.run requirements-dev.txt
	@.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
