# Every target makes .venv by itself. Needs Python 3.11 or newer with pip, and make; no root.
PYTHON ?= python3
UV_VERSION = 0.13.9
PRISM_VERSION = 5.14.2
ARGS ?=
BIN = .venv/bin
UV = $(BIN)/uv --quiet
LOCK = $(UV) pip compile --universal --generate-hashes --all-extras --python-version 3.11 --custom-compile-command "make lock"

.DEFAULT_GOAL = help
.PHONY: help demo test lint docs bench referee lock clean

help: ## say what can be made
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile | expand -t 12

demo: .venv/ready ## thirteen weeks of a service desk, surveyed, answered and reported, without any account
	@$(BIN)/xmo demo $(ARGS)

test: .venv/ready ## all tests; make test ARGS="-k quarantine" runs some
	@$(BIN)/python -m pytest $(ARGS)

lint: .venv/ready ## style, format and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

docs: .venv/ready ## write the generated parts of docs/ anew
	@$(BIN)/python -m docs.generate

bench: .venv/ready .venv/peers/ready ## measure, and compare with the floors and with others
	@$(BIN)/python -m benchmarks $(ARGS)

referee: .venv/ready .venv/prism/ready ## hold plugins and sandboxes against the vendors' own API descriptions; needs npm
	@$(BIN)/python -m referee $(ARGS)

lock: $(BIN)/uv ## resolve requirements.lock anew; make lock ARGS=--upgrade takes newer versions
	@$(LOCK) $(ARGS) pyproject.toml --output-file requirements.lock

clean: ## remove .venv and everything that was built
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist demo
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv reads no VIRTUAL_ENV here: another environment may be active in the caller's shell.
.venv/ready: pyproject.toml requirements.lock $(BIN)/uv
	@echo "Installing what requirements.lock names into .venv (half a minute, once)"
	@$(UV) pip install --python $(BIN)/python --require-hashes --requirement requirements.lock
	@$(UV) pip install --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv/prism/ready: $(BIN)/uv
	@command -v npm >/dev/null || { echo "The referee is Prism, which comes with npm of Node.js 18 or newer: install that first."; exit 2; }
	@npm install --silent --no-fund --no-audit --no-package-lock --prefix .venv/prism @stoplight/prism-cli@$(PRISM_VERSION)
	@touch $@

.venv/peers/ready: benchmarks/peers.txt $(BIN)/uv
	@echo "Installing what benchmarks/peers.txt names into .venv/peers"
	@$(UV) venv --clear --python $(BIN)/python .venv/peers
	@$(UV) pip install --python .venv/peers/bin/python --requirement $<
	@touch $@

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit("XMO needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..." if sys.version_info < (3, 11) else 0)'
	@echo "Making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
