package dev.pgworkerpool.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RatiosTest {
    @Test
    void json_holds_the_median_of_each_ratio() throws Exception {
        var ratios = Ratios.of(Answers.drain(true).verdicts());
        assertThat(ratios.json()).isEqualTo("""
                {
                  "drain-durable" : 0.7,
                  "drain-durable-best-peer" : 3.5
                }
                """);
        assertThat(Ratios.parse(ratios.json())).isEqualTo(ratios);
    }

    @Test
    void less_than_four_fifths_of_what_was_is_a_loss() {
        assertThat(lost("drain-durable", 0.87, Answers.drain(false))).isEmpty();
        assertThat(lost("drain-durable", 0.88, Answers.drain(false)))
                .containsExactly("drain-durable: 0.70, which was 0.88 (and may be ≥ 0.70)");
    }

    @Test
    void where_less_is_better_a_quarter_more_is_a_loss() {
        assertThat(lost("bulk", 1.6, Answers.slow(2))).isEmpty();
        assertThat(lost("bulk", 1.59, Answers.slow(2)))
                .containsExactly("bulk: 2.00, which was 1.59 (and may be ≤ 1.99)");
    }

    @Test
    void a_new_ratio_is_not_judged() {
        assertThat(lost("another", 9, Answers.drain(false))).isEmpty();
    }

    @Test
    void times_are_no_ratios() throws Exception {
        assertThat(Ratios.of(Answers.small(19).verdicts()).byId()).isEmpty();
        assertThat(lost("small", 1, Answers.small(19))).isEmpty();
    }

    @Test
    void each_question_of_a_quick_run_has_one_that_is_checked_in() throws Exception {
        var ids = Catalogue.questions(BenchArguments.parse("--quick")).stream()
                .map(question -> question.about().id())
                .toList();
        assertThat(Bench.checkedIn().byId().keySet()).containsExactlyInAnyOrderElementsOf(ids);
    }

    private static List<String> lost(String id, double before, Answer now) {
        return new Ratios(Map.of(id, before)).lostBy(now.verdicts());
    }
}
