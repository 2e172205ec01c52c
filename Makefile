# Everything is a Go command; these lines spell them. Needs: go, git, make.
#
#   make demo    build and run everything on loopback, with fictitious people
#   make test    every test
#   make build   bin/droits
#   make docs    write docs/generated again
#   make generate  write *.gen.go again
#   make geography  write the extract of the official geographic code again (npm)
#   make vet     formatting, vet, the rules of the house
#   make pgo     measure the profile that guides the compiler (default.pgo)
#   make bench   calls per second and latency, against a bare server
#   make soak    the long proofs, at most an hour

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
GO ?= go
ARGS ?=
FUZZTIME ?= 60s
BENCH ?=

# The race detector needs a C compiler; without one Go turns cgo off. Measured on
# 2 busy cores: a minute without it, seven with it, of which five in the packages
# that drive SQLite. They keep it: that is where goroutines meet. RACELESS are pure
# functions on thousands of people and a measure of 200,000 queries, minutes with it and seconds
# without; the command line's tests run the goroutines of both. The API's and the pages' tests
# ask one thing after another, ten times slower with it: those that do not are RACED too.
RACELESS := ./internal/sim/people ./internal/sim/nation ./internal/bench ./internal/api ./internal/web
# ALONE are the store's tests of much data and one goroutine.
ALONE := '^(TestAnInterruptedLoadGoesOn|TestALoadThatFindsTheDiskFullLeavesNothing|TestADelta|TestTheOrderOfADeltaDoesNotMatter|TestQueueOfTenThousand|TestMoreAgreementsEndThanOnePassTakes|TestAgreementsThatEndAtOneInstant)$$'
RACED := 'TestTheGround|TestQuota|TestTwo|TestAStranger|TestACommit|TestTheStore|TestSessions'
RACE := $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race,)
CHROMIUM := /usr/bin/chromium

.PHONY: help pgo demo build test unit e2e vet docs generate geography bench soak

help:
	@sed -n 's/^#   //p' Makefile

build:
	$(GO) build -o bin/droits .

# make demo ARGS="--api 127.0.0.1:9080"
demo: build
	@exec ./bin/droits demo $(ARGS)

test: vet unit e2e

vet:
	@unformatted=$$(gofmt -l *.go client internal e2e tools); \
	if [ -n "$$unformatted" ]; then echo "gofmt: $$unformatted"; exit 1; fi
	$(GO) vet ./...
	cd e2e && $(GO) vet -tags e2e ./...
	cd tools/requirements && $(GO) vet ./...
	cd tools/geo && $(GO) vet ./...

unit:
ifeq ($(RACE),)
	@echo "make: no C compiler, so no race detector (apt-get install gcc)"
	@if [ "$${CI:-}" = true ]; then echo "make: under CI=true that is a failure"; exit 1; fi
endif
	$(GO) test -shuffle=on $(RACE) -skip $(ALONE) -timeout 14m $$($(GO) list ./... | grep -v $(RACELESS:.%=-e '%$$'))
	$(GO) test -shuffle=on $(RACELESS)
	$(GO) test -shuffle=on -run $(ALONE) ./internal/store
	$(GO) test -shuffle=on $(RACE) -run $(RACED) ./internal/api ./internal/web
	cd tools/requirements && $(GO) test -shuffle=on ./...
	cd tools/geo && $(GO) test -shuffle=on ./...

# The browser tests are a module of their own: the program does not need what they need.
e2e:
	@if [ ! -x $(CHROMIUM) ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "make: installing Chromium for the browser tests"; \
		apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null || \
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null; } || true; \
	fi; \
	if [ ! -x $(CHROMIUM) ]; then \
		echo "make: browser tests skipped: there is no $(CHROMIUM) (apt-get install chromium fonts-liberation)"; \
		if [ "$${CI:-}" = true ]; then echo "make: under CI=true that is a failure"; exit 1; fi; \
		exit 0; \
	fi; \
	cd e2e && $(GO) test -tags e2e -count=1 -timeout 10m ./...

docs:
	mkdir -p docs/generated
	$(GO) run . docs docs/generated
	cd tools/requirements && $(GO) run . ../.. > ../../docs/generated/requirements.md.part
	mv docs/generated/requirements.md.part docs/generated/requirements.md

generate:
	$(GO) generate ./...

# npm fetches the package from the registry that it is configured with; its hash is in tools/geo.
geography:
	cd tools/geo && $(GO) run . ../../internal/geo/communes.txt

# The profile of bench serve guides every build of the program (docs/decisions/0009).
# -trimpath keeps the paths of the machine out of it.
pgo:
	@dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	$(GO) build -pgo=off -trimpath -o "$$dir/droits" . && \
	"$$dir/droits" bench serve --rounds 6 --profile "$$dir/serve.prof" && \
	$(GO) tool pprof -proto "$$dir/serve.prof" > default.pgo

# make bench BENCH="--rounds 9 --json"
bench: build
	./bin/droits bench serve $(BENCH)

# Fuzzing goes target by target: go test fuzzes one at a time. Its clock may run
# out in the middle of an input, which go test reports as a failure: that alone,
# without a failing input, is the end and not a find.
soak:
	DROITS_SOAK=1 $(GO) test -count=1 -timeout 55m ./...
	@grep -rl --include=*_test.go '^func Fuzz' client internal | sort | while read -r file; do \
		sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file" | while read -r target; do \
			echo "fuzz $$(dirname "$$file") $$target $(FUZZTIME)"; \
			said=$$($(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "./$$(dirname "$$file")" 2>&1) || \
				{ grep -q 'context deadline exceeded' <<<"$$said" && ! grep -q 'Failing input' <<<"$$said"; } || \
				{ echo "$$said"; exit 1; }; \
			tail -n 1 <<<"$$said"; \
		done; \
	done
