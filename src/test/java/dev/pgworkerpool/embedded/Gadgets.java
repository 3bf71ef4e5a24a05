package dev.pgworkerpool.embedded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.util.Objects;

/** A custom resource for the tests of the API itself, with a bit of everything that a definition can say. */
final class Gadgets {
    static final ResourceDefinitionContext CONTEXT = new ResourceDefinitionContext.Builder()
            .withGroup("test.dev")
            .withVersion("v1")
            .withKind("Gadget")
            .withPlural("gadgets")
            .withNamespaced(true)
            .build();

    static final String DEFINITION = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: gadgets.test.dev}
        spec:
          group: test.dev
          scope: Namespaced
          names: {plural: gadgets, singular: gadget, kind: Gadget, shortNames: [ga], categories: [toys]}
          versions:
          - name: v1
            served: true
            storage: true
            subresources: {status: {}}
            additionalPrinterColumns:
            - {name: Size, type: integer, jsonPath: .spec.size}
            - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
            - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
            - {name: Color, type: string, jsonPath: .spec.color, priority: 1}
            schema:
              openAPIV3Schema:
                type: object
                required: [spec]
                properties:
                  spec:
                    type: object
                    description: What the gadget should be like
                    required: [color]
                    x-kubernetes-validations:
                    - {rule: "self.size <= self.limit", message: size is beyond the limit, fieldPath: .size}
                    - {rule: "!has(self.note) || self.note != 'forbidden'", messageExpression: "'not ' + self.note"}
                    - {rule: "self.limit >= oldSelf.limit", message: the limit only grows}
                    properties:
                      color: {type: string, enum: [red, green], x-kubernetes-validations: [{rule: self == oldSelf, message: color is immutable}]}
                      size: {type: integer, minimum: 1, maximum: 10.0, default: 3}
                      limit: {type: integer, default: 9}
                      note: {type: string, maxLength: 10, pattern: '^[a-zäöü]*$'}
                      tags: {type: array, maxItems: 3, items: {type: string, minLength: 1}, x-kubernetes-list-type: set}
                      parts:
                        type: array
                        x-kubernetes-list-type: map
                        x-kubernetes-list-map-keys: [name]
                        items:
                          type: object
                          required: [name]
                          properties:
                            name: {type: string}
                            weight: {type: integer, default: 1}
                      options: {type: object, additionalProperties: {type: string}}
                  status:
                    type: object
                    x-kubernetes-preserve-unknown-fields: true
        """;

    private Gadgets() {}

    static StructuralSchema schema() {
        return Objects.requireNonNull(type().custom()).schema();
    }

    static ResourceType type() {
        return ResourceTypes.typesOf(Json.parse(DEFINITION)).getFirst();
    }

    static void define(KubernetesClient client) {
        client.resource(DEFINITION).create();
    }

    /** A gadget in YAML, with this as its spec. */
    static String yaml(String name, String spec) {
        return """
            apiVersion: test.dev/v1
            kind: Gadget
            metadata: {name: %s}
            spec: %s
            """.formatted(name, spec);
    }

    /** An object in YAML's flow style. */
    static ObjectNode flow(String text) {
        return (ObjectNode) Json.parse("value: " + text).path("value");
    }

    static ObjectNode gadget(String spec) {
        return Json.parse(yaml("g", spec));
    }
}
