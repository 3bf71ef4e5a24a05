package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.ApiError.Cause;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What holds for the metadata of all objects; the rules and their wording are those of
 * <a href="https://kubernetes.io/docs/concepts/overview/working-with-objects/names/">Object Names and IDs</a> and
 * <a href="https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/">Labels and Selectors</a>.
 */
final class MetadataRules {
    private static final String LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private static final Pattern DNS_LABEL = Pattern.compile(LABEL);
    private static final Pattern DNS_SUBDOMAIN = Pattern.compile(LABEL + "(\\." + LABEL + ")*");
    private static final String QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
    private static final Pattern QUALIFIED_NAME = Pattern.compile(QUALIFIED);
    private static final Pattern LABEL_VALUE = Pattern.compile("(" + QUALIFIED + ")?");
    private static final String DNS_LABEL_ADVICE = """
        a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end \
        with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '%s')\
        """.formatted(DNS_LABEL);
    private static final String DNS_SUBDOMAIN_ADVICE = """
        a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start \
        and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '%s')\
        """.formatted(DNS_SUBDOMAIN);
    private static final String LABEL_ADVICE = """
        a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start \
        and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation \
        is '%s')\
        """.formatted(LABEL_VALUE);
    private static final int MAX_ANNOTATIONS = 256 * 1024;

    private MetadataRules() {}

    static List<Cause> validate(ObjectNode object, ResourceType type) {
        var metadata = object.path("metadata");
        var causes = new ArrayList<Cause>();
        checkName(Json.name(object), type, causes);
        causes.addAll(labels(metadata.path("labels"), "metadata.labels"));
        checkAnnotations(metadata.path("annotations"), causes);
        checkOwners(metadata.path("ownerReferences"), causes);
        return causes;
    }

    private static void checkName(String name, ResourceType type, List<Cause> causes) {
        if (type.group().equals("rbac.authorization.k8s.io")) {
            return; // any path segment will do
        }
        var isLabel = type.equals(ResourceTypes.NAMESPACES) || type.equals(ResourceTypes.SERVICES);
        var maximum = isLabel ? 63 : 253;
        if (name.length() > maximum) {
            causes.add(invalid("metadata.name", name, "must be no more than %d characters".formatted(maximum)));
        }
        if (isLabel && !DNS_LABEL.matcher(name).matches()) {
            causes.add(invalid("metadata.name", name, DNS_LABEL_ADVICE));
        } else if (!isLabel && !DNS_SUBDOMAIN.matcher(name).matches()) {
            causes.add(invalid("metadata.name", name, DNS_SUBDOMAIN_ADVICE));
        }
    }

    static List<Cause> labels(JsonNode labels, String path) {
        var causes = new ArrayList<Cause>();
        labels.properties().forEach(e -> {
            checkKey(e.getKey(), path, causes);
            var value = e.getValue().asText();
            if (value.length() > 63) {
                causes.add(invalid(path, value, "must be no more than 63 bytes"));
            }
            if (!LABEL_VALUE.matcher(value).matches()) {
                causes.add(invalid(path, value, LABEL_ADVICE));
            }
        });
        return causes;
    }

    private static void checkKey(String key, String path, List<Cause> causes) {
        var slash = key.indexOf('/');
        var prefix = slash < 0 ? "" : key.substring(0, slash);
        var name = key.substring(slash + 1);
        if (slash >= 0 && !DNS_SUBDOMAIN.matcher(prefix).matches()) {
            causes.add(invalid(
                    path,
                    key,
                    "prefix part a lowercase RFC 1123 subdomain must consist of lower case"
                            + " alphanumeric characters, '-' or '.'"));
        }
        if (name.length() > 63 || !QUALIFIED_NAME.matcher(name).matches()) {
            causes.add(invalid(
                    path,
                    key,
                    "name part must consist of alphanumeric characters, '-', '_' or '.', and must"
                            + " start and end with an alphanumeric character, and be no more than 63 characters"));
        }
    }

    private static void checkAnnotations(JsonNode annotations, List<Cause> causes) {
        var size = 0;
        for (var e : annotations.properties()) {
            checkKey(e.getKey().toLowerCase(Locale.ROOT), "metadata.annotations", causes);
            size += e.getKey().length() + e.getValue().asText().getBytes(StandardCharsets.UTF_8).length;
        }
        if (size > MAX_ANNOTATIONS) {
            causes.add(new Cause(
                    "FieldValueTooLong",
                    "metadata.annotations",
                    "Too long: may not be more than %d bytes".formatted(MAX_ANNOTATIONS)));
        }
    }

    private static void checkOwners(JsonNode owners, List<Cause> causes) {
        var controllers = 0;
        for (var owner : owners) {
            for (var field : List.of("apiVersion", "kind", "name", "uid")) {
                if (owner.path(field).asText().isEmpty()) {
                    causes.add(new Cause(
                            "FieldValueInvalid",
                            "metadata.ownerReferences." + field,
                            "Invalid value: \"\": must not be empty"));
                }
            }
            controllers += owner.path("controller").asBoolean() ? 1 : 0;
        }
        if (controllers > 1) {
            causes.add(new Cause(
                    "FieldValueInvalid",
                    "metadata.ownerReferences",
                    "Invalid value: Only one reference can have Controller set to true."));
        }
    }

    private static Cause invalid(String path, String value, String message) {
        return new Cause("FieldValueInvalid", path, "Invalid value: \"%s\": %s".formatted(value, message));
    }
}
