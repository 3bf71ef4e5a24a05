package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** One entry of {@code spec.versions} of a custom resource definition, with its schema ready for use. */
record CustomVersion(ObjectNode definition, StructuralSchema schema) {
    static CustomVersion of(ObjectNode definition) {
        return new CustomVersion(definition, StructuralSchema.of(openApi(definition)));
    }

    JsonNode openApi() {
        return openApi(definition);
    }

    JsonNode printerColumns() {
        return definition.path("additionalPrinterColumns");
    }

    private static JsonNode openApi(ObjectNode definition) {
        return Json.at(definition, "schema", "openAPIV3Schema");
    }
}
