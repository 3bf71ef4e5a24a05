package dev.pgworkerpool.api;

import static java.util.Objects.requireNonNull;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDPostProcessor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.CustomResource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Generates the files of {@code crds/} from the classes of this package. */
final class CrdFiles {
    static final Path CHECKED_IN = Path.of("crds");

    private static final List<Class<? extends CustomResource<?, ?>>> TYPES = List.of(WorkerPool.class, WorkerJob.class);

    /** That of the types that Kubernetes has built in. */
    private static final String QUANTITY =
            "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?[0-9]{1,9}))?$";

    private CrdFiles() {}

    static void generate(Path folder) throws IOException {
        Files.createDirectories(folder);
        new CRDGenerator()
                .customResourceClasses(TYPES.toArray(Class[]::new))
                .withMinQuotes(true)
                .withPostProcessor(new CRDPostProcessor() {
                    @Override
                    public HasMetadata process(HasMetadata crd, String version) {
                        return finish((CustomResourceDefinition) crd);
                    }
                })
                .inOutputDir(folder.toFile())
                .generate();
    }

    static List<Path> in(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    /** Adds what the generator has no annotation for. */
    private static HasMetadata finish(CustomResourceDefinition crd) {
        var type = TYPES.stream()
                .filter(each ->
                        each.getSimpleName().equals(crd.getSpec().getNames().getKind()))
                .findFirst()
                .orElseThrow();
        var version = crd.getSpec().getVersions().getFirst();
        version.getAdditionalPrinterColumns().sort(inOrderOf(type));
        var schema = version.getSchema().getOpenAPIV3Schema();
        var conditions = property(property(schema, "status"), "conditions");
        conditions.setXKubernetesListType("map");
        conditions.setXKubernetesListMapKeys(List.of("type"));
        conditions.getItems().getSchema().setRequired(List.of("type", "status"));
        if (type == WorkerPool.class) {
            var env = property(property(property(schema, "spec"), "worker"), "env");
            env.getItems().getSchema().setRequired(List.of("name"));
        }
        limitQuantities(schema);
        return crd;
    }

    /** A quantity that is none is refused: the operator could not read it. */
    private static void limitQuantities(JSONSchemaProps schema) {
        if (Boolean.TRUE.equals(schema.getXKubernetesIntOrString())) {
            schema.setPattern(QUANTITY);
        }
        schema.getProperties().values().forEach(CrdFiles::limitQuantities);
        if (schema.getItems() != null) {
            limitQuantities(schema.getItems().getSchema());
        }
        if (schema.getAdditionalProperties() != null
                && schema.getAdditionalProperties().getSchema() != null) {
            limitQuantities(schema.getAdditionalProperties().getSchema());
        }
    }

    private static JSONSchemaProps property(JSONSchemaProps schema, String name) {
        return requireNonNull(schema.getProperties().get(name), name);
    }

    /** Columns in the order of their annotations: the generator sorts them by name, but people read them from left to right. */
    private static Comparator<CustomResourceColumnDefinition> inOrderOf(Class<?> type) {
        List<String> names = Stream.of(type.getAnnotationsByType(AdditionalPrinterColumn.class))
                .map(AdditionalPrinterColumn::name)
                .toList();
        return Comparator.comparing(column -> names.indexOf(column.getName()));
    }
}
