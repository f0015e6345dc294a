# `make test` is everything that continuous integration runs. The other targets are parts of it, or tools.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help test packages format-check lint docs dependencies freestanding purity unit interleavings killed \
        browser host load schemathesis demo fmt bench end-to-end fuzz kill-provisioning kill-workers load-for-long soak book mutants


help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 20

test: packages format-check lint docs dependencies freestanding purity unit interleavings killed load host schemathesis browser ## All that must pass

packages: ## Install the Debian packages that are missing: a C compiler, libpq, PostgreSQL, PgBouncer, Redis
	@.ci/packages

format-check: ## The code is formatted
	cargo fmt --all --check
	rustfmt --check --edition 2024 core/freestanding/src/lib.rs core/purity-control/src/lib.rs

lint: ## Clippy without a warning, with every feature and with the sets that hosts choose
	cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
	cargo clippy --locked -p tenantry -- -D warnings
	cargo clippy --locked -p tenantry-postgres --all-targets -- -D warnings
	cargo clippy --locked -p tenantry-redis --all-targets -- -D warnings
	cargo clippy --locked -p tenantry-cli --all-targets -- -D warnings

docs: ## The API documentation builds without a warning
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --all-features --no-deps

dependencies: ## Licences, sources and known vulnerabilities of the dependencies
	@.ci/dependencies

freestanding: ## The core links without std, and builds for the bare machines that rustup has
	@.ci/freestanding

purity: ## Every ban of core/clippy.toml bites
	@.ci/purity

unit: ## Tests and doc tests, on servers of their own
	@# The system's libpq, where the connection itself matters; everything runs again below, on the bundled one.
	cargo test --locked -p tenantry-postgres --lib --test scope --test repository --test tls
	cargo test --locked -p tenantry-redis --lib
	cargo test --locked --workspace --all-features --no-fail-fast
	@# The command as most people build it, without Redis.
	cargo test --locked -p tenantry-cli --test cli cache

interleavings: ## What has locks of its own, in thousands of orders
	@.ci/interleavings

killed: ## Workers killed at random moments while 500 jobs run under them: half a minute
	scripts/kill-workers.sh -n 500

load: ## 200 connections on a host behind the layer for five seconds: no answer crosses
	scripts/load-requests.sh -s 5

browser: ## The dashboard in a real browser, over the server on SQLite and PostgreSQL; axe finds nothing
	@.ci/browser

host: ## The host crate of the book, on its own accounts
	@.ci/host

schemathesis: ## The administration's OpenAPI document against a live server: some thousand requests
	@.ci/schemathesis

demo: ## Show the promise, on SQLite files in a temporary folder
	cargo run --locked --release -p tenantry-cli -- demo

fmt: ## Format the code
	cargo fmt --all
	cargo fmt --manifest-path docs/host/Cargo.toml
	rustfmt --edition 2024 core/freestanding/src/lib.rs core/purity-control/src/lib.rs

bench: packages ## Measure the budget, and scopes, caches and jobs against the same without Tenantry: eight minutes and the build
	rm -rf bench-results/subjects
	cargo bench --locked -p tenantry-benches
	cargo bench --locked -p tenantry-benches --bench report

end-to-end: ## A whole host on PostgreSQL and Redis, each part of it killed and started again (also a part of unit)
	cargo test --locked -p tenantry-e2e

fuzz: ## What strangers write: hosts, headers, paths and tokens, for ten minutes (unit does it for seconds)
	BOLERO_RANDOM_ITERATIONS=1000000000 BOLERO_RANDOM_TEST_TIME_MS=120000 \
		cargo test --locked -p tenantry-fuzz -- --test-threads=1

load-for-long: ## The same load for a minute, optimised, with what the layer costs
	scripts/load-requests.sh -r

kill-provisioning: ## Kill provisionings at random moments and look at what is left
	scripts/kill-provisioning.sh

kill-workers: ## Kill workers at random moments while 10,000 jobs run under them, and look at what became of the jobs
	scripts/kill-workers.sh

soak: kill-workers kill-provisioning load-for-long fuzz ## The long runs: these, and a hundred times as many orders
	TENANTRY_INTERLEAVINGS=100 .ci/interleavings

book: ## Build the book into docs/book
	@command -v mdbook >/dev/null || cargo install --locked mdbook
	mdbook build docs

mutants: ## Mutate the core and see which changes no test notices
	@command -v cargo-mutants >/dev/null || cargo install --locked cargo-mutants
	cargo mutants -p tenantry --all-features
