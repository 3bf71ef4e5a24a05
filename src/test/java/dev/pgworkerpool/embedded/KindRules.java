package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.ApiError.Cause;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is particular to a kind when its objects are written. */
interface KindRules {
    KindRules NONE = new KindRules() {};

    /** Removes unknown fields; returns their paths. */
    default List<String> prune(ObjectNode object) {
        return List.of();
    }

    /** Fills in defaults and what the API decides itself; {@code current} is null for a new object. */
    default void prepare(ObjectNode object, @Nullable ObjectNode current) {}

    /** All that is wrong. */
    default List<Cause> validate(ObjectNode object, @Nullable ObjectNode current) {
        return List.of();
    }
}
