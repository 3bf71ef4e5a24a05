package dev.pgworkerpool.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;

class BenchArgumentsTest {
    @Test
    void without_arguments_everything_is_asked() {
        assertThat(BenchArguments.parse()).isEqualTo(new BenchArguments(false, List.of(), null, null, null));
    }

    @Test
    void arguments_say_what_is_asked_how_often_and_of_whom() {
        assertThat(BenchArguments.parse(
                        "--quick",
                        "--questions=drain-durable,drain-8",
                        "--rounds=7",
                        "--history=1000",
                        "--postgres=15"))
                .isEqualTo(new BenchArguments(true, List.of("drain-durable", "drain-8"), 7, 1000, "15"));
    }

    @Test
    void what_is_no_option_is_refused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BenchArguments.parse("--question=drain-8"))
                .withMessage("unknown option --question");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BenchArguments.parse("--rounds=many"))
                .withMessage("--rounds takes a number, not many");
    }

    @Test
    void a_question_that_there_is_not_is_refused_with_those_that_there_are() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Catalogue.questions(BenchArguments.parse("--questions=speed")))
                .withMessageStartingWith("there is no question speed, but: [drain-durable, ");
    }

    @Test
    void a_quick_run_leaves_out_what_it_is_not_told_to_ask() {
        assertThat(ids("--quick")).contains("submit-32").doesNotContain("submit-8");
        assertThat(ids("--quick", "--questions=submit-8")).containsExactly("submit-8");
        assertThat(ids()).contains("submit-8");
    }

    @Test
    void questions_come_in_the_order_of_the_table() {
        assertThat(Catalogue.questions(BenchArguments.parse("--questions=drain-8,drain-durable", "--rounds=2")))
                .extracting(question ->
                        question.about().id() + " " + question.about().rounds())
                .containsExactly("drain-durable 2", "drain-8 2");
    }

    private static List<String> ids(String... arguments) {
        return Catalogue.questions(BenchArguments.parse(arguments)).stream()
                .map(question -> question.about().id())
                .toList();
    }
}
