# Needs Python 3.11 or newer and make; everything else goes into .venv.
#   make lab     install, then open JupyterLab on the tutorials
#   make test    lint, types, floors, unit tests, doctests, notebooks, one real browser
#   make bench   the table of measurements against other libraries
#   make sanitize    the tests of operations on C built with AddressSanitizer and UBSan
#   make lint    only the style, type and import checks
#   make docs    the reference as HTML, from the docstrings, into build/reference
#   make tutorials   run the notebooks again and store what they show now
# The first Python on the PATH that is new enough.
enough = $(shell $(1) -c 'import sys; sys.version_info >= (3, 11) and print("$(1)")' 2>/dev/null)
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python,$(call enough,$(name))))
LAB_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: lab test sanitize bench lint format docs tutorials clean
.DEFAULT_GOAL := test

$(BIN)/python:
	$(if $(PYTHON),,$(error No Python 3.11 or newer on the PATH; say where it is: make PYTHON=/path/to/python3.11))
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-%: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --editable '.[$*]'
	@touch $@

lab: $(VENV)/.installed-lab
	$(BIN)/interactive-sym lab tutorials -- $(LAB_ARGS)

# One pytest run for everything: tests/test_project.py runs ruff, mypy and import-linter; --nbval adds the notebooks.
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest --nbval --nbval-current-env --nbval-sanitize-with=tests/nbval_sanitize.cfg $(TEST_ARGS)

# The generated C with checks of memory and undefined behaviour; the interpreter itself has none, so its leaks don't count.
SANITIZERS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined
SANITIZE_ARGS ?= tests/core/ops

sanitize: $(VENV)/.installed-dev
	INTERACTIVE_SYM_CACHE=$(CURDIR)/build/sanitized INTERACTIVE_SYM_CFLAGS="$(SANITIZERS)" \
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
	ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 PYTHONMALLOC=malloc \
	$(BIN)/python -m pytest -p no:cacheprovider $(SANITIZE_ARGS)

# The peers are a convenience: when some of them cannot be installed here, the table says which are absent.
# PyTorch is measured when it is there, but brings gigabytes: ask with `make bench PEERS="numexpr numba pytensor jax torch"`.
PEERS ?= numexpr numba pytensor jax
blank := $(subst ,, )
BENCH_STAMP := $(VENV)/.installed-bench-$(subst $(blank),-,$(PEERS))

$(BENCH_STAMP): pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --editable .
	-@for peer in $(PEERS); do $(PIP) install --quiet $$peer || echo "$$peer: not installed"; done
	@touch $@

bench: $(BENCH_STAMP)
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed-docs
	$(BIN)/sphinx-build -q -W --keep-going -b html docs/reference build/reference

tutorials: $(VENV)/.installed-dev
	$(BIN)/python tools/refresh_tutorials.py

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
