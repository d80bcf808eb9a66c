# Cairn: build, test, measure. `make` alone lists what there is.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

GO          ?= go
STATICCHECK ?= honnef.co/go/tools/cmd/staticcheck@v0.8.2
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME    ?= 5m
PKGS        ?= ./...
# The packages whose tests take longest go first, so that no core waits for the other at the end.
LONG        := ./testnet/scenario ./gossip ./overlay ./testnet ./testnet/sim ./testnet/bench/lab ./node/store ./node/api

# Everything is pure Go; only the race detector needs a C compiler.
export CGO_ENABLED := 0

say = @printf '\n== %s\n'

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: build
build: ## build bin/cairn and bin/cairn-testnet
	$(say) 'build $(VERSION)'
	@$(GO) build -buildvcs=false -ldflags '-X main.version=$(VERSION)' -o bin/ ./cmd/cairn ./cmd/cairn-testnet
	@ls -1 bin/cairn bin/cairn-testnet

.PHONY: test fmt vet lint unit
test: fmt vet lint unit ## format, vet, staticcheck, every test: what a change must pass
	$(say) 'test: all passed'

fmt:
	$(say) 'gofmt'
	@files=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .); \
	if [ -n "$$files" ]; then printf 'not formatted; run gofmt -w on:\n%s\n' "$$files"; exit 1; fi

vet:
	$(say) 'go vet $(PKGS)'
	@$(GO) vet -tags soak $(PKGS)

lint:
	$(say) '$(notdir $(STATICCHECK)) $(PKGS)'
	@$(GO) run $(STATICCHECK) -tags soak $(PKGS)

unit:
	$(say) 'go test $(PKGS)'
	@$(GO) test $(if $(filter ./...,$(PKGS)),$(LONG)) $(PKGS)
	$(say) 'weak builds: one defence off, for each promise'
	@$(GO) test -tags cairn_weak ./testnet/weaktest

# The testnet packages live in synctest bubbles. The race detector keeps one context for
# all timers of a bubble, and crashes where two threads run some of them at once
# (runtime, timer.unlockAndRun, Go 1.26.8): there is one thread for Go code there. Races
# are found all the same, since the detector goes by what happens before what.
.PHONY: race
race: export CGO_ENABLED := 1
race: ## every test three times, shuffled, under the race detector
	$(say) 'go test -race $(PKGS)'
	@set -- -race -shuffle=on -count=3 -timeout 30m; \
	all=$$($(GO) list $(PKGS)); \
	$(GO) test "$$@" $$(grep -v /testnet <<< "$$all"); \
	$(GO) test "$$@" -cpu 1 $$(grep /testnet <<< "$$all")

.PHONY: weak
weak: ## take each defence away, and see its attack win
	$(say) 'weak builds: every defence off once'
	@$(GO) vet -tags cairn_weak ./internal/weak ./testnet/weaktest
	@$(GO) test -tags cairn_weak -v -timeout 60m -run TestWeakBuilds ./testnet/weaktest -full

.PHONY: demo
demo: build ## build, then run the demonstration network
	$(say) 'demo'
	@./bin/cairn-testnet demo

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (5m) each, one after the other
	@targets=$$(grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sort || true); \
	ran=0; failed=; \
	for target in $${targets//func /}; do \
		dir=$$(dirname "$${target%%:*}"); name=$${target##*:}; \
		printf '\n== fuzz %s %s for %s\n' "$$dir" "$$name" '$(FUZZTIME)'; \
		ran=$$((ran + 1)); \
		$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime '$(FUZZTIME)' -fuzzminimizetime 10x "$$dir" || failed="$$failed $$dir:$$name"; \
	done; \
	printf '\n== fuzz: %d targets, failed:%s\n' "$$ran" "$${failed:- none}"; \
	[ -z "$$failed" ]

.PHONY: bench
bench: ## every benchmark
	$(say) 'go test -bench $(PKGS)'
	@$(GO) test -run xxx -bench . -benchmem $(PKGS)

.PHONY: scenarios
scenarios: ## every scenario of testnet/testdata, the long ones too (some minutes)
	$(say) 'go test ./testnet/scenario -all'
	@$(GO) test -timeout 60m -run TestScenarios ./testnet/scenario -all

.PHONY: soak
soak: ## the long suites of the test network (up to an hour)
	$(say) 'go test -tags soak ./testnet/...'
	@$(GO) test -v -p 1 -tags soak -timeout 60m -run Soak ./testnet/...

# Chromium comes from Debian's packages where there is none; elsewhere install it first.
.PHONY: browser
browser: ## the live page in a headless Chromium, with mouse and keyboard (some minutes)
	$(say) 'go test -tags browser ./testnet/browser'
	@for b in chromium chromium-browser google-chrome; do if command -v $$b > /dev/null; then found=yes; fi; done; \
	[ -n "$${found:-}" ] || { apt-get update && apt-get install -y --no-install-recommends chromium; }
	@$(GO) vet -tags browser ./testnet/browser
	@$(GO) test -v -tags browser -timeout 30m ./testnet/browser $(if $(SHOTS),-shots '$(abspath $(SHOTS))')

.PHONY: docs
docs: ## every shell block of the documentation, in namespaces of its own (Linux; a minute)
	$(say) 'go test ./cmd/cairn -run Pages -pages'
	@$(GO) test -count=1 -v -run 'Page' ./cmd/cairn -pages

.PHONY: chaos
chaos: build ## separate daemons in network namespaces, broken for 10 minutes (Linux, root)
	$(say) 'chaos'
	@./bin/cairn-testnet chaos testnet/chaos/testdata/*.txt
	@./bin/cairn-testnet chaos $(CHAOS)

.PHONY: release
release: ## archives for all platforms, with lists of modules and checksums, in dist/
	$(say) 'release $(VERSION)'
	@$(GO) run ./internal/release -version '$(VERSION)' -out dist $(if $(ONLY),-only '$(ONLY)')

.PHONY: reproduce
reproduce: ## make release twice, the second time without any cache: the same bytes?
	$(say) 'reproduce $(VERSION)'
	@$(GO) run ./internal/release -version '$(VERSION)' -out dist -check $(if $(ONLY),-only '$(ONLY)')

.PHONY: cover
cover: ## test coverage per function and in all, in cover.out
	$(say) 'go test -cover $(PKGS)'
	@$(GO) test -coverprofile=cover.out $(PKGS)
	@$(GO) tool cover -func=cover.out

.PHONY: clean
clean: ## remove what the other targets made
	@rm -rf bin dist cover.out
