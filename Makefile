# make demo · make test · make soak · make mutants · make bench · make tour · make setup · make lint
# Everything that is built lies outside the clone, so that a fresh clone finds it again.

export LINLI_TARGET_DIR ?= $(HOME)/.cache/linli/target
export CARGO_TARGET_DIR := $(LINLI_TARGET_DIR)
export LINLI_DATA ?= $(HOME)/.cache/linli/demo
export LINLI_LISTEN ?= 127.0.0.1:8080
# An error value with a backtrace costs a plugin's call a quarter of its time.
unexport RUST_BACKTRACE

LINLI := $(CARGO_TARGET_DIR)/release/linli
BUNDLED := elder-allowance residence-certificate
GUESTS := hostile bare probe
PACKAGES := $(foreach plugin,$(BUNDLED),plugins/$(plugin)/dist/$(plugin).wasm)
GUEST_PACKAGES := $(foreach guest,$(GUESTS),tests/guests/$(guest)/dist/$(guest).wasm)
# What makes SQL of an authorised plan, and rows of what comes back.
SQL := sql relation read layout members aggregate
# Workspaces of their own, because guests are another target. They are checked on this machine's.
GUEST_WORKSPACES := sdk/rust plugins tests/guests

.PHONY: setup build guests demo test soak mutants bench tour lint format clean

setup: ## compilers and tools that this machine lacks
	@tools/setup

build: setup
	cargo build --release --locked -p linli -p linli-verify -p linli-witness

# Packages are cheap to build again, and cargo knows best what changed.
guests: build
	@for plugin in $(BUNDLED:%=plugins/%) $(GUESTS:%=tests/guests/%); do $(LINLI) plugin build $$plugin || exit 1; done

demo: guests ## a real street of Guangzhou with a synthetic population, served until Ctrl-C
	@exec $(LINLI) demo $(PACKAGES:%=--plugin %)

test: guests ## everything, hosts on SQLite and on PostgreSQL
	@tools/setup test
	cargo test --release --locked --workspace --exclude linli-bench
	LINLI_TEST_DATABASE=postgres cargo test --release --locked --workspace --exclude linli-bench --test host
	@tools/test-sdk

# LINLI_CASES says how many, LINLI_SEED where chance begins.
soak: export LINLI_CASES ?= 1000000
soak: guests ## the reference model against hosts on both databases, for as long as you like
	@tools/setup test
	cargo test --release --locked --workspace --exclude linli-bench --test model -- --nocapture

# Unoptimised code takes more stack for the conditions that nest deepest. What fails need not be made small first. Whether all
# is well unchanged cargo-mutants would ask of the store's own tests. MUTANTS='--shard 0/8' tries the first eighth.
mutants: export CARGO_TARGET_DIR := $(LINLI_TARGET_DIR)/mutants
mutants: export CARGO_PROFILE_DEV_DEBUG := 0
mutants: export RUST_MIN_STACK := 67108864
mutants: export PROPTEST_MAX_SHRINK_ITERS := 0
mutants: setup ## changes decisions and SQL in a thousand ways, each of which a test must notice: an hour or two
	@tools/setup test
	@tools/setup mutants
	cargo mutants $(MUTANTS) -p linli-scope -o $(CARGO_TARGET_DIR)/scope --timeout 60 -C=--lib
	cargo test --locked -p linli-tests --test store --test tables
	cargo mutants $(MUTANTS) -p linli-store -o $(CARGO_TARGET_DIR)/store --timeout 100 $(SQL:%=-f host/store/src/%.rs) \
		--baseline skip --test-package linli-tests -C=--test=store -C=--test=tables

tour: guests ## drives a running demo as its users would
	cargo run --release --locked -q -p linli-tests --bin tour

bench: guests ## side by side with a hand-written service
	@tools/setup bench
	cargo build --profile dist --locked -p linli -p linli-bench --bins
	@exec $(CARGO_TARGET_DIR)/dist/linli-bench

lint: setup
	cargo fmt --all --check
	cargo clippy --release --locked --workspace --all-targets -- -D warnings
	@for workspace in $(GUEST_WORKSPACES); do \
		cargo fmt --manifest-path $$workspace/Cargo.toml --all --check && \
		cargo clippy --locked --manifest-path $$workspace/Cargo.toml --target-dir $(CARGO_TARGET_DIR)/sdk --all-targets -- -D warnings || exit 1; \
	done

format:
	cargo fmt --all
	@for workspace in $(GUEST_WORKSPACES); do cargo fmt --manifest-path $$workspace/Cargo.toml --all || exit 1; done

clean: ## forgets the demonstration's data
	rm -rf $(LINLI_DATA)
