package dev.pgworkerpool.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonPathTest {
    private static final JsonNode OBJECT = Json.parse("""
        metadata: {annotations: {a.b/c: noted}}
        status:
          ids: [41, 42]
          conditions: [{type: Stalled, status: "False"}, {type: Ready, status: "True", reason: Done}]
        """);

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        .status.ids[1]                                      | 42
        .status.ids                                         | [41,42]
        .status.conditions[?(@.type=="Ready")].reason       | "Done"
        .status.conditions[?(@.type == 'Stalled')].status   | "False"
        .status.conditions[*].type                          | "Stalled"
        .metadata.annotations['a.b/c']                      | "noted"
        .status.nothing.here                                |
        """)
    void the_paths_of_printer_columns_lead_to_values(String path, String value) {
        assertThat(JsonPath.first(OBJECT, path).map(JsonNode::toString).orElse(null))
                .isEqualTo(value);
    }
}
