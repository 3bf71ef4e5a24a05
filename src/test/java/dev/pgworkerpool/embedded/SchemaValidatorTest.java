package dev.pgworkerpool.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchemaValidatorTest {
    private static final StructuralSchema SCHEMA = Gadgets.schema();

    @Test
    void absent_fields_get_their_defaults_also_inside_of_lists() {
        var gadget = Gadgets.gadget("{color: red, parts: [{name: a}]}");
        SCHEMA.applyDefaults(gadget);
        assertThat(gadget.path("spec"))
                .isEqualTo(Gadgets.gadget("{color: red, parts: [{name: a, weight: 1}], size: 3, limit: 9}")
                        .path("spec"));
    }

    @Test
    void unknown_fields_are_dropped_and_named_but_not_where_the_schema_is_open() {
        var gadget = Gadgets.gadget("{color: red, colour: blue, parts: [{name: a, nam: b}], options: {any: thing}}");
        gadget.putObject("status").put("whatever", 1);
        assertThat(SCHEMA.prune(gadget)).containsExactlyInAnyOrder("spec.colour", "spec.parts[0].nam");
        assertThat(gadget.path("spec"))
                .isEqualTo(Gadgets.gadget("{color: red, parts: [{name: a}], options: {any: thing}}")
                        .path("spec"));
        assertThat(gadget.path("status").has("whatever")).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        {color: blue}                    | spec.color: Unsupported value: "blue": supported values: "red", "green"
        {color: red, size: 0}            | spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1
        {color: red, size: 11, limit: 20} | spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10
        {color: red, size: 9, limit: 8}  | spec.size: Invalid value: "object": size is beyond the limit
        {color: red, note: forbidden}    | spec: Invalid value: "object": not forbidden
        {color: red, note: A}            | spec.note: Invalid value: "A": spec.note in body should match '^[a-zäöü]*$'
        {color: red, tags: [a, a]}       | spec.tags[1]: Duplicate value: "a"
        {color: red, tags: [a, '']}      | spec.tags[1]: Invalid value: "": spec.tags[1] in body should be at least 1 chars long
        {color: red, parts: [{name: a}, {name: a}]} | spec.parts[1]: Duplicate value: {"name":"a"}
        """)
    void what_is_wrong_is_said_in_the_words_of_the_real_API(String spec, String message) {
        assertThat(complaints(complete(spec), null)).containsExactly(message);
    }

    @Test
    void what_is_required_must_be_there() {
        assertThat(complaints(complete("{size: 1}"), null)).first().isEqualTo("spec.color: Required value");
    }

    @Test
    void what_is_of_the_wrong_type_keeps_the_rules_from_being_checked() {
        assertThat(complaints(complete("{color: red, size: big}"), null))
                .hasSize(2)
                .first()
                .isEqualTo(
                        "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\"");
    }

    @Test
    void lengths_are_counted_in_characters() {
        assertThat(complaints(complete("{color: red, note: ääääääääää}"), null)).isEmpty();
        assertThat(complaints(complete("{color: red, note: äääääääääää}"), null))
                .first()
                .isEqualTo("spec.note: Too long: may not be more than 10 bytes");
    }

    @Test
    void rules_about_the_old_object_hold_for_updates_only() {
        var before = complete("{color: red, limit: 9}");
        var after = complete("{color: green, limit: 8}");
        assertThat(complaints(after, null)).isEmpty();
        assertThat(complaints(after, before))
                .containsExactlyInAnyOrder(
                        "spec: Invalid value: \"object\": the limit only grows",
                        "spec.color: Invalid value: \"string\": color is immutable");
    }

    @Test
    void what_was_wrong_before_and_did_not_change_is_no_obstacle() {
        var before = complete("{color: blue}");
        var after = complete("{color: blue, note: x}");
        assertThat(complaints(after, before)).isEmpty();
    }

    private static ObjectNode complete(String spec) {
        var gadget = Gadgets.gadget(spec);
        SCHEMA.applyDefaults(gadget);
        return gadget;
    }

    private static List<String> complaints(ObjectNode object, @Nullable ObjectNode old) {
        return SchemaValidator.validate(object, old, SCHEMA).stream()
                .map(ApiError.Cause::text)
                .toList();
    }
}
