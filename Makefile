# What is done with this repository. `make` lists it.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 10s
TOOLS = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/callstream-tools
LINTER = $(TOOLS)/golangci-lint-v2.15.0/golangci-lint
GOVULNCHECK = $(TOOLS)/govulncheck-v1.9.0/govulncheck

.PHONY: help
help: ## list what there is
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-14s %s\n", $$1, $$2}'

.PHONY: build
build: ## build ./callstream, static and with its version
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o callstream ./cmd/callstream

.PHONY: test
test: ## run all Go tests under the race detector
	go test -race ./...

.PHONY: vet
vet: ## check formatting and suspicious code
	@unformatted=$$(gofmt -l cmd internal schemas); test -z "$$unformatted" || { echo "not gofmt-ed: $$unformatted"; exit 1; }
	go vet ./...

$(LINTER):
	GOBIN=$(@D) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: lint
lint: vet $(LINTER) ## run the linters; the first time builds them, for two minutes
	$(LINTER) run ./...

$(GOVULNCHECK):
	GOBIN=$(@D) go install golang.org/x/vuln/cmd/govulncheck@v1.9.0

.PHONY: vuln
vuln: $(GOVULNCHECK) ## look for known vulnerabilities in what is used; needs the network
	.ci/vuln $(GOVULNCHECK)

.PHONY: mutants
mutants: ## make the kept bugs, one at a time: the tests must notice each (Python 3.11)
	python3 internal/mutants/run.py --self-test
	python3 internal/mutants/run.py $(MUTANTS)

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (10s), two at a time
	FUZZTIME=$(FUZZTIME) .ci/fuzz

.PHONY: e2e
e2e: ## run the binary against real Kafka, a registry and the simulated API (Java 17, Maven, Python 3.11)
	python3 internal/e2e/run.py --self-test
	python3 internal/e2e/run.py

.PHONY: e2e-faults
e2e-faults: ## faults that take longer: credentials and certificates rotated five times under living orders
	python3 internal/e2e/run.py --set faults

.PHONY: e2e-load
e2e-load: ## the same with 22,000 orders and bounds on CPU and memory
	python3 internal/e2e/run.py --set load

.PHONY: freshness
freshness: ## how late changes are seen, in virtual time, by the schedule and by other rules: 39 worlds, some minutes
	cd internal/freshness && go test -count=1 -timeout 30m -run 'TestFreshness|TestScale' -args -long

.PHONY: freshness-e2e
freshness-e2e: ## measure how late a campaign's changes reach a real Kafka; FRESHNESS='--instances 1 2 6' and other flags
	python3 internal/e2e/freshness.py --self-test
	python3 internal/e2e/freshness.py $(FRESHNESS)

.PHONY: demo
demo: ## see it work: embedded broker, simulated API, exporter and reader; needs Go alone
	go run ./cmd/callstream demo

.PHONY: clean
clean: ## remove what was built
	rm -f callstream
	rm -rf internal/e2e/__pycache__ internal/mutants/__pycache__
