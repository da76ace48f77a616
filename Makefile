# The two commands of the README are `make demo` and `make test`; each does all of its set-up.

CARGO ?= cargo
# Tests that need neither root nor Docker.
PURE = --lib --bins --test pure --test bad_input --test converger

# Always of the whole workspace: a build of some crates alone builds the same libraries again with other features.
PROGRAMS = --workspace --bins
# Those that the lab boots, and the demo.
DEMO = --workspace --bin=lab --bin=demo --bin=abra --bin=drone-server --bin=gitea --bin=converge-swarm \
  --bin=converge-traefik --bin=converge-drone --bin=drone-runner --bin=converge-bridge --bin=comment-bridge \
  --bin=converge-dashboard --bin=dashboard --bin=host-status

.PHONY: demo test check bench manual release nixos-test setup cargo tools clean

## Boot a disposable machine, converge it, break it, watch it repair itself.
# The set-up needs the lab's program alone; the others are built while it makes a root file system and builds Gitea.
demo: export CARGO_INCREMENTAL = 0
demo: cargo
	@echo "building the programs (the first time takes some minutes)"
	@$(CARGO) build --quiet --locked --workspace --bin=lab
	@target/debug/lab setup & setup=$$!; \
	  $(CARGO) build --quiet --locked $(DEMO) || { kill $$setup; exit 1; }; \
	  wait $$setup
	@target/debug/demo

## All tests. The last line counts them.
test: setup tools
	@tests/run

## Format, lints, pure tests, checks of the tree: every commit passes them.
check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) test --workspace --locked --quiet $(PURE)

## The figures, side by side with the same checks as shell.
bench: setup
	@echo "building the programs, optimised (the first time takes a quarter of an hour)"
	@$(CARGO) build --quiet --locked --release $(PROGRAMS)
	@target/release/bench; reached=$$?; \
	  DRONE_RUNNER=$(CURDIR)/target/release/drone-runner \
	    $(CARGO) test --quiet --locked -p system --test runner -- figures cancelled_is_gone --nocapture --test-threads=1 && exit $$reached

## Man pages and shell completions of all programs, in target/manual.
manual:
	@$(CARGO) run --quiet --locked -p manual -- target/manual

## make release VERSION=x.y.z: sets the version and makes the archive; commits and publishes nothing.
release:
	@CARGO=$(CARGO) .ci/release "$(VERSION)"

## The NixOS modules alone; NIXPKGS_LIB=/path/to/lib evaluates them with the real module system.
nixos-test:
	$(CARGO) test --locked -p nixos-tests

# Installs what the lab needs on this machine, and first lists what that is.
setup: cargo
	@$(CARGO) build --quiet --locked --workspace --bin=lab
	@target/debug/lab setup

cargo:
	@command -v $(CARGO) >/dev/null || { echo "error: there is no cargo on this machine"; \
	  echo "hint: install Rust 1.95 or later (https://rustup.rs), then try again"; exit 1; } >&2

# The cargo extensions that the tests run, once, below target/lab/tools.
tools:
	@tests/tools

clean:
	$(CARGO) clean
