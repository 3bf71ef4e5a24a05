package dev.pgworkerpool.status;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
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
}
