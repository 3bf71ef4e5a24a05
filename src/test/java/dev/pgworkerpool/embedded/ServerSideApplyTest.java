package dev.pgworkerpool.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.ManagedFields.Owner;
import org.junit.jupiter.api.Test;

class ServerSideApplyTest {
    private static final ResourceType TYPE = Gadgets.type();
    private static final Owner ANN = Owner.applier("ann", null);
    private static final Owner BEN = Owner.applier("ben", null);

    @Test
    void what_a_manager_no_longer_wants_goes() {
        var live = apply(ANN, Json.object(), "{color: red, note: x, parts: [{name: a}, {name: b}], tags: [p, q]}");
        live = apply(ANN, live, "{color: red, parts: [{name: b}], tags: [q]}");
        assertThat(spec(live)).isEqualTo(spec("{color: red, parts: [{name: b}], tags: [q]}"));
    }

    @Test
    void what_others_want_stays() {
        var live = apply(ANN, Json.object(), "{color: red, parts: [{name: a, weight: 2}], options: {k: v}}");
        live = apply(BEN, live, "{color: red, parts: [{name: b}], options: {l: w}}");
        live = apply(ANN, live, "{size: 5}");
        assertThat(spec(live)).isEqualTo(spec("{color: red, parts: [{name: b}], options: {l: w}, size: 5}"));
    }

    @Test
    void a_field_of_another_manager_is_a_conflict_unless_its_value_is_the_same() {
        var live = apply(ANN, Json.object(), "{color: red, size: 5}");
        assertThat(spec(apply(BEN, live, "{color: red}"))).isEqualTo(spec("{color: red, size: 5}"));
        assertThatThrownBy(() -> apply(BEN, live, "{color: red, size: 6}"))
                .isInstanceOf(ApiError.class)
                .hasMessage("Apply failed with 1 conflict: conflict with \"ann\": .spec.size");
    }

    @Test
    void force_takes_the_field_over() {
        var live = apply(ANN, Json.object(), "{color: red, size: 5}");
        live = new ServerSideApply(TYPE, BEN, true).apply(live, Gadgets.gadget("{size: 6}"));
        assertThat(spec(live)).isEqualTo(spec("{color: red, size: 6}"));
        live = apply(ANN, live, "{color: red}");
        assertThat(spec(live)).isEqualTo(spec("{color: red, size: 6}"));
    }

    @Test
    void a_field_that_somebody_updated_is_theirs() {
        var live = apply(ANN, Json.object(), "{color: red, size: 5}");
        var updated = live.deepCopy();
        updated.withObject("/spec").put("size", 7);
        var fields = ManagedFields.of(updated);
        fields.noteUpdate(Owner.updater("ed", null), live, updated, TYPE);
        fields.writeTo(updated, "test.dev/v1");
        assertThatThrownBy(() -> apply(ANN, updated, "{color: red, size: 5}"))
                .hasMessage("Apply failed with 1 conflict: conflict with \"ed\" using test.dev/v1: .spec.size");
    }

    @Test
    void applying_the_same_again_changes_nothing() {
        var live = apply(ANN, Json.object(), "{color: red, parts: [{name: a}]}");
        assertThat(apply(ANN, live, "{color: red, parts: [{name: a}]}")).isEqualTo(live);
    }

    private static ObjectNode apply(Owner owner, ObjectNode live, String spec) {
        return new ServerSideApply(TYPE, owner, false).apply(live, Gadgets.gadget(spec));
    }

    private static Object spec(ObjectNode object) {
        return object.path("spec");
    }

    private static Object spec(String spec) {
        return Gadgets.gadget(spec).path("spec");
    }
}
