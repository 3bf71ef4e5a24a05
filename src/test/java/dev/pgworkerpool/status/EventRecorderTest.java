package dev.pgworkerpool.status;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.embedded.EmbeddedCluster;
import dev.pgworkerpool.embedded.NodeImage;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventRecorderTest {
    @ParameterizedTest
    @ValueSource(strings = {"x", "ä", "€", "😀"})
    void a_long_note_is_cut_by_its_bytes_and_never_within_a_character(String character) {
        String note = "n" + character.repeat(2000);
        String cut = EventRecorder.cut(note);
        assertThat(note).startsWith(cut);
        assertThat(cut.getBytes(UTF_8)).hasSizeBetween(1021, 1024);
    }

    @Test
    void a_short_note_stays_as_it_is() {
        assertThat(EventRecorder.cut("ä".repeat(512))).hasSize(512);
    }

    @Test
    void an_event_that_comes_again_is_counted_on_the_first_one_whoever_wrote_it(@TempDir Path folder) {
        try (var cluster = EmbeddedCluster.start(folder, NodeImage.asIs())) {
            ConfigMap regarding = cluster.client()
                    .resource(new ConfigMapBuilder()
                            .withNewMetadata()
                            .withNamespace("default")
                            .withName("it")
                            .endMetadata()
                            .build())
                    .create();
            for (int operators = 0; operators < 4; operators++) {
                new EventRecorder(cluster.client(), InstantSource.system()).normal(regarding, "Ready", "connected");
            }
            assertThat(cluster.client()
                            .events()
                            .v1()
                            .events()
                            .inNamespace("default")
                            .list()
                            .getItems())
                    .singleElement()
                    .satisfies(event -> assertThat(event.getSeries().getCount()).isEqualTo(4));
        }
    }
}
