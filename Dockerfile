# One image, two entry points: the operator (default) and the worker (`java @/app/worker.args`, as its pods say).
# `make image` builds it. What changes rarely comes first: a change of code ships the last layers only, 1 MB.
FROM eclipse-temurin:25-jre

WORKDIR /app
COPY target/quarkus-app/lib/ lib/

# The AOT cache of the worker: the classes of the JDK and the driver, loaded and linked by the JVM and from the files that will
# use it. The code comes after them on the class path, so that its changes leave the cache valid, and its layer alone.
COPY src/main/docker/worker.classes ./
RUN ln -s lib/main/org.postgresql.postgresql-*.jar postgresql.jar \
 && java -XX:+UseSerialGC -Xshare:dump -XX:+AOTClassLinking -XX:SharedClassListFile=worker.classes \
      -XX:SharedArchiveFile=worker.aot -cp /app/postgresql.jar

COPY src/main/docker/*.args target/sbom.cdx.json target/quarkus-app/*.jar ./
COPY target/quarkus-app/quarkus/ quarkus/
COPY target/quarkus-app/app/ app/

LABEL org.opencontainers.image.title="pg-worker-pool-operator" \
      org.opencontainers.image.description="Named, ordered SQL workers for PostgreSQL, run as Kubernetes Jobs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"

USER 65532:65532
ENTRYPOINT ["java", "@/app/operator.args"]
