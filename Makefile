# `make` alone lists the targets. On Debian, missing packages are installed first.

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift

# Statically linked to the Swift runtime, the program runs on machines without it and starts faster.
release = --configuration release --static-swift-stdlib --product stomptap
# Limit the parallel tests: with hundreds at once on two cores, tests with deadlines would time out.
tests = $(SWIFT) test --disable-xctest --experimental-maximum-parallelization-width 6
share = $(DESTDIR)$(PREFIX)/share

.PHONY: help demo build test test-asan test-tsan test-faults test-brokers test-tools test-library docs lint figures picture autobahn fuzz install install-docs clean libraries brokers

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

demo: libraries ## build, and print three clock messages of the embedded broker
	$(SWIFT) build --product stomptap
	.build/debug/stomptap subscribe demo /topic/clock -n 3

build: libraries ## build the program for daily use
	$(SWIFT) build $(release)

test: libraries ## run all tests that need no other servers or tools
	@command -v openssl >/dev/null || Scripts/apt-install.sh openssl
	$(tests) --skip '^(Broker|Fault|Terminal|Tool)Tests\.'

# Skip the tests that spawn programs: most of the test time would be spent in those programs, and the sanitizers
# intercept signals that some of these tests send.
unit = --skip '^(Broker|EndToEnd|Fault|LineEditor|Terminal|Tool)Tests\.'

# Leaks are checked by a separate test: Foundation and the test runner have leaks of their own.
test-asan: libraries ## run the unit tests, or those that match ONLY=REGEX, under AddressSanitizer
	ASAN_OPTIONS=detect_leaks=0 $(tests) --sanitize=address --scratch-path .build-asan \
	    $(if $(ONLY),--filter '$(ONLY)',$(unit))

test-tsan: libraries ## run the unit tests under ThreadSanitizer
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/tsan.suppressions \
	    $(tests) --sanitize=thread --scratch-path .build-tsan $(unit)

test-faults: libraries ## run the program against hostile peers at every stage, and print a table of the results
	$(tests) --filter '^FaultTests\.'

test-brokers: libraries brokers ## run the tests against RabbitMQ, ActiveMQ, node-sockjs and Chromium
	$(tests) --filter '^BrokerTests\.'

test-tools: libraries ## run the tests that need other tools: tmux, shells, mandoc, HdrHistogram
	@Scripts/apt-install.sh tmux bash-completion zsh fish man-db mandoc python3-venv python3-websockets
	$(tests) --filter '^(Terminal|Tool)Tests\.'
	Scripts/check-hdr.sh

test-library: libraries ## compile and run the README's example of the library as a package of its own
	$(SWIFT) build --product stomptap
	SWIFT=$(SWIFT) Scripts/check-library.sh

docs: libraries ## regenerate the man pages, the completions and the README's table of options
	$(SWIFT) build --product generate-docs
	.build/debug/generate-docs .

lint: ## check the style of the sources
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests Fuzz/Package.swift Fuzz/Sources

figures: build ## measure frames per second, and compare with plain read, write and splice loops
	Benchmarks/figures.sh
	Benchmarks/bench-figures.sh
	@Scripts/apt-install.sh socat
	Benchmarks/tap-figures.sh

autobahn: ## run the WebSocket client against the Autobahn test suite (needs Python 2.7)
	Scripts/autobahn.sh

picture: libraries ## regenerate the README's pictures: a session at the prompt, and tap with a web page
	Scripts/apt-install.sh tmux python3 nodejs chromium fonts-noto-cjk
	$(SWIFT) build --product stomptap
	mkdir -p Documentation
	Scripts/picture.sh .build/debug/stomptap Documentation

fuzz: libraries ## fuzz each parser (or only TARGET=) with libFuzzer for SECONDS= (default: 60)
	SWIFT=$(SWIFT) Fuzz/run $(or $(SECONDS),60) $(TARGET)

install: build install-docs ## install to PREFIX (default: /usr/local); DESTDIR is prepended
	install -D --strip --mode=755 "$$($(SWIFT) build $(release) --show-bin-path)/stomptap" \
	    "$(DESTDIR)$(PREFIX)/bin/stomptap"

install-docs: ## install only the man pages and completions, without a build
	set -e; for page in $(wildcard man/*.1); do \
	    install -D --mode=644 "$$page" "$(share)/man/man1/$${page##*/}"; done
	install -D --mode=644 completions/stomptap.bash "$(share)/bash-completion/completions/stomptap"
	install -D --mode=644 completions/_stomptap "$(share)/zsh/site-functions/_stomptap"
	install -D --mode=644 completions/stomptap.fish "$(share)/fish/vendor_completions.d/stomptap.fish"

clean: ## remove build products
	$(SWIFT) package clean

libraries:
	@pkg-config --exists openssl libedit zlib 2>/dev/null || \
	    Scripts/apt-install.sh pkg-config libssl-dev libedit-dev zlib1g-dev

brokers:
	@Scripts/apt-install.sh rabbitmq-server activemq node-sockjs node-sockjs-client chromium
