package dev.pgworkerpool.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SelectorsTest {
    private static final ObjectNode POD =
            Gadgets.flow("{metadata: {name: p, labels: {app: worker, a.b/c: x}}, status: {phase: Running}}");

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        app=worker               | true
        app==worker              | true
        app=other                | false
        app!=other               | true
        missing!=x               | true
        app                      | true
        !app                     | false
        !missing                 | true
        app in (a, worker)       | true
        app in (a,b)             | false
        app notin (a,b)          | true
        missing notin (a)        | true
        app=worker,a.b/c=x       | true
        app in (worker,x),a.b/c!=x | false
        """)
    void labels_are_selected_by_all_requirements(String selector, boolean matches) {
        assertThat(Selectors.labels(selector).test(POD)).isEqualTo(matches);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        metadata.name=p                      | true
        metadata.name!=p                     | false
        status.phase=Running,metadata.name=p | true
        spec.nodeName=                       | true
        status.phase==Pending                | false
        """)
    void fields_are_selected_by_their_values(String selector, boolean matches) {
        assertThat(Selectors.fields(selector).test(POD)).isEqualTo(matches);
    }

    @Test
    void nonsense_is_refused() {
        assertThatThrownBy(() -> Selectors.labels("a b c")).isInstanceOf(ApiError.class);
        assertThatThrownBy(() -> Selectors.fields("name")).isInstanceOf(ApiError.class);
    }
}
