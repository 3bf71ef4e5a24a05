package dev.pgworkerpool.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HumanDurationTest {
    @ParameterizedTest
    @CsvSource({
        "PT0S, 0s",
        "PT119S, 119s",
        "PT2M, 2m",
        "PT3M12S, 3m12s",
        "PT10M30S, 10m",
        "PT2H59M, 179m",
        "PT3H1M, 3h1m",
        "PT9H30M, 9h",
        "PT50H, 2d2h",
        "P9D, 9d",
        "P800D, 2y70d"
    })
    void durations_read_as_in_kubectl(Duration duration, String text) {
        assertThat(HumanDuration.of(duration)).isEqualTo(text);
    }
}
