package dev.pgworkerpool.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RoundsTest {
    private static final Series A = Series.limit("a", "jobs/s");
    private static final Series B = Series.ours("b", "jobs/s");
    private static final Series C = Series.ours("c", "rows/s");

    private final List<String> turns = new ArrayList<>();

    @Test
    void contenders_take_turns_in_each_round() throws Exception {
        Rounds.of(List.of(contender(A), contender(B)), 1, 2);
        assertThat(turns).containsExactly("a", "b", "a", "b", "a", "b");
    }

    @Test
    void the_rounds_to_warm_up_are_thrown_away() throws Exception {
        assertThat(Rounds.of(List.of(contender(A), contender(B)), 1, 2))
                .containsEntry(A, List.of(3.0, 5.0))
                .containsEntry(B, List.of(4.0, 6.0));
    }

    @Test
    void without_a_warm_up_all_rounds_count() throws Exception {
        assertThat(Rounds.of(List.of(contender(A)), 0, 2)).containsEntry(A, List.of(1.0, 2.0));
    }

    @Test
    void one_contender_may_have_several_figures() throws Exception {
        Contender two = () -> List.of(new Figure(C, 1), new Figure(B, 2));
        assertThat(Rounds.of(List.of(two), 1, 1))
                .containsExactly(Map.entry(C, List.of(1.0)), Map.entry(B, List.of(2.0)));
    }

    /** Measures how many turns there were. */
    private Contender contender(Series series) {
        return Contender.of(series, () -> {
            turns.add(series.name());
            return turns.size();
        });
    }
}
