package dev.pgworkerpool.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SpreadTest {
    @Test
    void the_median_of_an_odd_number_is_the_one_in_the_middle() {
        assertThat(Spread.of(List.of(9.0, 1.0, 4.0))).isEqualTo(new Spread(1, 4, 9));
    }

    @Test
    void the_median_of_an_even_number_is_between_the_two_in_the_middle() {
        assertThat(Spread.of(List.of(9.0, 1.0, 4.0, 5.0))).isEqualTo(new Spread(1, 4.5, 9));
    }

    @Test
    void no_figures_have_no_spread() {
        assertThatIllegalArgumentException().isThrownBy(() -> Spread.of(List.of()));
    }

    @Test
    void a_quantile_is_the_smallest_value_that_so_many_do_not_exceed() {
        var hundred = IntStream.rangeClosed(1, 100).mapToObj(n -> (double) n).toList();
        assertThat(Quantile.of(hundred, 50)).isEqualTo(50);
        assertThat(Quantile.of(hundred, 95)).isEqualTo(95);
        assertThat(Quantile.of(hundred, 100)).isEqualTo(100);
        assertThat(Quantile.of(List.of(3.0), 5)).isEqualTo(3);
    }
}
