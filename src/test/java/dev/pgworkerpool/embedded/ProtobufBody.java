package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * The kinds that {@code kubectl create secret}, {@code configmap}, {@code namespace} and {@code serviceaccount} send in
 * protobuf, which is all that this API understands of it. The numbers are those of the {@code generated.proto} files of
 * <a href="https://github.com/kubernetes/api">kubernetes/api</a>.
 */
final class ProtobufBody {
    static final String MEDIA_TYPE = "application/vnd.kubernetes.protobuf";

    private static final ByteString MAGIC = ByteString.copyFrom(new byte[] {'k', '8', 's', 0});

    private enum Shape {
        TEXT,
        FLAG,
        TEXT_MAP,
        BYTES_MAP,
        METADATA
    }

    private record Field(int number, String name, Shape shape) {}

    private static final List<Field> METADATA = List.of(
            new Field(1, "name", Shape.TEXT),
            new Field(2, "generateName", Shape.TEXT),
            new Field(3, "namespace", Shape.TEXT),
            new Field(11, "labels", Shape.TEXT_MAP),
            new Field(12, "annotations", Shape.TEXT_MAP));

    private static final Field OBJECT_METADATA = new Field(1, "metadata", Shape.METADATA);

    private static final Map<String, List<Field>> KINDS = Map.of(
            "Namespace", List.of(OBJECT_METADATA),
            "ServiceAccount", List.of(OBJECT_METADATA),
            "ConfigMap",
                    List.of(
                            OBJECT_METADATA,
                            new Field(2, "data", Shape.TEXT_MAP),
                            new Field(3, "binaryData", Shape.BYTES_MAP)),
            "Secret",
                    List.of(
                            OBJECT_METADATA,
                            new Field(2, "data", Shape.BYTES_MAP),
                            new Field(3, "type", Shape.TEXT),
                            new Field(4, "stringData", Shape.TEXT_MAP),
                            new Field(5, "immutable", Shape.FLAG)));

    private ProtobufBody() {}

    static ObjectNode parse(byte[] body) {
        var bytes = ByteString.copyFrom(body);
        try {
            if (bytes.startsWith(MAGIC)) {
                return envelope(UnknownFieldSet.parseFrom(bytes.substring(MAGIC.size())));
            }
        } catch (InvalidProtocolBufferException e) {
            throw ApiError.badRequest("the object provided is unrecognized: " + e.getMessage());
        }
        throw ApiError.badRequest("the object provided is unrecognized: no protobuf of Kubernetes");
    }

    private static ObjectNode envelope(UnknownFieldSet envelope) throws InvalidProtocolBufferException {
        var type = UnknownFieldSet.parseFrom(bytes(envelope, 1));
        var kind = bytes(type, 2).toStringUtf8();
        var fields = KINDS.get(kind);
        if (fields == null) {
            throw ApiError.unsupportedMediaType("application/json, application/yaml");
        }
        var object =
                Json.object().put("apiVersion", bytes(type, 1).toStringUtf8()).put("kind", kind);
        read(UnknownFieldSet.parseFrom(bytes(envelope, 2)), fields, object);
        return object;
    }

    private static void read(UnknownFieldSet message, List<Field> fields, ObjectNode object)
            throws InvalidProtocolBufferException {
        for (var field : fields) {
            if (!message.hasField(field.number())) {
                continue;
            }
            switch (field.shape()) {
                case TEXT -> {
                    var text = bytes(message, field.number()).toStringUtf8();
                    if (!text.isEmpty()) {
                        object.put(field.name(), text);
                    }
                }
                case FLAG ->
                    object.put(
                            field.name(),
                            message.getField(field.number()).getVarintList().getLast() != 0);
                case METADATA ->
                    read(
                            UnknownFieldSet.parseFrom(bytes(message, field.number())),
                            METADATA,
                            object.putObject(field.name()));
                case TEXT_MAP, BYTES_MAP -> readMap(message, field, object.putObject(field.name()));
            }
        }
    }

    /** A map is a list of messages with the key in field 1 and the value in field 2. */
    private static void readMap(UnknownFieldSet message, Field field, ObjectNode map)
            throws InvalidProtocolBufferException {
        for (var entry : message.getField(field.number()).getLengthDelimitedList()) {
            var pair = UnknownFieldSet.parseFrom(entry);
            var value = bytes(pair, 2);
            map.put(
                    bytes(pair, 1).toStringUtf8(),
                    field.shape() == Shape.TEXT_MAP
                            ? value.toStringUtf8()
                            : Base64.getEncoder().encodeToString(value.toByteArray()));
        }
    }

    private static ByteString bytes(UnknownFieldSet message, int number) {
        var values = message.getField(number).getLengthDelimitedList();
        return values.isEmpty() ? ByteString.EMPTY : values.getLast();
    }
}
