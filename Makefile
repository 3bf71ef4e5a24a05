# The commands of this project; `make` alone lists them. Needs a JDK 25 or newer, and nothing else for demo and test.

.DEFAULT_GOAL := help
.PHONY: help demo demo-up test test-postgres test-image format crds image classes deploy undeploy e2e e2e-outages measure bench bench-quick bench-peers

IMAGE ?= pg-worker-pool-operator:0.1.0
DOCKER ?= docker
KUBECTL ?= kubectl
DEPLOY ?= deploy

with_jdk := JAVA_HOME=$$(.mvn/find-jdk) && export JAVA_HOME &&
java = "$$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
	-Djava.util.logging.manager=org.jboss.logmanager.LogManager \
	-cp "target/test-classes:target/classes:$$(cat target/test-classpath)"
bench = $(with_jdk) exec $(java) dev.pgworkerpool.bench.Bench $(if $(QUESTIONS),--questions=$(QUESTIONS)) $(if $(ROUNDS),--rounds=$(ROUNDS)) \
	$(if $(HISTORY),--history=$(HISTORY)) $(if $(POSTGRES),--postgres=$(POSTGRES))
e2e = $(mvn) -Pe2e -Dimage=$(IMAGE) -Dimage.next=$(or $(NEXT_IMAGE),$(IMAGE))
mvn := $(with_jdk) ./mvnw -B --no-transfer-progress

manifests = $(KUBECTL) kustomize $(DEPLOY) | sed 's|: pg-worker-pool-operator:[0-9.]*$$|: $(IMAGE)|'
# A line for each manifest: its kind and its namespace, the current one where it names none.
objects = $(manifests) | $(KUBECTL) create --dry-run=client -f - -o 'jsonpath={.kind} {.metadata.namespace}{"\n"}'
namespaces = $(objects) | cut -d ' ' -f 2 | sort -u
operator_namespace = $$($(objects) | sed -n 's/^Deployment //p')
# Those of our kinds that the cluster knows.
kinds = $(KUBECTL) get -f crds/ --ignore-not-found -o 'jsonpath={range .items[*]}{.metadata.name} {end}{.metadata.name}'

training_objects = -f examples/postgres.yaml -f examples/library.yaml -f examples/reindex-books.yaml

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## /  make \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-22s%s\n", $$1, $$2 }'

demo: target/demo-built ## the whole thing in one go: needs no cluster, no Docker and no database
	@$(with_jdk) exec $(java) dev.pgworkerpool.demo.Demo

demo-up: target/demo-built ## only the surroundings of the demo, until Ctrl-C: PostgreSQL, a Kubernetes API, the operator
	@$(with_jdk) exec $(java) dev.pgworkerpool.demo.Demo up

bench: target/demo-built ## measure the queue against the limit of PostgreSQL and its peers: target/bench/report.md. May be told: QUESTIONS=drain-durable,submit-8 ROUNDS=5 HISTORY=1000000 POSTGRES=15
	@$(bench)

bench-quick: target/demo-built ## the main ratios in two minutes, without peers; fails where a ratio is much worse than the one that is checked in
	@$(bench) --quick

