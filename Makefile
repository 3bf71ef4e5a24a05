# The commands of this project; `make` alone lists them. Needs a JDK 25 or newer, and nothing else for demo and test.

.DEFAULT_GOAL := help
.PHONY: help demo demo-up test format crds image deploy undeploy e2e bench

with_jdk := JAVA_HOME=$$(.mvn/find-jdk) && export JAVA_HOME &&
mvn := $(with_jdk) ./mvnw -B --no-transfer-progress

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s%s\n", $$1, $$2 }'

test: ## run the whole test suite that needs no cluster and no Docker
	@$(mvn) spotless:check verify; status=$$?; .ci/test-counts || status=1; exit $$status

format: ## format the sources
	@$(mvn) -q spotless:apply

# They need a container image, which is not built yet.
image deploy undeploy e2e bench:
	@echo "make $@ is not there yet: this version runs from its sources (make demo, make test)." >&2; exit 1
