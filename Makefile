# seatline: `make demo` runs the main job, `make test` passes the tests; both set up what they need.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: demo clean-demo test check bench load kills lock
.DEFAULT_GOAL := demo

.venv/ready: requirements.lock pyproject.toml docker/python.sh
	@docker/python.sh "$(PYTHON)"
	@touch $@

demo: .venv/ready            ## from three contracts to three bills, with real calls
	@$(BIN)/python docker/demo/demo.py

clean-demo:                  ## takes the demo's containers, ledger and files away again
	@docker/demo/clean.sh

test: .venv/ready            ## every check and every test, with a real Asterisk and a real PostgreSQL
	@docker/test.sh

check: .venv/ready           ## the quick part: format, lint, types, fences and unit tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests --ignore=tests/live --ignore=tests/provisioning/store

bench: .venv/ready           ## figures and ratios: apply, plan, collect, rate, start-up
	@docker/bench.sh

load: .venv/ready            ## a busy hour of 69 seats in a minute, and a full line, by SIPp
	@docker/load.sh

kills: .venv/ready           ## collecting and rating killed 1000 times at random moments, on both databases
	@$(BIN)/python -m tests.faults.kills --times 1000

lock:                        ## pins every dependency anew (needs uv)
	uv pip compile pyproject.toml --extra softphone --group dev --generate-hashes --no-header \
	    --no-annotate --python-version 3.11 --quiet --upgrade -o requirements.lock