bench-peers: ## install the peers that `make bench` runs beside ours, with npm and Maven: target/bench-peers
	@mkdir -p target/bench-peers && cp src/bench/peers/*.js src/bench/peers/package.json target/bench-peers/
	@npm install --prefix target/bench-peers --no-audit --no-fund
	@$(mvn) -q -f src/bench/peers/pom.xml compile

# Directories are named as well: their time changes when a file goes.
target/demo-built: pom.xml $(shell find src $(wildcard crds/*) -not -name '.*')
	@echo "Building the operator (the first time, Maven downloads what it needs)." >&2
	@$(mvn) -q -DskipTests package dependency:build-classpath -Dmdep.includeScope=test -Dmdep.outputFile=target/test-classpath
	@touch $@

test: ## run the whole test suite that needs no cluster and no Docker
	@$(mvn) spotless:check verify; status=$$?; .ci/test-counts || status=1; exit $$status

test-postgres: ## run the suites of the SQL and of the worker on the PostgreSQL versions VERSIONS (15,16,17,18), in Docker
	@if $(DOCKER) info >/dev/null 2>&1; then \
		$(mvn) -Ppostgres-in-docker $(if $(VERSIONS),-DpostgresVersions=$(VERSIONS)) test; status=$$?; .ci/test-counts target/docker-reports || status=1; exit $$status; \
	elif [ -n "$(REQUIRE_DOCKER)" ]; then \
		echo "No Docker Engine answers to '$(DOCKER) info'." >&2; exit 1; \
	else \
		echo "Skipped: the suites on PostgreSQL 15 to 18 need a Docker Engine, and none answers to '$(DOCKER) info'."; \
	fi

format: ## format the sources
	@$(mvn) -q spotless:apply

crds: ## write crds/ anew from the classes
	@$(mvn) -q test -Dtest=CrdFilesTest -Dcrds.write=true

image: ## build the container image; IMAGE names it, DOCKER is the command that builds
	@$(mvn) -q -DskipTests package cyclonedx:makeBom
	@$(DOCKER) build -t $(IMAGE) $$(git rev-parse HEAD 2>/dev/null | sed 's/^/--label org.opencontainers.image.revision=/') .

test-image: ## test the image IMAGE that `make image` has built; needs docker
	@$(mvn) -Pimage -Dimage=$(IMAGE) verify; status=$$?; .ci/test-counts target/image-reports || status=1; exit $$status

classes: ## write anew which classes the image's AOT caches hold, by runs in Docker and of IMAGE on the current kube context; for changes of the JDK or of the libraries
	@$(mvn) -q -DskipTests package
	@$(DOCKER) build -f src/main/docker/training/Dockerfile --output src/main/docker .
	@$(MAKE) deploy DEPLOY=src/main/docker/training
	@$(KUBECTL) apply $(training_objects)
	@$(KUBECTL) wait --for=condition=Ready --timeout=3m wj/reindex-books
	@$(KUBECTL) delete $(training_objects)
	@$(KUBECTL) exec deploy/pg-worker-pool-operator -- sh -c \
		'until [ -e /tmp/operator.classes ]; do sleep 1; done; cat /tmp/operator.classes' >target/operator.classes
	@$(MAKE) undeploy DEPLOY=src/main/docker/training
	@$(with_jdk) "$$JAVA_HOME/bin/jar" --list --file=target/quarkus-app/quarkus/generated-bytecode.jar | sed -n 's/\.class$$//p' | \
		grep -vFf - target/operator.classes | awk -f src/main/docker/training/classes.awk >src/main/docker/operator.classes

# The CRDs are ours, also where somebody has applied them without --server-side before.
deploy: ## apply the CRDs and the kustomization DEPLOY (deploy, or one of deploy/overlays/*) to the current kube context, with IMAGE
	@$(KUBECTL) apply --server-side --force-conflicts -f crds/
	@$(manifests) | $(KUBECTL) apply -f -
	@$(KUBECTL) rollout status -n $(operator_namespace) --timeout=120s deployment/pg-worker-pool-operator

# The operator goes after what it has to clean up. The CRDs go only if no other namespace uses them.
undeploy: ## take away what deploy brought, with the WorkerJobs and WorkerPools of the namespaces that it watches
	@kinds=$$($(kinds)) || exit 1; for namespace in $$($(namespaces)); do \
		for kind in $$kinds; do $(KUBECTL) delete -n $$namespace $$kind --all --timeout=60s || exit 1; done; \
		$(KUBECTL) delete -n $$namespace jobs,pods -l app.kubernetes.io/managed-by=pg-worker-pool-operator || exit 1; done
	@$(manifests) | $(KUBECTL) delete -f - --ignore-not-found --cascade=foreground
	@$(KUBECTL) delete -n $(operator_namespace) lease pg-worker-pool-operator --ignore-not-found
	@kinds=$$($(kinds)) || exit 1; used=$$(for kind in $$kinds; do $(KUBECTL) get $$kind -A -o name || exit 1; done; \
		$(KUBECTL) get deployments -A -l app.kubernetes.io/name=pg-worker-pool-operator -o name) || exit 1; \
	if [ -z "$$used" ]; then $(KUBECTL) delete -f crds/ --ignore-not-found; else echo "The CRDs stay: other namespaces use them."; fi

e2e: ## run the end-to-end suite against the current kube context; its nodes have to know IMAGE (and NEXT_IMAGE)
	@$(e2e) verify; status=$$?; .ci/test-counts target/e2e-reports || status=1; exit $$status

e2e-outages: ## run the stories in which parts of the cluster are away, which is what the command LAB does
	@test -n "$(LAB)" || { echo "LAB names no command that makes outages: LAB outage [--hang] DAEMON SECONDS" >&2; exit 1; }
	@$(e2e) -Dit.test=OutagesIT -DexcludedTests= -Dlab=$(LAB) verify

measure: ## measure cold starts, throughput and a soak on the current kube context: target/measurements/*.md; LAB as above, may be left out
	@$(e2e) -Dgroups=measurement -DexcludedTests= -DbesideEachOther=false -DlongestTest=1h -Dlab=$(LAB) verify
