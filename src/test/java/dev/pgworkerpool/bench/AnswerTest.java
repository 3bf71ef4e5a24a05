package dev.pgworkerpool.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class AnswerTest {
    @Test
    void a_ratio_is_taken_round_by_round() {
        var ratio = Answers.drain(false).verdicts().getFirst();
        assertThat(ratio.id()).isEqualTo("drain-durable");
        assertThat(ratio.spread()).isEqualTo(new Spread(0.5, 0.7, 0.8));
    }

    @Test
    void the_best_peer_is_the_one_with_the_best_median_among_those_that_are_as_safe() {
        var ratio = Answers.drain(true).verdicts().getLast();
        assertThat(ratio.id()).isEqualTo("drain-durable-best-peer");
        assertThat(ratio.reference()).isEqualTo(Answers.PG_BOSS);
        assertThat(ratio.spread().median()).isEqualTo(3.5, within(1e-9));
    }

    @Test
    void without_peers_nothing_is_said_of_them() {
        assertThat(Answers.drain(false).verdicts()).hasSize(1);
    }

    @Test
    void an_aim_is_met_on_its_side_of_the_bound() {
        assertThat(Answers.drain(true).verdicts()).extracting(Verdict::met).containsExactly(false, true);
        assertThat(Answers.slow(2).verdicts()).extracting(Verdict::met).containsExactly(true);
        assertThat(Answers.slow(2.1).verdicts()).extracting(Verdict::met).containsExactly(false);
    }

    @Test
    void an_aim_without_a_reference_bounds_the_figures_themselves() {
        var verdict = Answers.small(19).verdicts().getFirst();
        assertThat(verdict.spread().median()).isEqualTo(19);
        assertThat(verdict.subject()).isEqualTo("time, s");
        assertThat(verdict.met()).isTrue();
        assertThat(Answers.small(21).verdicts()).extracting(Verdict::met).containsExactly(false);
    }
}
