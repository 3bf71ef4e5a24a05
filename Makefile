# The commands of this project; `make` alone lists them. Needs a JDK 25 or newer, and nothing else for demo and test.

.DEFAULT_GOAL := help
.PHONY: help demo demo-up test format crds image deploy undeploy e2e bench

with_jdk := JAVA_HOME=$$(.mvn/find-jdk) && export JAVA_HOME &&
java = "$$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
	-Djava.util.logging.manager=org.jboss.logmanager.LogManager \
	-cp "target/test-classes:target/classes:$$(cat target/test-classpath)"
mvn := $(with_jdk) ./mvnw -B --no-transfer-progress

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s%s\n", $$1, $$2 }'

demo: target/demo-built ## the whole thing in one go: needs no cluster, no Docker and no database
	@$(with_jdk) exec $(java) dev.pgworkerpool.demo.Demo

demo-up: target/demo-built ## only the surroundings of the demo, until Ctrl-C: PostgreSQL, a Kubernetes API, the operator
	@$(with_jdk) exec $(java) dev.pgworkerpool.demo.Demo up

# Directories are named as well: their time changes when a file goes.
target/demo-built: pom.xml $(shell find src $(wildcard crds/*) -not -name '.*')
	@echo "Building the operator (the first time, Maven downloads what it needs)." >&2
	@$(mvn) -q -DskipTests package dependency:build-classpath -Dmdep.includeScope=test -Dmdep.outputFile=target/test-classpath
	@touch $@

test: ## run the whole test suite that needs no cluster and no Docker
	@$(mvn) spotless:check verify; status=$$?; .ci/test-counts || status=1; exit $$status

format: ## format the sources
	@$(mvn) -q spotless:apply

crds: ## write crds/ anew from the classes
	@$(mvn) -q test -Dtest=CrdFilesTest -Dcrds.write=true

# They need a container image, which is not built yet.
image deploy undeploy e2e bench:
	@echo "make $@ is not there yet: this version runs from its sources (make demo, make test)." >&2; exit 1
