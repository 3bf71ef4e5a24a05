package dev.pgworkerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.schedule.Turn;
import dev.pgworkerpool.schedule.Turns;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StartedTurnsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
    private static final Turns NOTHING = new Turns(Map.of());

    private final StartedTurns started = new StartedTurns();

    @Test
    void a_job_holds_its_slot_until_the_cache_shows_it() {
        started.add("job-1", "foo", NOW);
        started.settle(NOTHING, job -> true, NOW.plusSeconds(1));
        assertThat(started.workers()).containsExactly("foo");

        started.settle(new Turns(Map.of("job-1", new Turn("job-1", null, List.of()))), job -> true, NOW.plusSeconds(2));
        assertThat(started.workers()).isEmpty();
    }

    @Test
    void a_job_that_the_cache_never_shows_is_looked_up_after_a_while() {
        started.add("exists", "foo", NOW);
        started.add("gone", "bar", NOW);
        started.settle(NOTHING, "exists"::equals, NOW.plusSeconds(11));
        assertThat(started.workers()).containsExactly("foo");
        assertThat(started.contains("gone")).isFalse();
    }
}
