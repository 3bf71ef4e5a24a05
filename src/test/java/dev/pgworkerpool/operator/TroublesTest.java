package dev.pgworkerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class TroublesTest {
    private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

    private final Troubles troubles = new Troubles();

    @Test
    void a_refused_name_is_left_alone_for_one_second_then_two_then_four() {
        Instant now = NOW;
        for (int pause : new int[] {1, 2, 4}) {
            troubles.refused("foo", "exceeded quota", now);
            assertThat(troubles.holdsBack("foo", now.plusSeconds(pause).minusMillis(1)))
                    .isTrue();
            now = now.plusSeconds(pause);
            assertThat(troubles.holdsBack("foo", now)).isFalse();
        }
        assertThat(troubles.holdsBack("bar", NOW)).isFalse();
    }

    @Test
    void a_name_that_failed_is_held_back_by_the_database_alone() {
        troubles.failed("foo", "OOMKilled", NOW.plusSeconds(8));
        assertThat(troubles.holdsBack("foo", NOW)).isFalse();
        assertThat(troubles.nextEnd(NOW)).contains(NOW.plusSeconds(8));
        assertThat(troubles.anyNeverStarted()).isFalse();
    }

    @Test
    void the_first_three_are_told() {
        for (String worker : new String[] {"d", "b", "a", "c", "e"}) {
            troubles.failed(worker, "OOMKilled", NOW);
        }
        assertThat(troubles.inWords())
                .contains("worker \"a\": OOMKilled; worker \"b\": OOMKilled; worker \"c\": OOMKilled; and 2 more");
    }

    @Test
    void they_are_over_when_the_name_ends_well_or_has_nothing_more_to_do() {
        troubles.failed("foo", "OOMKilled", NOW);
        troubles.neverStarted("bar", "ErrImagePull", NOW);
        troubles.endedWell("foo");
        assertThat(troubles.inWords()).contains("worker \"bar\": ErrImagePull");
        troubles.settle(NOW.plusSeconds(61));
        assertThat(troubles.inWords()).isEmpty();
    }
}
