# Everything a contributor runs. `make` alone lists it.
#
# Two commands are enough to start: `make demo` and `make test`.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts -type f 2>/dev/null)

# Tests wait for servers and databases most of their time: two at once for each processor.
export RUST_TEST_THREADS ?= $(shell expr 2 \* $$(nproc))

# One build for all tests, whatever runs them.
TEST := cargo test --profile tested --workspace

.PHONY: help demo prepare test test-rust test-clients test-sim sim sim-selftest attack-suite test-web e2e check quick bench slow-link \
	requirements api-coverage clean

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: web/dist/index.html ## Two connected organisations to try, on ports 8065 and 8066; Ctrl-C stops them
	cargo build --release --bin rialto
	node scripts/demo.mjs

test: prepare test-rust test-clients test-sim test-web e2e ## All tests: both databases, both languages, the demo, the browser

prepare: ## Install PostgreSQL and Chromium for the tests, if they are missing
	scripts/prepare

test-rust: web/dist/index.html ## Rust tests on SQLite and PostgreSQL, and the demo once
	node scripts/attack-suite.mjs --clear
	scripts/postgres run $(TEST)
	node scripts/attack-suite.mjs --check
	RIALTO_BIN=target/tested/rialto node scripts/demo.mjs --once

attack-suite: web/dist/index.html ## Write docs/attack-suite.md from a run of the attacks
	node scripts/attack-suite.mjs --clear
	scripts/postgres run $(TEST) --test it -- security::
	node scripts/attack-suite.mjs

# The server as the tests build it, as for the browser below.
test-clients: web/dist/index.html ## Official clients, from npm and PyPI, against fresh servers
	$(TEST) --no-run --quiet
	RIALTO_BIN=target/tested/rialto node scripts/clients.mjs

test-sim: sim sim-selftest ## The simulation, and its own test

sim: ## Four servers on a bad network agree in the end: 200 seeds, or SEED=n, PLAN=file; OPS=n
	SEED=$(SEED) PLAN=$(PLAN) SEEDS=$(or $(SEEDS),200) OPS=$(or $(OPS),1000) $(TEST) --test simulation -- --nocapture

sim-selftest: ## Plants five defects and sees the simulation find each
	$(TEST) --test simulation -- --nocapture --ignored planted

test-web: web/node_modules/.package-lock.json ## Unit tests of the web client
	cd web && npm test

# The server as the tests build it: built by itself it has fewer features, and would be built a second time.
e2e: web/dist/index.html ## Browser tests: Chromium against real servers
	$(TEST) --no-run --quiet
	cd web && RIALTO_BIN=$(CURDIR)/target/tested/rialto npm run e2e

check: web/dist/index.html ## Formatting, lints, types, licences, what tests show
	cargo fmt --all --check
	cargo clippy --profile tested --workspace --all-targets -- -D warnings
	cd web && npm run check
	node scripts/licences.mjs
	node scripts/requirements.mjs --check

quick: ## Unit tests only, in seconds
	scripts/postgres run cargo test --workspace --lib

bench: web/dist/index.html ## Latency, throughput, catch-up, start-up, memory, migration
	RIALTO_TEST_POSTGRES=$$(scripts/postgres start bench) cargo bench -p rialto-server --bench sharing --bench history --bench migration; \
		status=$$?; scripts/postgres stop bench; exit $$status

slow-link: ## A 2 GiB file over 20 Mbit/s, 80 ms and a break; a quarter of an hour, as root
	cargo build --release --bin rialto
	node scripts/slow-link.mjs

api-coverage: ## Write docs/api-coverage.md: which operations of API v4 there are (OPENAPI=file)
	node scripts/api-coverage.mjs

requirements: ## Write docs/requirements.md from the tests' tags
	node scripts/requirements.mjs

clean: ## Remove what was built
	cargo clean
	rm -rf web/dist web/node_modules

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run build
	@touch $@
