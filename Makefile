# `make demo` plays the whole pipeline in the puppet theatre; `make test` runs all checks and tests.
# Both make the environment in .venv first, if it is not there or not the one that requirements.txt lists.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/requirements.txt
PACKAGE := $(VENV)/pyproject.toml
QUANTISED := $(VENV)/quantised
DOCS := $(VENV)/docs
REPORT := results/puppets/report/index.html
OWN_MASKS := results/own_clips/bowing/masks.png
PIP := $(BIN)/python -m pip --disable-pip-version-check
DIST := build/dist
FAULTS := build/faults

.DEFAULT_GOAL := help
.PHONY: help demo test test-gpu test-slurm test-faults check wheel docs bench clean
.DELETE_ON_ERROR:

help:
	@echo "make demo    the whole pipeline on the puppets, from clips to the report; about eleven minutes on two cores"
	@echo "make test    all checks, then all tests"
	@echo "make test-gpu  tests that need a graphics card"
	@echo "make test-slurm  tests on a Slurm of this machine, which they start and stop; Debian, as root"
	@echo "make test-faults  kills runs, fills disks, flips bits, and compares what comes out; some twenty-five minutes on two cores"
	@echo "make check   format, types, layers and rules, without the tests"
	@echo "make wheel   the package as a wheel and as a source distribution, in $(DIST)"
	@echo "make docs    the documentation as a site, in build/site"
	@echo "make bench   benchmarks for a CPU, some minutes; adds a run to benchmarks/history.csv"
	@echo "make clean   remove what demo and test made; stays: .venv and other experiments' results"
	@echo "Python: $(PYTHON); another one with make PYTHON=... "

demo: $(PACKAGE)
	@echo "== The puppet theatre, from clips to the report. Logs: results/puppets/logs/"
	@$(BIN)/snakemake
	@echo "== Masks of plain videos, without skeletons"
	@$(BIN)/snakemake $(OWN_MASKS) --configfile configs/own_clips.yaml
	@echo "== The masks: $(CURDIR)/$(OWN_MASKS)"
	@echo "== The report: $(CURDIR)/$(REPORT)"

test: check $(QUANTISED)/requirements.txt
	@echo "== Tests"
	@OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --ignore tests/quantised --ignore tests/slurm
	@echo "== Tests of quantised weights, with packages that nothing else needs"
	@OMP_NUM_THREADS=1 PYTHONPATH=$(QUANTISED) $(BIN)/pytest tests/quantised

test-gpu: $(QUANTISED)/requirements.txt
	@$(BIN)/python -c 'import sys, torch; sys.exit(None if torch.cuda.is_available() else "torch finds no graphics card here")'
	@PYTHONPATH=$(QUANTISED) $(BIN)/pytest tests/gpu

# What is installed stays; the daemons of Debian's packages are not started, as the tests start their own.
test-slurm: $(PACKAGE)
	@command -v sbatch > /dev/null || tests/slurm/install.sh
	@echo "== Tests on a Slurm of one host, about a quarter of an hour on two cores"
	@TEST_SLURM=1 OMP_NUM_THREADS=1 $(BIN)/pytest tests/slurm

# One tiny run is made, and then disturbed in every way. The campaign on the whole demo is a command of docs/faults.md.
test-faults: $(PACKAGE)
	@rm -rf $(FAULTS) && mkdir -p $(FAULTS)
	@echo "== Orphans, two Snakemakes, wrong clocks, flipped bits that are made good"
	@TEST_FAULTS=1 FAULTS_FOLDER=$(FAULTS) OMP_NUM_THREADS=1 $(BIN)/pytest tests/faults
	@echo "== Disks that are full or cannot be written to, inputs that cannot be read"
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.faults.full_disk --reference $(FAULTS)/reference
	@echo "== Flipped bits"
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.faults.flips --reference $(FAULTS)/reference
	@echo "== Kills"
	@$(BIN)/python -m tests.faults.kill_campaign --reference $(FAULTS)/reference --workdir $(FAULTS)/campaign

