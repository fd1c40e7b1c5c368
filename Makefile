# Every target installs what it needs. The two that matter: `make test`, and `sudo ./bin/stack.sh`.

SHELL := /bin/bash
NODE := $(firstword $(wildcard node_modules/node-linux-*/bin/node) node)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help deps check test unit e2e e2e-repeat image dashboard binary bench vm-test conformance screenshots clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

node_modules/.installed: package.json package-lock.json
	@bin/install-packages
	@touch $@

deps: node_modules/.installed ## Node 24 and the npm packages (registry only), and as root the Debian packages of the tests
	@$$(echo node_modules/node-linux-*/bin/node) --disable-warning=ExperimentalWarning test/support/install-packages.ts

check: deps ## Types, lint, format
	tsc --noEmit
	tsc --noEmit -p src/dashboard/ui
	biome check --error-on-warnings .

test: check ## Everything a change must pass: check, unit tests, e2e with a real cloud (as root)
	@test/support/run.sh

unit: deps ## The quick half: everything but the end-to-end tests
	@test/support/run.sh unit

e2e: deps ## A real stack in namespaces of its own: guests, floating IPs, SSH. TENREC=path runs another executable
	@test/support/run.sh e2e

e2e-repeat: deps ## The end-to-end tests N times (20), a line a run; LOAD=1 beside two busy loops and a disk hog, LOAD=5 five times that
	@test/support/repeat.sh $(or $(N),20)

image: deps ## The built-in guest image, from Debian packages
	images/build.sh

dashboard: deps ## The pages of the dashboard, where their sources have changed: .build/dashboard
	$(NODE) --disable-warning=ExperimentalWarning src/dashboard/build.ts

binary: deps dashboard ## One file that needs no Node, npm or checkout: dist/tenrec
	$(NODE) --disable-warning=ExperimentalWarning src/binary/build.ts

bench: deps ## Figures beside real OpenStack and bare QEMU: a table and dist/bench.json; PART=api, scale, data or guests
	$(NODE) --disable-warning=ExperimentalWarning test/bench/run.ts

vm-test: deps binary ## The executable on a Debian with systemd in an emulated PC: unit, kills, reboots, LVM, AppArmor. Takes an hour or more
	@$(NODE) --disable-warning=ExperimentalWarning test/support/install-packages.ts mmdebstrap:mmdebstrap qemu-system-x86_64:qemu-system-x86
	@test/support/run.sh x test/vm/*.vm.ts

conformance: deps image ## tempest's smoke tests with real guests; LIST=a,b for other lists, FAKE=1 without guests
	test/conformance/run.sh --record $(if $(FAKE),--fake)

screenshots: deps ## A picture of every page of the dashboard, light, dark and narrow: dist/screenshots
	$(NODE) --disable-warning=ExperimentalWarning test/dashboard/screenshots.ts $(PAGES)

clean: ## What builds and tests left in this folder
	rm -rf dist .build
