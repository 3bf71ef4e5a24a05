package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import dev.pgworkerpool.embedded.ManagedFields.Owner;
import dev.pgworkerpool.embedded.WriteOptions.FieldValidation;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One request and its answer. */
final class ApiExchange {
    private final HttpExchange http;
    private final Map<String, String> query;

    ApiExchange(HttpExchange http) {
        this.http = http;
        this.query = parse(http.getRequestURI().getRawQuery());
    }

    String method() {
        return http.getRequestMethod();
    }

    /** The path, not decoded: a name may contain an escaped slash. */
    String path() {
        return http.getRequestURI().getRawPath();
    }

    Map<String, String> query() {
        return query;
    }

    @Nullable
    String query(String name) {
        return query.get(name);
    }

    boolean isQueryTrue(String name) {
        return "true".equals(query.get(name)) || "1".equals(query.get(name));
    }

    String header(String name) {
        return Objects.requireNonNullElse(http.getRequestHeaders().getFirst(name), "");
    }

    /** The media type of the body, without parameters. */
    String contentType() {
        return header("Content-Type").split(";", 2)[0].strip();
    }

    /** The body as an object. */
    ObjectNode object() throws IOException {
        return contentType().equals(ProtobufBody.MEDIA_TYPE) ? ProtobufBody.parse(body()) : Json.parse(body());
    }

    byte[] body() throws IOException {
        return http.getRequestBody().readAllBytes();
    }

    /** What to do with a write; {@code operation} is {@code Update} or {@code Apply}. */
    WriteOptions writeOptions(String operation, @Nullable String subresource) {
        var validation = switch (query.getOrDefault("fieldValidation", "Warn")) {
            case "Strict" -> FieldValidation.STRICT;
            case "Ignore" -> FieldValidation.IGNORE;
            default -> FieldValidation.WARN;
        };
        var owner = new Owner(manager(), operation, Objects.requireNonNullElse(subresource, ""));
        return new WriteOptions(owner, query.containsKey("dryRun"), validation, isQueryTrue("force"), this::warn);
    }

    /** Who writes: what the client calls itself, or else its program. */
    private String manager() {
        var name = query("fieldManager");
        if (name != null && !name.isEmpty()) {
            return name;
        }
        var agent = header("User-Agent").split("/", 2)[0];
        return agent.isEmpty() ? "unknown" : agent;
    }

    void warn(String text) {
        http.getResponseHeaders()
                .add(
                        "Warning",
                        "299 - \"%s\"".formatted(text.replace("\\", "\\\\").replace("\"", "\\\"")));
    }

    void send(int code, JsonNode body) throws IOException {
        send(code, "application/json", Json.bytes(body));
    }

    void sendText(String text) throws IOException {
        send(200, "text/plain", text.getBytes(StandardCharsets.UTF_8));
    }

    private void send(int code, String type, byte[] body) throws IOException {
        http.getResponseHeaders().set("Content-Type", type);
        http.sendResponseHeaders(code, body.length == 0 ? -1 : body.length);
        http.getResponseBody().write(body);
    }

    /** Begins an answer of unknown length. */
    OutputStream stream(String type) throws IOException {
        http.getResponseHeaders().set("Content-Type", type);
        http.sendResponseHeaders(200, 0);
        return http.getResponseBody();
    }

    private static Map<String, String> parse(@Nullable String query) {
        var parameters = new HashMap<String, String>();
        if (query != null) {
            for (var parameter : query.split("&", -1)) {
                var equals = parameter.indexOf('=');
                var name = equals < 0 ? parameter : parameter.substring(0, equals);
                parameters.put(decode(name), equals < 0 ? "" : decode(parameter.substring(equals + 1)));
            }
        }
        return parameters;
    }

    static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }
}