check: $(PACKAGE)
	@echo "== Python: ruff"
	@$(BIN)/ruff check src tests benchmarks website
	@$(BIN)/ruff format --check src tests benchmarks website
	@echo "== Types: pyright"
	@$(BIN)/pyright
	@echo "== Layers: import-linter"
	@$(BIN)/lint-imports --no-logo
	@echo "== Rules: snakefmt and snakemake --lint"
	@$(BIN)/snakefmt --check Snakefile rules
	@$(BIN)/snakemake --lint

# The installed list is kept inside the environment; it is made afresh only where the contents differ.
$(INSTALLED): requirements.txt
	@if cmp -s requirements.txt $@; then touch $@; else $(MAKE) --no-print-directory environment; fi

.PHONY: environment
environment:
	@test ! -L $(VENV) || { echo "$(VENV) is a link: a fresh environment would empty the one that it leads to." \
		"Remove the link, or run make where $$(readlink $(VENV)) is."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed, found $$($(PYTHON) -V 2>&1); name one with make PYTHON=..."; exit 1; }
	@echo "== Step 1 of 3: a fresh environment in $(VENV), with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv --clear $(VENV)
	@echo "== Step 2 of 3: $$(grep -c == requirements.txt) packages, 6.5 GB, some minutes"
	@$(PIP) install --no-deps --progress-bar on -r requirements.txt
	@cp requirements.txt $(INSTALLED)

$(PACKAGE): pyproject.toml $(INSTALLED)
	@echo "== Step 3 of 3: this package"
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@cp pyproject.toml $@

# Beside the environment and not in it: peft imports these packages wherever it finds them, in every job.
$(QUANTISED)/requirements.txt: requirements-quantised.txt $(PACKAGE)
	@rm -rf $(QUANTISED)
	@$(PIP) install --quiet --no-deps --target $(QUANTISED) -r requirements-quantised.txt
	@cp requirements-quantised.txt $@

# The wheel is made of the source distribution, and that of a fresh copy: setuptools puts whatever an earlier build left
# in build/ into a wheel, modules that are gone included.
wheel: $(PACKAGE)
	@$(MAKE) --no-print-directory packages
	@ls $(DIST)

.PHONY: packages
packages:
	@rm -rf $(DIST) && mkdir -p $(DIST)/source
	@cp -r LICENSE README.md pyproject.toml src $(DIST)/source && rm -rf $(DIST)/source/src/*.egg-info
	@python=$$(realpath --no-symlinks $(BIN)/python) && cd $(DIST)/source \
		&& $$python -c 'from setuptools.build_meta import build_sdist; build_sdist("..")' > ../sdist.log
	@$(PIP) wheel --quiet --no-deps --no-index --no-build-isolation --wheel-dir $(DIST) $(DIST)/*.tar.gz
	@rm -rf $(DIST)/source $(DIST)/sdist.log

# Without --quiet, which would silence the check of the links as well.
docs: $(DOCS)/requirements.txt
	@$(BIN)/python -m website.stage build/pages
	@PYTHONPATH=$(DOCS):. $(BIN)/python -m properdocs build --strict --config-file website/mkdocs.yml
	@echo "== The site: $(CURDIR)/build/site/index.html"

$(DOCS)/requirements.txt: requirements-docs.txt $(PACKAGE)
	@rm -rf $(DOCS)
	@$(PIP) install --quiet --no-deps --target $(DOCS) -r requirements-docs.txt
	@cp requirements-docs.txt $@

# With the results of `make demo`, if they are there: README.md's prompts and clips.
bench: $(PACKAGE)
	@$(BIN)/python -m benchmarks.history

clean:
	rm -rf results/puppets results/own_clips data/puppets/ntu data/puppets/own_clips .pytest_cache .ruff_cache .import_linter_cache build
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
