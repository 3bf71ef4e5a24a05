package dev.pgworkerpool.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TextTableTest {
    @Test
    void a_column_is_as_wide_as_its_longest_cell() {
        var table = new TextTable(List.of("id", "worker_name"), List.of(List.of("1", "foo"), List.of("1000", "")));
        assertThat(table.lines())
                .containsExactly(
                        " id   | worker_name", //
                        "------+-------------",
                        " 1    | foo",
                        " 1000 |");
    }
}
