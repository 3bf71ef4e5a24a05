# One image, two entry points: the operator (default) and the worker (`java @/app/worker.args`, as its pods say).
# `make image` builds it. What changes rarely comes first: a change of code ships the last layers only, 1.5 MB.

# libraries.jar names the libraries, in an order that does not depend on the file system, and holds those of their classes that
# Quarkus has changed (of package io, today), so that they are found before the originals.
FROM eclipse-temurin:25-jdk AS libraries
WORKDIR /app
COPY target/quarkus-app/ ./
RUN jar --extract --file=quarkus/transformed-bytecode.jar && rm -r dev \
 && test "$(jar --list --file=quarkus/transformed-bytecode.jar | cut -d / -f 1 | sort -u | tr '\n' ' ')" = "dev io " \
 && (echo "Class-Path: " && cd lib && ls */*.jar | sed "s/.*/  &/") >manifest \
 && jar --create --file=lib/libraries.jar --manifest=manifest --date=2000-01-01T00:00:00Z io

FROM eclipse-temurin:25-jre
WORKDIR /app
COPY --from=libraries /app/lib/ lib/

# The AOT caches of the worker and of the operator: the classes of the JDK and the libraries, loaded and linked by the JVM and from
# the files that will use them. The code comes after them on the class path, so that its changes leave the caches valid, and their
# layers alone.
COPY src/main/docker/worker.classes ./
RUN ln -s lib/main/org.postgresql.postgresql-*.jar postgresql.jar \
 && java -XX:+UseSerialGC -Xshare:dump -XX:+AOTClassLinking -XX:SharedClassListFile=worker.classes \
      -XX:SharedArchiveFile=worker.aot -cp /app/postgresql.jar
COPY src/main/docker/operator.classes src/main/docker/operator.args ./
RUN java $(grep ^-- operator.args) -XX:+UseSerialGC -Xshare:dump -XX:+AOTClassLinking -XX:SharedClassListFile=operator.classes \
      -XX:SharedArchiveFile=operator.aot -cp /app/lib/libraries.jar

COPY src/main/docker/worker.args target/sbom.cdx.json ./
COPY target/quarkus-app/quarkus/ quarkus/
COPY target/quarkus-app/app/ app/

LABEL org.opencontainers.image.title="pg-worker-pool-operator" \
      org.opencontainers.image.description="Named, ordered SQL workers for PostgreSQL, run as Kubernetes Jobs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"

USER 65532:65532
ENTRYPOINT ["java", "@/app/operator.args"]
