# lambdapool's two commands are `make demo` and `make test`; `make help` lists the rest.
# Each installs what it needs (Debian packages, Python packages into .venv) and is quick the second time.
SHELL := /bin/bash
BUILD := build
PYTHON := .venv/bin/python
ARCHITECTURES ?= x86_64
JOBS ?= $(shell nproc)

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev setup-wheels setup-debs configure configure-tests build demo test ctest pytest test-aws test-gcp check-packages bench bench-quick check lint format fuzz asan tsan wheel wheels check-wheels debs release clean

define cmake
{ cmake --preset release -DPython_EXECUTABLE=$(CURDIR)/$(PYTHON) $(1) > $(BUILD)/configure.log 2>&1 \
  || { cat $(BUILD)/configure.log; echo "make: configuring failed (see above)" >&2; exit 1; }; }
endef

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:
	@tools/setup.sh build

setup-dev:
	@tools/setup.sh build test

setup-debs:
	@tools/setup.sh build debs

setup-wheels:
	@tools/setup.sh build wheels

# The demo needs no test libraries: tests and benchmarks join the build when they are first asked for.
configure: setup
	@if [ ! -f $(BUILD)/build.ninja ]; then $(call cmake,-DLAMBDAPOOL_TESTS=OFF -DLAMBDAPOOL_BENCH=OFF); fi

configure-tests: setup-dev
	@if [ "$$(grep -Ecs '^LAMBDAPOOL_(TESTS|BENCH):BOOL=ON' $(BUILD)/CMakeCache.txt)" != 2 ]; then \
	  $(call cmake,-DLAMBDAPOOL_TESTS=ON -DLAMBDAPOOL_BENCH=ON); fi

build: configure ## Build the program, the libraries and the Python extension
	@cmake --build $(BUILD) -j $(JOBS)
	@tools/link-venv.sh $(BUILD)

demo: build ## Deploy the example and map over it, from Python and from C++, on the local Lambda
	@tools/demo.sh $(BUILD)

test: configure-tests build ctest pytest ## Build and run all tests
	@echo "make test: all tests passed"

ctest: build
	@PATH="$(CURDIR)/.venv/bin:$$PATH" ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

pytest: build
	@LAMBDAPOOL_BUILD=$(CURDIR)/$(BUILD) $(PYTHON) -m pytest -n $(JOBS) --dist worksteal -q tests

test-aws: build ## Run the tests that need an AWS account (LAMBDAPOOL_TEST_AWS=1; about one cent)
	@if [ "$$LAMBDAPOOL_TEST_AWS" != 1 ]; then \
	  echo "make test-aws: not run, since LAMBDAPOOL_TEST_AWS=1 is not set: it uses your AWS account (docs/aws.md)"; \
	elif ! $(BUILD)/bin/lambdapool doctor --target aws; then \
	  echo "make test-aws: not run, for the problems above" >&2; exit 1; \
	else LAMBDAPOOL_BUILD=$(CURDIR)/$(BUILD) $(PYTHON) -m pytest -q tests/aws; fi

test-gcp: build ## Run the tests that need a project of Google Cloud (LAMBDAPOOL_TEST_GCP=1; about one cent)
	@if [ "$$LAMBDAPOOL_TEST_GCP" != 1 ]; then \
	  echo "make test-gcp: not run, since LAMBDAPOOL_TEST_GCP=1 is not set: it uses your project (docs/gcp.md)"; \
	elif ! $(BUILD)/bin/lambdapool doctor --target gcp; then \
	  echo "make test-gcp: not run, for the problems above" >&2; exit 1; \
	else LAMBDAPOOL_BUILD=$(CURDIR)/$(BUILD) $(PYTHON) -m pytest -q tests/aws; fi

check-packages: build ## Check docs/packages.md's table of packages against the index, and deploy each on local
	@LAMBDAPOOL_BUILD=$(CURDIR)/$(BUILD) $(PYTHON) tools/check_packages.py $(if $(WRITE),--write) $(PACKAGES)

bench: configure-tests build ## Run the benchmarks beside their peers: a table, and JSON in build/bench (minutes)
	@LAMBDAPOOL_BUILD=$(CURDIR)/$(BUILD) $(PYTHON) bench/run.py

bench-quick: configure-tests build ## Fewer and smaller benchmarks (a minute)
	@LAMBDAPOOL_BUILD=$(CURDIR)/$(BUILD) $(PYTHON) bench/run.py --quick

check: setup-dev ## Check formatting, ruff, mypy and the order of the folders (seconds)
	@tools/check.sh

lint: check ## Check, build without unity, and run clang-tidy over the sources
	@JOBS=$(JOBS) tools/lint.sh

format: setup-dev ## Reformat the C++ sources and the Python package
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format-16 -i
	@.venv/bin/ruff format python

fuzz: setup-dev ## Run each fuzzer for FUZZ_SECONDS (30)
	@tools/fuzz.sh $${FUZZ_SECONDS:-30}

asan: setup-dev ## Run the C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@cmake --preset asan && cmake --build --preset asan -j $(JOBS) && ctest --preset asan -j $(JOBS)

tsan: setup-dev ## Run the C++ tests under ThreadSanitizer
	@cmake --preset tsan && cmake --build --preset tsan -j $(JOBS) && ctest --preset tsan -j $(JOBS)

wheel: setup ## Build the Python wheel and source tarball into dist/
	@$(PYTHON) -m build --outdir dist .

wheels: setup-wheels ## Build wheels for Linux with glibc 2.28 or newer into dist/ (ARCHITECTURES="x86_64 aarch64")
	@tools/wheels/build.sh $(ARCHITECTURES)

check-wheels: setup-wheels setup-dev ## Check the wheels in dist/, and install and try them in fresh environments
	@build/wheels/tools/bin/python tools/wheels/check.py dist/*.whl

debs: setup-debs configure ## Build .deb packages of the program and of the C++ library into dist/, and run lintian
	@tools/debs.sh $(BUILD)

release: setup-wheels setup-debs setup-dev configure ## Build and check all that a release has, into dist/ (docs/releasing.md)
	@ARCHITECTURES="x86_64 aarch64" tools/release.sh $(TAG)

clean: ## Remove what was built (not .venv)
	@rm -rf $(BUILD) dist
