package dev.pgworkerpool.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;

class PatchesTest {
    private static final ObjectNode POD = Gadgets.flow("""
        {metadata: {finalizers: [x, y]}, spec: {containers: [{name: a, image: one}, {name: b, image: two}], tolerations: [{key: k}]}}\
        """);

    @Test
    void a_merge_patch_replaces_lists_and_removes_what_is_null() {
        var patched = patch(Patches.MERGE, "{spec: {containers: [{name: c}], tolerations: null}}");
        assertThat(patched)
                .isEqualTo(Gadgets.flow("{metadata: {finalizers: [x, y]}, spec: {containers: [{name: c}]}}"));
    }

    @Test
    void a_strategic_merge_patch_merges_lists_by_their_keys() {
        var patched = patch(Patches.STRATEGIC, """
            {spec: {containers: [{name: b, image: three}, {name: c}], $setElementOrder/containers: [{name: b}]}}\
            """);
        assertThat(patched.path("spec").path("containers"))
                .isEqualTo(list("[{name: a, image: one}, {name: b, image: three}, {name: c}]"));
    }

    @Test
    void a_strategic_merge_patch_can_delete_items_and_members() {
        var patched = patch(Patches.STRATEGIC, """
            {metadata: {$deleteFromPrimitiveList/finalizers: [x]}, spec: {containers: [{name: a, $patch: delete}]}}\
            """);
        assertThat(patched.path("spec").path("containers")).isEqualTo(list("[{name: b, image: two}]"));
        assertThat(patched.path("metadata").path("finalizers")).isEqualTo(list("[y]"));
    }

    @Test
    void a_JSON_patch_changes_what_its_paths_point_to() {
        var operations = "[{\"op\": \"replace\", \"path\": \"/spec/containers/0/image\", \"value\": \"new\"}]";
        var patched = Patches.patch(POD, Patches.JSON, operations.getBytes(UTF_8), ResourceTypes.PODS);
        assertThat(patched.at("/spec/containers/0/image").asText()).isEqualTo("new");
    }

    @Test
    void custom_resources_know_no_strategic_merge() {
        assertThatThrownBy(() -> Patches.patch(POD, Patches.STRATEGIC, "{}".getBytes(UTF_8), Gadgets.type()))
                .isInstanceOfSatisfying(
                        ApiError.class, e -> assertThat(e.code()).isEqualTo(415));
    }

    private static ObjectNode patch(String mediaType, String patch) {
        var body = Gadgets.flow(patch).toString().getBytes(UTF_8);
        return Patches.patch(POD, mediaType, body, ResourceTypes.PODS);
    }

    private static JsonNode list(String yaml) {
        return Gadgets.flow("{list: " + yaml + "}").path("list");
    }
}
