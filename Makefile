# The verbs of this project. `make help` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help

# The first Python on the path that the project supports.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
ARGS ?=
# A worker for each core. A test file stays whole on one worker; files with slow tests start first.
PARALLEL := -n auto --maxprocesses 8 --dist loadscope --no-loadscope-reorder

.PHONY: help demo test test-fast test-reference test-pgbouncer check check-writing hooks bench bench-check lighthouse soak soak-feed soak-webhooks fuzz format schema web documents lock clean

help:  ## List the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

demo: environment  ## Set everything up, make demo data and serve the API with GraphiQL
	@$(MAKE) --no-print-directory -j 2 runtime web
	@$(BIN)/leadgraph demo $(ARGS)

test: dev web  ## Set everything up and run all tests in parallel (ARGS="tests/db -n 0": some, in one process)
	@$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

test-fast: dev  ## Run the tests that answer within about a minute: none marked slow, browser or process
	@$(BIN)/python -m pytest $(PARALLEL) -m "not slow and not browser and not process" $(ARGS)

test-reference: dev  ## Run the tests of the schema on graphql-core's executor, and with row-level security
	@ROW_SECURITY=on LEADGRAPH_EXECUTOR=reference $(BIN)/python -m pytest $(PARALLEL) tests/schema tests/server/graphiql/test_examples.py \
		--ignore=tests/schema/test_executors.py --ignore=tests/schema/test_plans.py \
		--ignore=tests/schema/test_confinement.py $(ARGS)

test-pgbouncer: dev  ## Run the fast tests through PgBouncer in transaction mode (needs pgbouncer)
	@PGBOUNCER=on $(BIN)/python -m pytest $(PARALLEL) -m "not slow and not browser and not process" $(ARGS)

check: dev check-writing  ## Lint, types, layers, words, locks of migrations, migrations against models, committed schema
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.lint_revisions
	@$(BIN)/leadgraph check-migrations
	@$(BIN)/leadgraph schema --check

check-writing: dev  ## Check the words: docstrings, comments, messages, descriptions, documents (ARGS="--count")
	@$(BIN)/python -m tools.check_writing $(ARGS)

hooks: dev  ## Let git check the subject of each commit
	@hook="$$(git rev-parse --git-path hooks)/commit-msg"; mkdir -p "$$(dirname "$$hook")"; \
		if [ -e "$$hook" ]; then echo "$$hook exists already. Add this line to it:" >&2; \
		echo 'exec .venv/bin/python -m tools.commit_msg "$$1"'; exit 1; fi; \
		printf '#!/bin/sh\nexec .venv/bin/python -m tools.commit_msg "$$1"\n' >"$$hook" && chmod +x "$$hook"

bench: dev  ## Measure Leadgraph beside other servers on the same data (ARGS="--scale 0.25 --rounds 3": less)
	@$(BIN)/python -m bench.run $(ARGS)

bench-check: dev  ## Compare Leadgraph's ratios to the floor with bench/baseline.json (ARGS="--small": within a minute)
	@$(BIN)/python -m bench.check $(ARGS)

lighthouse: dev  ## Measure the page of a running demo by Lighthouse (ARGS="http://127.0.0.1:8000/inbox": another page)
	@$(BIN)/python -m bench.lighthouse $(ARGS)

soak: dev  ## Write at random while processes are killed, and prove that nothing is lost (ARGS="--seed 7": again)
	@$(BIN)/python -m bench.soak $(ARGS)

soak-webhooks: dev  ## Deliver 100,000 messages of webhooks while processes are killed (ARGS="--deliveries 5000")
	@$(BIN)/python -m bench.webhooks --kill-every 30 $(ARGS)

soak-feed: dev  ## Compare what consumers of changes get with what was committed (ARGS="--changes 100000 --worlds 100")
	@$(BIN)/python -m bench.feed_soak $(ARGS)

fuzz: dev  ## Send ten thousand random requests over the whole schema (FUZZ_CASES=100000 FUZZ_SEED=7: others)
	@FUZZ_CASES=$${FUZZ_CASES:-10000} $(BIN)/python -m pytest tests/schema/test_fuzz.py -q -s $(ARGS)

format: dev  ## Format the code and apply the linter's safe fixes
	@$(BIN)/ruff check --fix-only -q .
	@$(BIN)/ruff format .

schema: dev  ## Write schema.graphql after a change of the API
	@$(BIN)/leadgraph schema --write

web: environment  ## Build GraphiQL and the page from npm packages, once
	@$(BIN)/python -m web.build

documents: runtime  ## Compile the documents of the page after a change of its queries, and check its types
	@$(BIN)/python -m web.documents

lock: dev  ## Resolve the dependencies again (needs uv)
	@uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml locks/build.in -o locks/runtime.txt
	@uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra otel pyproject.toml locks/build.in -c locks/runtime.txt -o locks/otel.txt
	@uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra dev --extra otel pyproject.toml locks/build.in -c locks/otel.txt -o locks/dev.txt

clean:  ## Remove what was built and installed; the data folder stays
	@rm -rf .venv build server/static

.PHONY: environment runtime dev python
python:
	@test -n "$(PYTHON)" || { echo "Leadgraph needs Python 3.11, 3.12 or 3.13 on the PATH (or: make PYTHON=/path/to/python)." >&2; exit 1; }
environment: python
	@$(PYTHON) bootstrap.py environment
runtime: environment
	@$(PYTHON) bootstrap.py runtime
dev: environment
	@$(PYTHON) bootstrap.py dev
