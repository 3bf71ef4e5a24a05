package dev.pgworkerpool.embedded;

import dev.pgworkerpool.embedded.ManagedFields.Owner;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a write is done.
 *
 * @param owner who gets to own the written fields; null for the parts of the control plane, which are not kept track of
 * @param force take the fields of others (server-side apply)
 * @param warnings takes what the client should be told
 */
record WriteOptions(
        @Nullable Owner owner, boolean dryRun, FieldValidation validation, boolean force, Consumer<String> warnings) {
    /** What happens to fields that nobody knows; they are dropped in any case. */
    enum FieldValidation {
        IGNORE,
        WARN,
        STRICT
    }

    static final WriteOptions INTERNAL = new WriteOptions(null, false, FieldValidation.IGNORE, false, warning -> {});

    void unknownFields(ResourceType type, List<String> paths) {
        var texts = paths.stream().map("unknown field \"%s\""::formatted).toList();
        if (texts.isEmpty()) {
            return;
        }
        switch (validation) {
            case IGNORE -> {
                // nobody asked
            }
            case WARN -> texts.forEach(warnings);
            case STRICT ->
                throw ApiError.badRequest("%s in version \"%s\" cannot be handled as a %s: strict decoding error: %s"
                        .formatted(type.kind(), type.version(), type.kind(), String.join(", ", texts)));
        }
    }
}
