# One image, two entry points: the operator (default) and the worker (`java @/app/worker.args`, as its pods say).
FROM eclipse-temurin:25-jre

WORKDIR /app
# The libraries change rarely, the code often: a change of code ships the last layer only.
COPY target/quarkus-app/lib/ lib/
COPY src/main/docker/ .
COPY target/quarkus-app/*.jar ./
COPY target/quarkus-app/quarkus/ quarkus/
COPY target/quarkus-app/app/ app/

USER 65532:65532
ENTRYPOINT ["java", "@/app/operator.args"]
