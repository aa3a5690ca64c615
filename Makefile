# What people type. Each target installs what it needs and this machine lacks.
CARGO ?= cargo
STATE ?= .gatewright
NODES ?= 2
FUZZ_SECONDS ?= 600

.PHONY: up down test lint test-ecosystem bench fuzz chaos build release clean-state

# Build, start a private Postgres, the control plane and two nodes, deploy the
# sample API, and say what to try.
up: release
	@tools/setup postgres curl
	@tools/up $(STATE) $(NODES)

down:
	@target/release/gwctl down --state-dir $(STATE)

release:
	@tools/setup cc
	$(CARGO) build --release --locked -p gwctl -p gw-control-plane -p gw-data-plane

# Formatting, lints, house rules, then every test of the workspace.
test:
	@tools/setup cc postgres wrk
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) run -q --locked -p gw-xtask -- tidy
	@rm -f target/skipped.txt
	$(CARGO) build --workspace --locked --bins
	$(CARGO) test --workspace --locked --no-fail-fast
	@tools/report-skipped

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) run -q --locked -p gw-xtask -- tidy

# Other people's clients against the running system.
test-ecosystem: release
	@tools/setup postgres python3 node npm curl java velocity libjsonpath-java \
		cc g++ make cmake autoreconf automake libtoolize node-headers
	@tests/ecosystem/run

# Side by side with peers; prints ratios.
bench: release
	@tools/setup postgres nginx wrk python3
	@tests/load/run

# Kills, cuts and stops parts of a running system under load.
chaos: release
	@tools/setup postgres wrk
	GATEWRIGHT_BIN_DIR=$(CURDIR)/target/release $(CARGO) test --locked -p gw-tests --test chaos -- --include-ignored --nocapture

# Coverage-guided, on the stable toolchain; each target for FUZZ_SECONDS.
fuzz:
	@tools/setup cc
	@tests/fuzz/run $(FUZZ_SECONDS)
