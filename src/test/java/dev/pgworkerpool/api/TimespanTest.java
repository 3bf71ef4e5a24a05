package dev.pgworkerpool.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimespanTest {
    @Test
    void units_add_up() {
        assertThat(Timespan.parse("168h")).isEqualTo(Duration.ofDays(7));
        assertThat(Timespan.parse("1h30m")).isEqualTo(Duration.ofMinutes(90));
        assertThat(Timespan.parse("1d250ms")).isEqualTo(Duration.ofDays(1).plusMillis(250));
        assertThat(Timespan.parse("0s")).isZero();
    }

    @Test
    void nothing_is_longer_than_a_hundred_years() {
        assertThat(Timespan.parse("999999d")).isEqualTo(Duration.ofDays(36500));
        assertThat(Timespan.parse("999999999d".repeat(8)).toNanos()).isPositive();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "s", "-1s", "1.5h", "1 h", "1h ", "1y"})
    void anything_else_is_refused_with_an_example_of_what_is_right(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Timespan.parse(text))
                .withMessageContaining("1h30m");
    }
}
