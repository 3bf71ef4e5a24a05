package dev.pgworkerpool.api;

import static java.util.Objects.requireNonNull;
import static java.util.Objects.requireNonNullElse;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever value the API server lets through, the operator can read: an object that it can't would end its informer, and with it
 * the operator, for everybody. Each field of both CRDs is tried with the most awkward values that its schema has no word against.
 */
class CrdValuesTest {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final KubernetesSerialization READER = new KubernetesSerialization();

    /** Texts, durations, times and quantities. */
    private static final List<String> AWKWARD = List.of(
            "",
            "no, not\0this \ud800",
            "999999999d999999999d",
            "9999-99-99T99:99:99Z",
            "1e400",
            "1e999999999",
            "-1E-400",
            "+.5Ki",
            "1.",
            "9".repeat(400) + "Ei",
            "1m");

    /** What the samples are put into. */
    private static final Map<Class<?>, String> LEAST = Map.of(
            WorkerPool.class, "database: {host: h, name: n, secretRef: {name: s}}",
            WorkerJob.class, """
                    poolRef: {name: p}
                    worker: w
                    statements: [s]""");

    /** A value of a field, in an object that holds nothing else. */
    private record Sample(Class<?> type, String path, JsonNode object) {
        Sample in(String field) {
            return new Sample(type, "." + field + path, JSON.objectNode().set(field, object));
        }

        Sample inArray() {
            return new Sample(type, "[]" + path, JSON.arrayNode().add(object));
        }

        @Override
        public String toString() {
            return type.getSimpleName() + path + " " + object;
        }
    }

    @ParameterizedTest
    @MethodSource("samples")
    void what_the_schema_lets_through_can_be_read(Sample sample) {
        ObjectNode spec = READER.unmarshal(LEAST.get(sample.type()), ObjectNode.class);
        ObjectNode object = JSON.objectNode().set("spec", spec);
        if (sample.object().has("spec")) {
            spec.setAll((ObjectNode) sample.object().get("spec"));
        } else {
            object.setAll((ObjectNode) sample.object());
        }
        assertThatCode(() -> READER.unmarshal(object.toString(), sample.type())).doesNotThrowAnyException();
    }

    static Stream<Sample> samples() throws IOException {
        return CrdFiles.in(CrdFiles.CHECKED_IN).stream().flatMap(file -> {
            CustomResourceDefinition crd = READER.unmarshal(read(file), CustomResourceDefinition.class);
            Class<?> type =
                    crd.getSpec().getNames().getKind().equals("WorkerPool") ? WorkerPool.class : WorkerJob.class;
            var schema = crd.getSpec().getVersions().getFirst().getSchema().getOpenAPIV3Schema();
            List<Sample> all = Stream.of("spec", "status")
                    .flatMap(part -> samples(
                                    type, requireNonNull(schema.getProperties().get(part)))
                            .map(sample -> sample.in(part)))
                    .toList();
            assertThat(all).hasSizeGreaterThan(20);
            return all.stream();
        });
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<Sample> samples(Class<?> type, JSONSchemaProps schema) {
        Stream<Sample> own = values(schema).stream().map(value -> new Sample(type, "", value));
        Stream<Sample> fields = schema.getProperties().entrySet().stream()
                .flatMap(field -> samples(type, field.getValue()).map(sample -> sample.in(field.getKey())));
        Stream<Sample> items = schema.getItems() == null
                ? Stream.of()
                : samples(type, schema.getItems().getSchema()).map(Sample::inArray);
        Stream<Sample> entries = schema.getAdditionalProperties() == null
                        || schema.getAdditionalProperties().getSchema() == null
                ? Stream.of()
                : samples(type, schema.getAdditionalProperties().getSchema()).map(sample -> sample.in("any key"));
        return Stream.of(own, fields, items, entries).flatMap(all -> all);
    }

    private static List<JsonNode> values(JSONSchemaProps schema) {
        if (Boolean.TRUE.equals(schema.getXKubernetesIntOrString())) {
            return Stream.of(numbers(schema), strings(schema))
                    .flatMap(List::stream)
                    .toList();
        }
        if (Boolean.TRUE.equals(schema.getXKubernetesPreserveUnknownFields())) {
            return List.of(JSON.objectNode()
                    .set("any", JSON.arrayNode().add(1).add(JSON.objectNode().putNull("x"))));
        }
        return switch (schema.getType()) {
            case "integer" -> numbers(schema);
            case "string" -> strings(schema);
            case "boolean" -> List.of(JSON.booleanNode(true), JSON.booleanNode(false));
            case "object" -> List.of(JSON.objectNode());
            case "array" -> List.of(JSON.arrayNode());
            default -> throw new AssertionError("no values for " + schema.getType());
        };
    }

    private static List<JsonNode> numbers(JSONSchemaProps schema) {
        return List.of(
                JSON.numberNode(requireNonNullElse(schema.getMaximum(), (double) Long.MAX_VALUE)
                        .longValue()),
                JSON.numberNode(requireNonNullElse(schema.getMinimum(), (double) Long.MIN_VALUE)
                        .longValue()));
    }

    private static List<JsonNode> strings(JSONSchemaProps schema) {
        if (!schema.getEnum().isEmpty()) {
            return schema.getEnum();
        }
        var pattern = Pattern.compile(requireNonNullElse(schema.getPattern(), ""));
        return AWKWARD.stream()
                .filter(text -> pattern.matcher(text).find())
                .<JsonNode>map(JSON::textNode)
                .toList();
    }
}
