package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.ApiError.Cause;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A Secret keeps everything in {@code data}; {@code stringData} is for writing only. */
final class SecretRules implements KindRules {
    @Override
    public void prepare(ObjectNode secret, @Nullable ObjectNode current) {
        if (secret.remove("stringData") instanceof ObjectNode texts) {
            var data = secret.withObject("/data");
            texts.properties()
                    .forEach(e -> data.put(e.getKey(), encode(e.getValue().asText())));
        }
        if (!secret.hasNonNull("type")) {
            secret.put("type", "Opaque");
        }
    }

    @Override
    public List<Cause> validate(ObjectNode secret, @Nullable ObjectNode current) {
        var causes = new ArrayList<Cause>();
        secret.path("data").properties().forEach(e -> {
            try {
                var ignored = Base64.getDecoder().decode(e.getValue().asText());
            } catch (IllegalArgumentException wrong) {
                causes.add(new Cause("FieldValueInvalid", "data." + e.getKey(), "Invalid value: illegal base64 data"));
            }
        });
        if (current != null && !current.path("type").equals(secret.path("type"))) {
            causes.add(new Cause(
                    "FieldValueInvalid",
                    "type",
                    "Invalid value: %s: field is immutable".formatted(secret.path("type"))));
        }
        if (current != null
                && current.path("immutable").asBoolean()
                && !current.path("data").equals(secret.path("data"))) {
            causes.add(
                    new Cause("FieldValueForbidden", "data", "Forbidden: field is immutable when `immutable` is set"));
        }
        return causes;
    }

    private static String encode(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
