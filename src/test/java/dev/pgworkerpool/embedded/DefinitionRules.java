package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.ApiError.Cause;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A custom resource definition must compile; it is established at once. */
final class DefinitionRules implements KindRules {
    @Override
    public void prepare(ObjectNode definition, @Nullable ObjectNode current) {
        if (Json.at(definition, "status", "conditions").isArray()) {
            return;
        }
        var names = definition.withObject("/spec/names");
        if (!names.has("singular")) {
            names.put("singular", names.path("kind").asText().toLowerCase(Locale.ROOT));
        }
        if (!names.has("listKind")) {
            names.put("listKind", names.path("kind").asText() + "List");
        }
        var status = definition.putObject("status");
        status.set("acceptedNames", names.deepCopy());
        var conditions = status.putArray("conditions");
        conditions.add(condition("NamesAccepted", "NoConflicts", "no conflicts found"));
        conditions.add(condition("Established", "InitialNamesAccepted", "the initial names have been accepted"));
        var versions = status.putArray("storedVersions");
        Json.at(definition, "spec", "versions").forEach(version -> {
            if (version.path("storage").asBoolean()) {
                versions.add(version.path("name").asText());
            }
        });
    }

    private static ObjectNode condition(String type, String reason, String message) {
        return Json.object()
                .put("type", type)
                .put("status", "True")
                .put("lastTransitionTime", Json.now())
                .put("reason", reason)
                .put("message", message);
    }

    @Override
    public List<Cause> validate(ObjectNode definition, @Nullable ObjectNode current) {
        var spec = definition.path("spec");
        var name = Json.text(spec, "names", "plural") + "." + Json.text(spec, "group");
        if (!Json.name(definition).equals(name)) {
            return List.of(new Cause(
                    "FieldValueInvalid",
                    "metadata.name",
                    "Invalid value: \"%s\": must be spec.names.plural+\".\"+spec.group"
                            .formatted(Json.name(definition))));
        }
        try {
            ResourceTypes.typesOf(definition);
            return List.of();
        } catch (ApiError e) {
            return List.of(new Cause(
                    "FieldValueInvalid", "spec.versions.schema.openAPIV3Schema", "Invalid value: " + e.getMessage()));
        }
    }
}
