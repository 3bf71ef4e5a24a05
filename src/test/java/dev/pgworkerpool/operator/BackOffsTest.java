package dev.pgworkerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class BackOffsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");

    private final BackOffs backOffs = new BackOffs();

    @Test
    void a_refused_name_is_left_alone_for_one_second_then_two_then_four() {
        Instant now = NOW;
        for (int pause : new int[] {1, 2, 4}) {
            backOffs.refused("foo", "exceeded quota", now);
            assertThat(backOffs.holdsBack("foo", now.plusSeconds(pause).minusMillis(1)))
                    .isTrue();
            now = now.plusSeconds(pause);
            assertThat(backOffs.holdsBack("foo", now)).isFalse();
        }
        assertThat(backOffs.holdsBack("bar", NOW)).isFalse();
    }

    @Test
    void a_name_that_failed_is_held_back_by_the_database_alone() {
        backOffs.failed("foo", "OOMKilled", NOW.plusSeconds(8));
        assertThat(backOffs.holdsBack("foo", NOW)).isFalse();
        assertThat(backOffs.nextEnd(NOW)).contains(NOW.plusSeconds(8));
        assertThat(backOffs.anyNeverStarted()).isFalse();
    }

    @Test
    void the_first_three_are_told() {
        for (String worker : new String[] {"d", "b", "a", "c", "e"}) {
            backOffs.failed(worker, "OOMKilled", NOW);
        }
        assertThat(backOffs.inWords())
                .contains("worker \"a\": OOMKilled; worker \"b\": OOMKilled; worker \"c\": OOMKilled; and 2 more");
    }

    @Test
    void they_are_over_when_the_name_ends_well_or_has_nothing_more_to_do() {
        backOffs.failed("foo", "OOMKilled", NOW);
        backOffs.neverStarted("bar", "ErrImagePull", NOW);
        backOffs.endedWell("foo");
        assertThat(backOffs.inWords()).contains("worker \"bar\": ErrImagePull");
        backOffs.settle(NOW.plusSeconds(61));
        assertThat(backOffs.inWords()).isEmpty();
    }
}
