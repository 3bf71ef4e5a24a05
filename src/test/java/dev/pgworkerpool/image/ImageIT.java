package dev.pgworkerpool.image;

import static dev.pgworkerpool.image.Docker.docker;
import static dev.pgworkerpool.image.Docker.inspect;
import static dev.pgworkerpool.image.Docker.java;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("docker")
class ImageIT {
    private static final String WORKER = "@/app/worker.args";
    private static final String DRAINED = "worker ends (0): nothing waits";
    private static final int CODE_LIMIT = 2_000_000;

    private static TrainingDatabase database;

    @BeforeAll
    static void start() throws IOException {
        database = new TrainingDatabase();
    }

    @AfterAll
    static void stop() throws IOException {
        database.close();
    }

    @Test
    void a_worker_runs_its_jobs_and_says_nothing_of_the_jvm() throws IOException {
        database.submit("SELECT 1");
        assertThat(java(database.worker(), WORKER).lines())
                .hasSize(2)
                .satisfiesExactly(
                        job -> assertThat(job).contains("done"),
                        end -> assertThat(end).endsWith(DRAINED));
    }

    /** Where a cache is rejected, the mode {@code on} ends the JVM, and {@code auto}, which the image uses, only says so. */
    @Test
    void a_worker_takes_the_classes_of_the_jdk_and_the_driver_from_the_cache() throws IOException {
        database.submit("SELECT 1");
        var output = java(database.worker(), "-XX:AOTMode=on", "-Xlog:class+load", WORKER);
        assertThat(output).contains(DRAINED);
        assertThatTheCacheGivesAtLeast(1000, output);
    }

    /** In the memory of a small container, where the JVM ends when the first heap is too small for the objects of the cache. */
    @Test
    void the_operator_takes_the_classes_of_the_jdk_and_the_libraries_from_the_cache() throws IOException {
        try (var operator = new OperatorContainer(
                List.of("--memory=256m"), "-XX:AOTMode=on", "-Xlog:class+load", "@/app/operator.args")) {
            assertThatTheCacheGivesAtLeast(7000, operator.awaitStarted());
        }
    }

    @Test
    void a_cache_that_does_not_fit_would_be_noticed() {
        assertThatThrownBy(() -> java(database.worker(), "-XX:AOTMode=on", "-XX:+UseCompactObjectHeaders", WORKER))
                .hasMessageContaining("Unable to use AOT cache");
    }

    @Test
    void the_code_is_a_small_part_of_the_image_and_comes_last() throws IOException {
        List<String> newestFirst = docker(
                        "history", "--no-trunc", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}", Docker.IMAGE)
                .lines()
                .toList();
        assertThat(newestFirst).anyMatch(layer -> layer.contains("cache.sh operator"));
        var sinceTheCache = newestFirst.stream()
                .takeWhile(layer -> !layer.contains("cache.sh operator"))
                .toList();
        assertThat(sinceTheCache).anyMatch(layer -> layer.contains("quarkus-app/app"));
        assertThat(sinceTheCache.stream()
                        .mapToLong(layer -> Long.parseLong(layer.substring(0, layer.indexOf(' '))))
                        .sum())
                .isLessThan(CODE_LIMIT);
    }

    @Test
    void nobody_runs_it() throws IOException {
        assertThat(inspect("{{.Config.User}}")).isEqualTo("65532:65532");
    }

    @Test
    void the_labels_say_what_it_is() throws IOException {
        assertThat(inspect("{{index .Config.Labels \"org.opencontainers.image.title\"}}"))
                .isEqualTo("pg-worker-pool-operator");
        assertThat(inspect("{{index .Config.Labels \"org.opencontainers.image.licenses\"}}"))
                .isEqualTo("Apache-2.0");
        assertThat(inspect("{{index .Config.Labels \"org.opencontainers.image.version\"}}"))
                .isEqualTo(System.getProperty("version"));
        // An image that was built without git has none.
        assertThat(inspect("{{index .Config.Labels \"org.opencontainers.image.revision\"}}"))
                .matches("([0-9a-f]{40})?");
    }

    private static void assertThatTheCacheGivesAtLeast(long classes, String output) {
        Map<Boolean, Long> loaded = output.lines()
                .filter(line -> line.contains(" source: "))
                .filter(line -> !line.contains("] dev.pgworkerpool.") && !line.contains(" source: file:/app/quarkus/"))
                // Made at run time, for the code's own lambdas.
                .filter(line -> !line.contains("/0x"))
                .collect(
                        Collectors.partitioningBy(line -> line.contains("shared objects file"), Collectors.counting()));
        assertThat(loaded.get(true)).isGreaterThan(classes);
        assertThat(loaded.get(false))
                .as("not in the class list: run `make classes`")
                .isLessThan(100);
    }
}
