# Signalbox without Nix: everything is built from Rust crates, Go modules and npm packages.
# `make` alone lists the targets.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

# Options of the demo, as in: make demo ARGS="--network 127.1.0"
ARGS ?=

# Cases of a benchmark, as in: make bench-collector CASES="counter-10k,overload-400k"
CASES ?=

# Tests of machines, as in: make test-systemd TESTS="gate pair"
TESTS ?=

# npm says what is wrong, not what is deprecated
export npm_config_loglevel = error

WEB  := crates/dashboard/web
BENCH := bench/Cargo.toml
MACHINES := vm-tests/systemd/Cargo.toml
SDK_TESTS := crates/collector/tests/sdks
PNPM  = npx --yes $(shell node -p "require('./$(WEB)/package.json').packageManager")
step  = @printf '\n\033[1m==> %s\033[0m  (%s)\n' '$(1)' "$$(date +%T)"

# $(call need,PROGRAM,WAY TO GET IT)
need = command -v $(1) >/dev/null || { echo "make: $(1) is missing; $(2)" >&2; exit 1; }

nix = [ -n "$${NIX_ROOT:-}" ] || $(call need,nix-store,install it by: apt-get install --no-install-recommends nix-bin (or as https://nixos.org/download says))

chromium = $(call need,$${CHROMIUM:-chromium},install it by: apt-get install chromium (or name one: CHROMIUM=/path/to/chromium))

##@ Run it

.PHONY: demo
demo: tools programs web ## Build what is missing and run the whole box on this machine (options: ARGS="…", see ARGS=--help)
	$(call step,Rust services: release build)
	cargo build --release --locked --workspace --bins
	@exec target/release/signalbox-demo $(ARGS)

##@ Test it

.PHONY: test
test: tools lint test-web test-stack check-nix test-rust ## The whole default test suite, end-to-end test included

.PHONY: test-full
test-full: export SIGNALBOX_TEST_FULL = 1
test-full: test ## The default suite, and what takes long: blocks and their way, faults, full disks, five-minute windows (as root)
	$(call step,Long proofs on a whole box)
	cargo test --locked -p signalbox-demo --test full -- --nocapture --test-threads=1

.PHONY: lint
lint: tools ## Formatting and lints of the Rust code, warnings are errors
	$(call step,Formatting and lints)
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	@# no target of `cargo test`, and so none of all targets
	cargo clippy --locked -p signalbox-demo --test full -- -D warnings
	cargo fmt --manifest-path $(BENCH) --all --check
	cargo clippy --manifest-path $(BENCH) --target-dir target --locked --workspace --all-targets -- -D warnings
	cargo fmt --manifest-path $(MACHINES) --all --check
	cargo clippy --manifest-path $(MACHINES) --target-dir target --locked --all-targets -- -D warnings
	if command -v shellcheck >/dev/null; then shellcheck bench/closure/run bench/collector/run bench/collector/go/build bench/stack/run packaging/debian/build packaging/debian/*/p* vm-tests/systemd/image vm-tests/systemd/machine vm-tests/systemd/run vm-tests/systemd/vm; fi

.PHONY: test-web
test-web: web ## Types, lints, licences, size, unit and browser tests of the web app
	$(call step,Web app: checks and tests)
	@$(chromium)
	cd $(WEB) && $(PNPM) run check && $(PNPM) run test && $(PNPM) run licenses && $(PNPM) run e2e

.PHONY: test-stack
test-stack: programs ## The third-party parts' configuration: promtool, amtool, rule tests, licences
	$(call step,Configuration and rules of the third-party parts)
	stack/check
	go test -C stack/go/licenses .
	go run -C stack/go/licenses .

.PHONY: check-nix
check-nix: programs ## The flake, the NixOS modules and the unit files; with Nix and NIXPKGS=… it evaluates everything as well
	$(call step,NixOS modules and unit files)
	nixos/check

.PHONY: test-rust
test-rust: export SIGNALBOX_BROWSER_TEST = 1
test-rust: export SIGNALBOX_NIX_TEST = 1
test-rust: tools programs web ## Unit, integration and end-to-end tests of the Rust code
	$(call step,Rust: tests from unit to end-to-end)
	@$(chromium)
	@$(nix)
	cargo test --locked --workspace
	cargo test --manifest-path $(BENCH) --target-dir target --locked --workspace

.PHONY: test-systemd
test-systemd: tools programs web ## Our Debian packages on machines with a real systemd (systemd-nspawn), with the third-party programs beside them (as root)
	$(call step,Machines with a real systemd)
	vm-tests/systemd/run $(TESTS)

.PHONY: test-vm
test-vm: tools programs web ## The same under QEMU: power cut, full disk, clock jump, memory limit; a quarter of an hour (as root)
	$(call step,Virtual machines)
	vm-tests/systemd/run --vm $(TESTS)

# Seconds per target, and which
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= protobuf json state

.PHONY: fuzz
fuzz: ## Random input for the readers of foreign data (FUZZ_SECONDS=60 for each of FUZZ_TARGETS="protobuf json state")
	@$(call need,cargo-fuzz,install it by: cargo install --locked cargo-fuzz)
	@$(call need,c++,install a C++ compiler for libFuzzer: apt-get install g++)
	@# without a sanitizer, which only the nightly compiler has: our code has no unsafe blocks for it to watch
	cd fuzz && for target in $(FUZZ_TARGETS); do \
	  dictionary=; [ ! -e $$target.dict ] || dictionary=-dict=$$target.dict; \
	  mkdir -p corpus/$$target; \
	  cargo fuzz run --sanitizer none --release $$target corpus/$$target seeds/$$target -- \
	    -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 $$dictionary; \
	done

# Which SDKs
SDKS ?= rust python go javascript java

.PHONY: test-sdks
test-sdks: tools ## The OpenTelemetry SDKs send to the collector, and a scrape is compared with what they recorded (SDKS="rust go")
	@$(call need,python3,install Python 3.11 or newer with venv: apt-get install python3-venv)
	@$(if $(filter java,$(SDKS)),$(call need,mvn,install Maven and a JDK of 17 or newer: apt-get install maven; or leave Java out: SDKS="rust python go javascript"))
	$(call step,Collector: what OpenTelemetry SDKs send)
	cargo build --locked -p signalbox-collector
	$(SDK_TESTS)/build target/sdks $(SDKS)
	$(SDK_TESTS)/run target/debug/signalbox-collector target/sdks $(SDKS)

.PHONY: screenshots
screenshots: tools programs web ## Take the pictures of the README anew, from a running box
	cargo build --locked --workspace --bins
	target/debug/signalbox-demo run --network 127.88.0 --state-dir target/screenshots-state --fresh \
	  --then 'sleep 330; node $(WEB)/e2e/shots.mjs --url $$SIGNALBOX_DASHBOARD_URL --out docs/images'

##@ Measure it

.PHONY: bench-collector
bench-collector: ## The collector beside the OpenTelemetry Collector, a quarter of an hour (CASES="a,b", ARGS="--quick", see bench/README.md)
	@$(call need,cargo,install Rust 1.95 or newer: https://rustup.rs)
	@bench/collector/run $(addprefix --cases ,$(CASES)) $(ARGS)

.PHONY: bench-stack
bench-stack: tools programs ## The whole stack under a million series, a quarter of an hour (ARGS="--quick", ARGS=--help, see bench/README.md)
	@bench/stack/run $(ARGS)

.PHONY: bench-closure
bench-closure: ## Verification of a Nix store beside sha256sum, a minute (ARGS=--help, see bench/README.md)
	@bench/closure/run $(ARGS)

##@ Build it

.PHONY: packages
packages: tools web ## Debian packages of our services, into target/debian (ARGS="--profile dev", docs/debian.md)
	@$(call need,dpkg-shlibdeps,install it by: apt-get install dpkg-dev)
	$(call step,Debian packages)
	packaging/debian/build $(ARGS)

.PHONY: programs
programs: tools ## The third-party programs, from the versions pinned in stack/go (each built once, then cached)
	$(call step,Third-party programs)
	stack/go/build

.PHONY: nix-hashes
nix-hashes: tools ## Recompute the hashes that the flake pins (ARGS=--update writes them; needs Nix, see nixos/README.md)
	nixos/hashes $(ARGS)

.PHONY: web
web: $(WEB)/dist/index.html ## The web app, which the dashboard carries

$(WEB)/dist/index.html: $(WEB)/node_modules/.modules.yaml $(shell find $(WEB)/src $(WEB)/public $(WEB)/index.html $(WEB)/vite.config.ts -type f 2>/dev/null)
	$(call step,Web app: build)
	cd $(WEB) && $(PNPM) run build
	@touch $@

$(WEB)/node_modules/.modules.yaml: $(WEB)/package.json $(WEB)/pnpm-lock.yaml | tools
	$(call step,Web app: packages)
	cd $(WEB) && $(PNPM) install --frozen-lockfile --prefer-offline
	@touch $@

.PHONY: tools
tools:
	@$(call need,cargo,install Rust 1.95 or newer: https://rustup.rs)
	@$(call need,cc,install a C compiler for Rust to link with: apt-get install gcc)
	@$(call need,go,install Go 1.26 or newer: https://go.dev/doc/install)
	@$(call need,node,install Node.js 20.19 or newer: https://nodejs.org)
	@$(call need,npx,install npm together with Node.js: https://nodejs.org)

.PHONY: help
help:
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
