# One image, two entry points: the operator (default) and the worker (`java @/app/worker.args`, as its pods say).
# `make image` builds it. What changes rarely comes first: a change of code ships the last layers only, 1.5 MB.

FROM eclipse-temurin:25-jdk AS libraries
WORKDIR /app
COPY target/quarkus-app/ src/main/docker/libraries.sh ./
RUN sh libraries.sh

FROM eclipse-temurin:25-jre
WORKDIR /app
COPY --from=libraries /app/lib/ lib/

# The AOT caches of the worker and of the operator: the classes of the JDK and the libraries, loaded and linked by the JVM and from
# the files that will use them. The code comes after them on the class path, so that its changes leave the caches valid, and their
# layers alone.
COPY src/main/docker/cache.sh src/main/docker/worker.classes src/main/docker/worker.args ./
RUN sh cache.sh worker lib/postgresql.jar
COPY src/main/docker/operator.classes src/main/docker/operator.args ./
RUN sh cache.sh operator lib/libraries.jar

COPY target/sbom.cdx.json ./
COPY target/quarkus-app/quarkus/ quarkus/
COPY target/quarkus-app/app/ app/

LABEL org.opencontainers.image.title="pg-worker-pool-operator" \
      org.opencontainers.image.description="Named, ordered SQL workers for PostgreSQL, run as Kubernetes Jobs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"

USER 65532:65532
ENTRYPOINT ["java", "@/app/operator.args"]
