package dev.pgworkerpool.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class AnswerTest {
    @Test
    void a_ratio_is_taken_round_by_round() {
        var ratio = Answers.drain(false).ratios().getFirst();
        assertThat(ratio.id()).isEqualTo("drain-durable");
        assertThat(ratio.spread()).isEqualTo(new Spread(0.5, 0.7, 0.8));
    }

    @Test
    void the_best_peer_is_the_one_with_the_best_median() {
        var ratio = Answers.drain(true).ratios().getLast();
        assertThat(ratio.id()).isEqualTo("drain-durable-best-peer");
        assertThat(ratio.reference()).isEqualTo(Answers.PG_BOSS);
        assertThat(ratio.spread().median()).isEqualTo(3.5, within(1e-9));
    }

    @Test
    void without_peers_nothing_is_said_of_them() {
        assertThat(Answers.drain(false).ratios()).hasSize(1);
    }

    @Test
    void an_aim_is_met_on_its_side_of_the_bound() {
        assertThat(Answers.drain(true).ratios()).extracting(Ratio::met).containsExactly(false, true);
        assertThat(Answers.slow(2).ratios()).extracting(Ratio::met).containsExactly(true);
        assertThat(Answers.slow(2.1).ratios()).extracting(Ratio::met).containsExactly(false);
    }
}
