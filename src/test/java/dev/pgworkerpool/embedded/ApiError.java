package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** A refusal of the API; travels to the client as a {@code Status} object. */
final class ApiError extends RuntimeException {
    /** One field that is wrong, as in {@code Status.details.causes}. */
    record Cause(String reason, String field, String message) {
        String text() {
            return field.isEmpty() ? message : field + ": " + message;
        }
    }

    private static final long serialVersionUID = 1;

    private final int code;
    private final String reason;
    private final transient ObjectNode details;

    private ApiError(int code, String reason, String message, ObjectNode details) {
        super(message);
        this.code = code;
        this.reason = reason;
        this.details = details;
    }

    private ApiError(int code, String reason, String message) {
        this(code, reason, message, Json.object());
    }

    static ApiError badRequest(String message) {
        return new ApiError(400, "BadRequest", message);
    }

    static ApiError forbidden(ResourceType type, String name, String why) {
        return new ApiError(
                403,
                "Forbidden",
                "%s \"%s\" is forbidden: %s".formatted(type.groupResource(), name, why),
                named(type, name));
    }

    static ApiError noSuchPath() {
        return new ApiError(404, "NotFound", "the server could not find the requested resource");
    }

    static ApiError notFound(ResourceType type, String name) {
        return new ApiError(
                404, "NotFound", "%s \"%s\" not found".formatted(type.groupResource(), name), named(type, name));
    }

    static ApiError methodNotAllowed() {
        return new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
    }

    static ApiError alreadyExists(ResourceType type, String name) {
        return new ApiError(
                409,
                "AlreadyExists",
                "%s \"%s\" already exists".formatted(type.groupResource(), name),
                named(type, name));
    }

    static ApiError conflict(ResourceType type, String name, String why) {
        return new ApiError(
                409,
                "Conflict",
                "Operation cannot be fulfilled on %s \"%s\": %s".formatted(type.groupResource(), name, why),
                named(type, name));
    }

    static ApiError modified(ResourceType type, String name) {
        return conflict(
                type,
                name,
                "the object has been modified; please apply your changes to the latest version and try again");
    }

    /** Server-side apply met fields that others own. */
    static ApiError applyConflict(List<Cause> causes) {
        var message = causes.size() == 1
                ? "Apply failed with 1 conflict: " + conflict(causes.getFirst())
                : "Apply failed with %d conflicts: %s".formatted(causes.size(), conflictsByOwner(causes));
        return new ApiError(409, "Conflict", message, withCauses(Json.object(), causes));
    }

    private static String conflict(Cause cause) {
        return cause.message() + ": " + cause.field();
    }

    private static String conflictsByOwner(List<Cause> causes) {
        var fields = new TreeMap<String, String>();
        causes.forEach(cause -> fields.merge(cause.message(), "\n- " + cause.field(), String::concat));
        return fields.entrySet().stream()
                .map(owner -> owner.getKey() + ":" + owner.getValue())
                .collect(Collectors.joining("\n"));
    }

    static ApiError expired(long asked, long oldest) {
        return new ApiError(410, "Expired", "too old resource version: %d (%d)".formatted(asked, oldest));
    }

    static ApiError unsupportedMediaType(String accepted) {
        return new ApiError(
                415,
                "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: " + accepted);
    }

    static ApiError invalid(ResourceType type, String name, List<Cause> causes) {
        var texts = causes.stream().map(Cause::text).toList();
        var kind = type.group().isEmpty() ? type.kind() : type.kind() + "." + type.group();
        var message = "%s \"%s\" is invalid: %s"
                .formatted(kind, name, texts.size() == 1 ? texts.getFirst() : texts.toString());
        var details = Json.object().put("name", name).put("group", type.group()).put("kind", type.kind());
        return new ApiError(422, "Invalid", message, withCauses(details, causes));
    }

    /** A JSON patch whose test fails, or whose path leads nowhere. */
    static ApiError patchFailed() {
        return new ApiError(422, "Invalid", "the server rejected our request due to an error in our request");
    }

    static ApiError internal(Throwable cause) {
        return new ApiError(500, "InternalError", "Internal error occurred: " + cause);
    }

    int code() {
        return code;
    }

    ObjectNode status() {
        var status = Json.object().put("kind", "Status").put("apiVersion", "v1");
        status.putObject("metadata");
        status.put("status", "Failure").put("message", getMessage()).put("reason", reason);
        if (!details.isEmpty()) {
            status.set("details", details);
        }
        return status.put("code", code);
    }

    private static ObjectNode named(ResourceType type, String name) {
        return Json.object().put("name", name).put("group", type.group()).put("kind", type.plural());
    }

    private static ObjectNode withCauses(ObjectNode details, List<Cause> causes) {
        var array = details.putArray("causes");
        causes.forEach(cause -> array.addObject()
                .put("reason", cause.reason())
                .put("message", cause.message())
                .put("field", cause.field()));
        return details;
    }
}
