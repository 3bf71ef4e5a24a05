package dev.pgworkerpool.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResourcePathTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        /api/v1                                          |       | v1 |       |            |        |
        /api/v1/pods                                     |       | v1 |       | pods       |        |
        /api/v1/namespaces                               |       | v1 |       | namespaces |        |
        /api/v1/namespaces/books                         |       | v1 |       | namespaces | books  |
        /api/v1/namespaces/books/status                  |       | v1 |       | namespaces | books  | status
        /api/v1/namespaces/books/pods                    |       | v1 | books | pods       |        |
        /api/v1/namespaces/books/pods/p/log              |       | v1 | books | pods       | p      | log
        /apis/batch/v1/namespaces/books/jobs/j           | batch | v1 | books | jobs       | j      |
        /apis/g/v1/namespaces/books/things/with%2Fslash  | g     | v1 | books | things     | with/slash |
        """)
    void a_path_names_group_version_namespace_resource_object_and_subresource(
            String path,
            String group,
            String version,
            String namespace,
            String plural,
            String name,
            String subresource) {
        assertThat(ResourcePath.parse(path))
                .contains(new ResourcePath(group == null ? "" : group, version, namespace, plural, name, subresource));
    }

    @ParameterizedTest
    @CsvSource({"/", "/api", "/apis", "/apis/batch", "/metrics"})
    void other_paths_are_no_resources(String path) {
        assertThat(ResourcePath.parse(path)).isEmpty();
    }
}
