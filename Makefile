.DEFAULT_GOAL := help
SHELL := /bin/bash

VENV := .venv
BIN := $(VENV)/bin
DATA := $(or $(CHORALE_DATA),var)
# The first interpreter that is recent enough and can make an environment.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
# The environment is made again when the lock or the project's own file changes.
INSTALLED := $(VENV)/.installed

help: ## Say what can be asked for
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(INSTALLED) ## Run the whole platform on this machine (http://127.0.0.1:8080)
	@exec $(BIN)/chorale up $(ARGS)

# Each process of a run compiles what it reads, unless the first may keep it for the others.
test: export PYTHONDONTWRITEBYTECODE =
test: $(INSTALLED) ## Run all tests
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

test-kafka: $(INSTALLED) ## Run the tests that meet a broker on Apache Kafka (a JDK and Maven)
	@for program in java mvn; do command -v $$program >/dev/null \
	|| { echo "Apache Kafka needs a JDK 17 and Maven: there is no $$program" >&2; exit 1; }; done
	CHORALE_TEST_KAFKA=apache $(BIN)/python -m pytest tests/kit/test_relay.py \
	tests/kit/test_listener.py tests/deploy/test_kafka.py tests/deploy/test_access.py \
	tests/deploy/test_guarded.py tests/deploy/test_tls.py tests/journeys/test_main_job.py $(ARGS)

faults: $(INSTALLED) ## Kill a thousand processes under load on Apache Kafka, and compare (50 minutes)
	$(BIN)/python -m tests.faults.run --report docs/faults.md $(ARGS)

faults-small: $(INSTALLED) ## The same with 40 kills, in a few minutes
	$(BIN)/python -m tests.faults.run --kills 40 --minutes 6 --no-singly $(ARGS)

test-oidc: $(INSTALLED) ## Sign in with a certified OpenID Connect provider (Node.js and npm)
	@for program in node npm; do command -v $$program >/dev/null \
	|| { echo "The provider needs Node.js: there is no $$program" >&2; exit 1; }; done
	npm ci --prefix tests/oidc --no-audit --no-fund --silent
	CHORALE_TEST_OIDC=1 $(BIN)/python -m pytest tests/oidc $(ARGS)

test-mta: $(INSTALLED) ## Send letters through a real Postfix (Debian's, as root)
	@test -x "$${CHORALE_POSTFIX}/usr/lib/postfix/sbin/master" \
	|| { echo "There is no Postfix: apt install postfix, or unpack its package into a folder" \
	"(dpkg -x) and name that: CHORALE_POSTFIX" >&2; exit 1; }
	CHORALE_TEST_MTA=1 $(BIN)/python -m pytest tests/mta $(ARGS)

test-image: $(INSTALLED) ## Do what the Dockerfile does, without Docker, and serve from it
	CHORALE_TEST_IMAGE=1 $(BIN)/python -m pytest tests/deploy/test_image.py $(ARGS)

test-restore: $(INSTALLED) ## Lose each service's database and bring it back
	CHORALE_TEST_RESTORE=1 $(BIN)/python -m pytest tests/deploy/test_restore.py $(ARGS)

test-alerts: ## Check the alerts and run their tests (promtool, of the package prometheus)
	@command -v promtool >/dev/null \
	|| { echo "There is no promtool: install Prometheus (Debian: apt install prometheus)" >&2; exit 1; }
	promtool check rules deploy/observability/alerts.yaml
	promtool check config deploy/observability/prometheus.yaml
	promtool test rules tests/observability/alerts_test.yaml

bench: $(INSTALLED) ## Measure the numbers of docs/benchmarks.md again (a quiet machine)
	$(BIN)/python -m tests.bench $(ARGS)

check: $(INSTALLED) ## Lint, formatting, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

features: $(INSTALLED) ## Say which features have tests and which have none
	$(BIN)/python -m tests.features

schemas: $(INSTALLED) ## Write the JSON Schema of each event again
	$(BIN)/python -m tests.tools.schemas

settings: $(INSTALLED) ## Write the list of all settings again
	$(BIN)/chorale settings > deploy/.env.example

openapi: $(INSTALLED) ## Write the OpenAPI document of each service again
	$(BIN)/python -m tests.tools.openapi

lock: ## Choose the versions of all dependencies again
	@test -n "$(PYTHON)" || { echo "$$NO_PYTHON" >&2; exit 1; }
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT \
	&& $(PYTHON) -m venv "$$folder" && "$$folder/bin/pip" install --quiet uv \
	&& compile() { "$$folder/bin/uv" pip compile --quiet --universal --generate-hashes \
		--python-version 3.11 --no-annotate --no-header --no-emit-index-url \
		--no-emit-find-links pyproject.toml "$$@"; } \
	&& compile --all-extras --upgrade --output-file requirements.lock \
	&& compile --constraint requirements.lock --output-file deploy/requirements.lock

clean-data: ## Empty the data folder (stop the platform first)
	@test ! -e $(DATA)/lock || ! command -v flock >/dev/null || flock --nonblock $(DATA)/lock true \
	|| { echo "The platform is running: stop it first" >&2; exit 1; }
	rm -rf "$(DATA)"

define NO_PYTHON
Python 3.11 or later is needed, with its venv module: none was found as python3, python3.11, ...
Install one (on Debian or Ubuntu: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python
endef
export NO_PYTHON

$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "$$NO_PYTHON" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: help run test test-kafka faults faults-small test-image test-mta test-oidc test-restore test-alerts bench check features schemas openapi settings \
	lock clean-data
