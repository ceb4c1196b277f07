# make help lists the targets. Each target does the set-up that it needs (scripts/setup.sh).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PYTHON TORCH TORCH_INDEX_URL BENCH
# Tests that run side by side: most of them wait, for messages or for processes.
JOBS ?= 3

ENV := . scripts/env.sh

.PHONY: help setup demo test page docs bench bench-cuda soak fuzz fuzz-coverage lint audit lock clean \
  distclean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Variables: CLIP=video (demo), TESTS='paths and options' JOBS=3 (test), BENCH=quick (bench),"
	@echo "  MINUTES=m SPEED=s SEED=n CLIPS=folder (soak), INPUTS=n SEED=n SECONDS=s TARGETS='image …' (fuzz),"
	@echo "  PYTHON=python3.x, TORCH=cpu|cuda, TORCH_INDEX_URL"

setup: ## environment in .venv, messages in build/ros; only what is not done yet
	@scripts/setup.sh

demo: setup ## a face and a voice, or CLIP=path, through real ROS 2 nodes with a live view
	@$(ENV) && emotion-recognition demo $(if $(CLIP),--clip "$(CLIP)")

test: setup ## all tests, or TESTS='test/test_x.py -k word'
	@scripts/setup_page.sh
	@$(ENV) && python -m pytest --numprocesses $(JOBS) --dist loadfile $(TESTS)

page: ## build the dashboard's page into the package (needs Node.js 20 and npm)
	@scripts/setup_page.sh
	npm --prefix frontend run build

docs: setup ## the documentation as a site in build/docs/html
	@$(ENV) && python -m sphinx -q -W --keep-going -d build/docs/doctrees docs build/docs/html
	@echo "build/docs/html/index.html"

bench: setup ## measure speed, latency and loss: a table, and build/bench.json
	@$(ENV) && python -m bench.run

bench-cuda: setup ## times of the networks on a GPU beside the roofline's floor (docs/gpu.md)
	@$(ENV) && python -m bench.cuda

soak: setup ## MINUTES=m of stream time through the real node, with faults: a table, and build/soak.json
	@$(ENV) && python -m soak.run $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SPEED),--speed $(SPEED)) \
	  $(if $(SEED),--seed $(SEED)) $(if $(CLIPS),--clips "$(CLIPS)")

fuzz: setup ## INPUTS=120000 random and damaged inputs, by SEED=1, into all that decodes (docs/reliability.md)
	@$(ENV) && python -m fuzz.run $(if $(INPUTS),--inputs $(INPUTS)) $(if $(SEED),--seed $(SEED)) $(if $(TARGETS),--targets $(TARGETS))

fuzz-coverage: setup ## the same guided by coverage, for SECONDS=60 (needs pip install atheris)
	@$(ENV) && python -m fuzz.coverage_guided $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(if $(TARGETS),--targets $(TARGETS))

lint: setup ## ruff and mypy
	@$(ENV) && ruff check . && ruff format --check . && mypy

audit: ## known vulnerabilities of the pinned packages; without a network it says so
	@python3 scripts/audit.py

lock: ## write requirements/lock anew (needs python3.10 to python3.13)
	@python3 scripts/lock.py

clean: ## remove what was built, keep .venv
	rm -rf build install log .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean ## remove .venv too
	rm -rf .venv
