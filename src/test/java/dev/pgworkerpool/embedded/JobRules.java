package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.ApiError.Cause;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Kubernetes Jobs: their defaults, the generated selector, and that the template does not change. */
final class JobRules implements KindRules {
    static final String JOB_NAME = "batch.kubernetes.io/job-name";
    static final String CONTROLLER_UID = "batch.kubernetes.io/controller-uid";
    private static final String OLD_JOB_NAME = "job-name";
    private static final String OLD_CONTROLLER_UID = "controller-uid";

    @Override
    public void prepare(ObjectNode job, @Nullable ObjectNode current) {
        var spec = job.withObject("/spec");
        putIfAbsent(spec, "completions", 1);
        putIfAbsent(spec, "parallelism", 1);
        putIfAbsent(spec, "backoffLimit", 6);
        if (!spec.has("completionMode")) {
            spec.put("completionMode", "NonIndexed");
        }
        if (!spec.has("suspend")) {
            spec.put("suspend", false);
        }
        if (!spec.has("podReplacementPolicy")) {
            spec.put("podReplacementPolicy", spec.has("podFailurePolicy") ? "Failed" : "TerminatingOrFailed");
        }
        PodRules.applyDefaults(spec.withObject("/template/spec"));
        if (current == null) {
            generateSelector(job, spec);
        }
    }

    private static void generateSelector(ObjectNode job, ObjectNode spec) {
        var uid = Json.uid(job);
        spec.withObject("/template/metadata/labels")
                .put(CONTROLLER_UID, uid)
                .put(OLD_CONTROLLER_UID, uid)
                .put(JOB_NAME, Json.name(job))
                .put(OLD_JOB_NAME, Json.name(job));
        spec.withObject("/selector/matchLabels").put(CONTROLLER_UID, uid);
    }

    private static void putIfAbsent(ObjectNode object, String field, int value) {
        if (!object.hasNonNull(field)) {
            object.put(field, value);
        }
    }

    @Override
    public List<Cause> validate(ObjectNode job, @Nullable ObjectNode current) {
        var causes = new ArrayList<Cause>();
        var template = Json.at(job, "spec", "template");
        causes.addAll(MetadataRules.labels(Json.at(template, "metadata", "labels"), "spec.template.labels"));
        if (Json.at(template, "spec", "containers").isEmpty()) {
            causes.add(new Cause("FieldValueRequired", "spec.template.spec.containers", "Required value"));
        }
        var restartPolicy = Json.at(template, "spec", "restartPolicy");
        if (restartPolicy.asText().equals("Always")) {
            causes.add(new Cause(
                    "FieldValueNotSupported",
                    "spec.template.spec.restartPolicy",
                    "Unsupported value: \"Always\": supported values: \"OnFailure\", \"Never\""));
        }
        if (current != null) {
            for (var field : List.of("template", "completions", "selector", "completionMode")) {
                if (!Json.at(current, "spec", field).equals(Json.at(job, "spec", field))) {
                    causes.add(new Cause(
                            "FieldValueInvalid",
                            "spec." + field,
                            "Invalid value: %s: field is immutable".formatted(Json.at(job, "spec", field))));
                }
            }
        }
        return causes;
    }
}
