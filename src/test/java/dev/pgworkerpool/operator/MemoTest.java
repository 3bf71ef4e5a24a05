package dev.pgworkerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MemoTest {
    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    private final Memo<String, Integer> memo = new Memo<>(Duration.ofSeconds(10));
    private final AtomicInteger works = new AtomicInteger();

    @Test
    void it_holds_for_the_same_input_and_so_long() {
        assertThat(get("a", 0)).isEqualTo(1);
        assertThat(get("a", 9)).isEqualTo(1);
        assertThat(get("b", 9)).isEqualTo(2);
        assertThat(get("b", 20)).isEqualTo(3);
    }

    @Test
    void its_time_begins_when_the_work_is_done() {
        memo.get("a", NOON, () -> {
            sleep(20);
            return works.incrementAndGet();
        });
        memo.forgetOlderThan(Duration.ofMillis(20), NOON.plusMillis(30));
        assertThat(memo.last()).isPresent();
        memo.forgetOlderThan(Duration.ofMillis(20), NOON.plusSeconds(9));
        assertThat(memo.last()).isEmpty();
    }

    private int get(String input, int second) {
        return memo.get(input, NOON.plusSeconds(second), works::incrementAndGet);
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
