package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.pgworkerpool.embedded.ApiError.Cause;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A custom resource obeys its schema. */
record CustomResourceRules(StructuralSchema schema) implements KindRules {
    @Override
    public List<String> prune(ObjectNode object) {
        return schema.prune(object);
    }

    @Override
    public void prepare(ObjectNode object, @Nullable ObjectNode current) {
        schema.applyDefaults(object);
    }

    @Override
    public List<Cause> validate(ObjectNode object, @Nullable ObjectNode current) {
        return SchemaValidator.validate(object, current, schema);
    }
}
