package dev.pgworkerpool.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReportTest {
    private static final Surroundings SURROUNDINGS = new Surroundings(
            LocalDate.of(2026, 11, 29),
            new Machine("AMD EPYC", 2, 24, "Linux 6.18"),
            "PostgreSQL 18.6",
            Map.of("fsync", "on"));

    @Test
    void the_summary_has_a_line_for_each_aim() {
        assertThat(report(Answers.drain(true)).summary()).isEqualTo("""
                | question      | of what                | aim    | median (range)      | met    |
                |---------------|------------------------|--------|---------------------|--------|
                | drain-durable | worker to bare INSERTs | ≥ 0.75 | 0.70 (0.50 .. 0.80) | **no** |
                | drain-durable | worker to pg-boss      | ≥ 2.50 | 3.50 (3.00 .. 4.00) | yes    |
                """);
    }

    @Test
    void the_figures_of_a_question_are_told_with_their_spread() {
        assertThat(Report.figures(Answers.drain(false))).isEqualTo("""
                | what         | unit   | median | lowest | highest |
                |--------------|--------|--------|--------|---------|
                | bare INSERTs | jobs/s | 5,000  | 5,000  | 6,000   |
                | worker       | jobs/s | 3,500  | 3,000  | 4,000   |
                """);
    }

    @Test
    void it_says_where_and_when_and_how_safe() {
        assertThat(report(Answers.drain(false)).markdown())
                .contains("- 2026-11-29, AMD EPYC, 2 cores, 24 GiB, Linux 6.18\n", "- PostgreSQL 18.6: fsync = on\n");
    }

    @Test
    void each_question_has_its_remarks_and_its_chart() {
        assertThat(report(Answers.drain(true)).markdown())
                .contains("- pg-boss 12.38.0\n", "![Drain, one name & durable](drain-durable.svg)\n");
    }

    @Test
    void a_question_without_an_answer_is_not_passed_over() {
        assertThat(new Report(SURROUNDINGS, List.of(), List.of("drain-8: it broke"), List.of()).markdown())
                .contains("- **failed**: drain-8: it broke\n");
    }

    @Test
    void a_peer_that_did_not_take_part_is_named_with_what_it_does_not_do() {
        var peer = new Peer("pg-boss", Path.of("not", "there"), List.of(), true, "run jobs as who queued them");
        assertThat(new Report(SURROUNDINGS, List.of(), List.of(), List.of(peer)).markdown())
                .contains("| pg-boss | no, it is not installed: `make bench-peers` | run jobs as who queued them")
                .contains("does not do that we do");
    }

    private static Report report(Answer answer) {
        return new Report(SURROUNDINGS, List.of(answer), List.of(), List.of());
    }
}
