# The everyday commands. Everything is installed into .venv; nothing outside of this folder is touched but by `parts`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
LOCK := --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header --no-annotate
INSTALLED := .venv/installed
WINDOW := .venv/window
PACKAGES := ui/node_modules/.package-lock.json
PROVIDER := tests/oidc/node_modules/.package-lock.json
BOARD := forge/static/index.html
# A file with a window is made where GTK's headers are; without them it opens the browser (docs/window.md).
GTK := $(shell test "$$(uname)" = Linux && pkg-config --exists gobject-introspection-1.0 cairo && echo window)

.PHONY: help setup parts window ui test lint demo build folder reproducible bench pictures lock audit clean
.DEFAULT_GOAL := help

help: ## Say what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1 - /p' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Python packages into .venv, each checked against its hash

$(INSTALLED): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Forge needs Python 3.11 or newer: install it, or say where it is with PYTHON=.")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "Python cannot make an environment: install python3-venv." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

parts: ## Docker, a registry, Caddy, nginx, Chromium, WebKitGTK and busybox from Debian, where they are missing (root)
	@PYTHON=$(PYTHON) tests/parts/setup.sh

window: setup $(WINDOW) ## GTK's binding, which Forge's window needs on Linux; compiled with headers that `parts` brings

$(WINDOW): requirements-window.lock $(INSTALLED)
	@sed -n 's/^\([a-z-]*==[^ ]*\).*/\1/p' $< > .venv/window-pins # for what compiles: pip takes no hashes there
	PIP_CONSTRAINT=.venv/window-pins $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

ui: setup $(PACKAGES) ## The board: checked, tested, and built into forge/static
	cd ui && npm run check && npm test && npm run build

$(PACKAGES): ui/package-lock.json
	cd ui && npm ci --ignore-scripts --no-audit --no-fund

$(PROVIDER): tests/oidc/package-lock.json # the provider that sign-in by OpenID Connect is tested against
	cd tests/oidc && npm ci --ignore-scripts --no-audit --no-fund

$(BOARD): $(PACKAGES) $(shell git ls-files ui)
	cd ui && npm run build

test: setup parts window lint ui $(PROVIDER) ## Everything that CI runs
	$(BIN)/python -m pytest -n 2

lint: setup ## Style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

demo: setup parts $(BOARD) ## Forge with a registry, Docker and Caddy of its own; EXIT=1 ends after the story
	$(BIN)/python -m tests.demo $(if $(EXIT),--exit)

build: setup $(GTK) ui ## Forge as one file in dist/, and its self-test
	$(BIN)/python spec/build.py

folder: setup $(BOARD) ## The same, and as a folder too, which unpacks nothing when it starts
	$(BIN)/python spec/build.py --folder

reproducible: setup $(PACKAGES) ## The last commit built twice, in two folders: are the bytes the same
	$(BIN)/python spec/reproducible.py

bench: setup parts window $(BOARD) ## How fast it is, measured here
	$(BIN)/python -m tests.bench

pictures: setup parts $(BOARD) ## Pictures of every screen into docs/pictures
	$(BIN)/python -m tests.browser.pictures

lock: ## Choose versions anew and write the lock files
	rm -rf .build/lock
	$(PYTHON) -m venv .build/lock
	.build/lock/bin/pip install --quiet --disable-pip-version-check uv
	.build/lock/bin/uv --quiet pip compile $(LOCK) --upgrade -o requirements.lock pyproject.toml
	.build/lock/bin/uv --quiet pip compile $(LOCK) --upgrade -c requirements.lock --group dev -o requirements-dev.lock pyproject.toml
	.build/lock/bin/uv --quiet pip compile $(LOCK) --upgrade -c requirements-dev.lock -o requirements-window.lock --group pyproject.toml:window
	rm -rf .build/lock

audit: ## Known vulnerabilities in the locked packages, as far as the registries answer
	rm -rf .build/audit
	$(PYTHON) -m venv .build/audit
	.build/audit/bin/pip install --quiet --disable-pip-version-check pip-audit
	.build/audit/bin/python spec/audit.py

clean: ## Remove what was made here
	rm -rf .venv .build build dist ui/node_modules ui/.svelte-kit tests/oidc/node_modules *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
