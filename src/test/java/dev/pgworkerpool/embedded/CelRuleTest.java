package dev.pgworkerpool.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CelRuleTest {
    private static final JsonNode VALUE =
            Gadgets.flow("{text: käse, number: 5, list: [a, b], map: {a: 1}, namespace: x}");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "self.text == 'käse' && size(self.text) == 4 && bytes(self.text).size() == 5",
                "self.number > 4 && self.number % 2 == 1",
                "self.list.all(item, item in ['a', 'b']) && self.list.exists_one(item, item == 'a')",
                "has(self.map.a) && !has(self.map.b) && self.map.a == 1",
                "self.text.matches('^k') && self.text.startsWith('k')",
                "self.list.map(item, item + item).join(',') == 'aa,bb'",
                "self.__namespace__ == 'x'",
                "self.?missing.orValue('none') == 'none'",
            })
    void rules_can_use_the_language_that_definitions_are_written_in(String rule) {
        assertThat(check(rule, VALUE, null)).isEmpty();
    }

    @Test
    void a_rule_that_does_not_hold_says_which_one_it_is() {
        assertThat(check("self.number < 5", VALUE, null)).contains("failed rule: self.number < 5");
    }

    @Test
    void a_rule_that_cannot_be_evaluated_does_not_hold() {
        assertThat(check("self.missing == 1", VALUE, null)).isPresent();
    }

    @Test
    void a_rule_about_the_old_value_waits_for_one() {
        assertThat(check("self == oldSelf", VALUE, null)).isEmpty();
        assertThat(check("self == oldSelf", VALUE, VALUE.deepCopy())).isEmpty();
        assertThat(check("self == oldSelf", VALUE, Json.object())).isPresent();
    }

    @Test
    void a_rule_may_ask_whether_there_is_an_old_value() {
        var rule = "{rule: \"oldSelf.hasValue() || self.number == 1\", optionalOldSelf: true}";
        assertThat(of(rule).check(VALUE, null, schema())).isPresent();
        assertThat(of(rule).check(VALUE, VALUE.deepCopy(), schema())).isEmpty();
    }

    @Test
    void a_rule_that_does_not_compile_is_refused() {
        assertThatThrownBy(() -> check("self.", VALUE, null)).isInstanceOf(ApiError.class);
    }

    private static Optional<String> check(String rule, JsonNode value, @Nullable JsonNode old) {
        return of("{rule: \"" + rule + "\"}").check(value, old, schema());
    }

    private static CelRule of(String json) {
        return CelRule.of(Json.object().putArray("rules").add(Gadgets.flow(json)))
                .getFirst();
    }

    private static StructuralSchema schema() {
        return StructuralSchema.of(Gadgets.flow("{type: object, properties: {namespace: {type: string}}}"));
    }
}
