# All set-up is in here: on a machine with Go, "make run" and "make test" work
# on a fresh clone. "make" alone lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build run demo test verify bench fuzz torture mutants pictures

# The version that the programs report; unknown where there is no git.
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# Checks at the versions that the code was held against.
STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOSEC := go run github.com/securego/gosec/v2/cmd/gosec@v2.22.10
GOVULNCHECK := go run golang.org/x/vuln/cmd/govulncheck@v1.1.4

# All packages; ./... passes by folders that begin with a dot.
PACKAGES := ./... ./.ci/testsummary

# The packages whose goroutines share state are tested once more under the race
# detector ("make test RACE=" leaves that out); so are the programs, in the
# tests' process and in those that the tests start. Matching shares none but with
# the console and the programs, which are there; of the console, the frame, what
# works in the background and what takes files.
RACE := $(patsubst %,./%/...,$(wildcard access charge cmd finance ledger notify soap store)) ./reconcile/delivery \
	$(patsubst %,./console/%,frame task reconciliation)

# Of these, what one till sends after the other, hundreds of times, shows the
# detector nothing that the others do not.
RACE_SKIP := ^Test(EndToEnd(StateTable|Bad|Malformed|ForeignClients|HistoryBefore|TrackingRef|Samples)|StoreWalks)

# How long the tests of one package may take: the histories play for minutes.
TIMEOUT := 20m

# Which fuzz targets run, and each for how long; how long torture plays, and how
# often it then kills the server under load.
FUZZ ?= .
FUZZTIME ?= 20s
BENCHFLAGS ?=
DURATION ?= 5m
ROUNDS ?= 50

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the static binaries bin/paypoint and bin/indomaret
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o bin/ ./cmd/paypoint ./cmd/indomaret

run: build ## serve the sandbox, with commands to paste into another terminal
	bin/paypoint serve --sandbox

demo: build ## play the whole story against a temporary ledger
	testdata/demo.sh

test: ## run all tests; at the end, count what was skipped and why
	@{ \
		status=0; \
		go test -timeout $(TIMEOUT) -json $(PACKAGES) || status=1; \
		if command -v gcc >/dev/null; then \
			[ -z "$(RACE)" ] || CGO_ENABLED=1 go test -timeout $(TIMEOUT) -race -skip '$(RACE_SKIP)' -json $(RACE) || status=1; \
		else \
			echo 'race detector left out: needs gcc: Debian packages gcc libc6-dev'; \
			[ "$${CI:-}" != true ] || status=1; \
		fi; \
		exit $$status; \
	} | go run ./.ci/testsummary

verify: ## check format, code, generated code, sample config, imports and documentation
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "run gofmt -w on:" $$unformatted; exit 1; }
	go vet $(PACKAGES)
	$(STATICCHECK) $(PACKAGES)
	$(GOSEC) -quiet -color=false $(PACKAGES)
	.ci/check-vulnerabilities $(GOVULNCHECK) ./...
	.ci/check-generated
	go test -count=1 -run '^Test(Sample|Imports|Docs)' ./cmd/paypoint

# What bench measures; match is a Go benchmark beside the sqlite3 shell, the
# others are measured at running servers.
comma := ,
PARTS := $(subst $(comma), ,$(or $(PART),payments charges notifications steady console match))
SERVERS := $(filter-out match,$(PARTS))

bench: build ## measure speed; PART=payments, charges, notifications, steady, console or match alone; PEERS=1 races other servers too; DAY=1 exports a day of 1,000,000
ifdef DAY
	go test ./reconcile/settlement -run '^$$' -bench Day -benchtime 1x -timeout 1h
else
	$(if $(SERVERS),go run ./bench $(addprefix --part ,$(SERVERS)) $(if $(PEERS),--peers) $(BENCHFLAGS))
	$(if $(filter match,$(PARTS)),go test ./reconcile/match -run '^$$' -bench Million -benchtime 1x)
endif

fuzz: ## run each fuzz target (those that FUZZ matches) for FUZZTIME (20s)
	@grep --recursive --include='*_test.go' --exclude-dir=node_modules '^func Fuzz' . | \
	sed -E 's|^(.*)/[^/]*:func (Fuzz[A-Za-z0-9_]*).*|\1 \2|' | \
	{ grep -E ' ($(FUZZ))' || true; } | \
	while read -r package target; do \
		echo "$$package $$target"; \
		go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s "$$package"; \
	done

torture: ## play histories, crowds and days for DURATION (5m), then kill the server under load ROUNDS (50) times
	TORTURE_DURATION=$(DURATION) go test -count=1 -timeout 0 -v -run '^TestTorture' ./torture
	TORTURE_ROUNDS=$(ROUNDS) go test -count=1 -timeout 0 -v -run '^TestTorture' ./cmd/paypoint

pictures: ## take the pictures of docs/finance.md anew from the running console
	CONSOLE_PICTURES=docs/pictures go test -count=1 -v -run '^TestPictures$$' ./console/browser

mutants: ## build the program with one bug at a time, and see that the histories find each
	go run ./torture/mutants
