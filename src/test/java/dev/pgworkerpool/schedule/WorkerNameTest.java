package dev.pgworkerpool.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerNameTest {
    private static final String DNS_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private static final int PODS_SUFFIX = 6;

    @Test
    void a_person_recognises_pool_worker_and_turn() {
        assertThat(new WorkerName("library", "reindex Books").jobName(7))
                .matches("library-reindex-books-[0-9a-v]{10}-7");
    }

    @Test
    void the_name_is_the_same_for_ever() {
        assertThat(new WorkerName("library", "foo").jobName(1)).isEqualTo("library-foo-fvrh7rkccu-1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "foo",
                " ",
                "-",
                "---",
                "Ünïcödé",
                "日本語",
                "a/b\\c:d\"e'f;--",
                "$(HOME)",
                "\n\t",
                "🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘",
                "0123456789012345678901234567890123456789012345678901234567890123",
                "a-------------------------------------------------------------b"
            })
    void any_worker_name_gives_a_name_that_kubernetes_takes(String worker) {
        Stream.of("p", "p.q.r", "a".repeat(63), "a-" + "-".repeat(50) + "b").forEach(pool -> {
            for (int turn : new int[] {0, 1, Integer.MAX_VALUE}) {
                String name = new WorkerName(pool, worker).jobName(turn);
                assertThat(name).matches(DNS_LABEL).hasSizeLessThanOrEqualTo(63 - PODS_SUFFIX);
            }
        });
    }

    @Test
    void names_that_look_alike_stay_apart() {
        assertThat(Stream.of(
                                new WorkerName("p", "a b"),
                                new WorkerName("p", "a-b"),
                                new WorkerName("p", "A-B"),
                                new WorkerName("p", "a-b "),
                                new WorkerName("p-a", "b"),
                                new WorkerName("p", "日本"),
                                new WorkerName("p", "日本語"))
                        .map(name -> name.jobName(1)))
                .doesNotHaveDuplicates();
    }

    @Test
    void where_the_pool_ends_and_the_worker_begins_makes_a_difference() {
        assertThat(new WorkerName("a-b", "c").jobName(1)).isNotEqualTo(new WorkerName("a", "b-c").jobName(1));
    }

    @Test
    void long_names_that_begin_alike_stay_apart() {
        String same = "x".repeat(62);
        assertThat(new WorkerName("pool", same + "1").jobName(1))
                .isNotEqualTo(new WorkerName("pool", same + "2").jobName(1));
    }

    @Test
    void turns_stay_apart_also_when_the_name_is_cut() {
        var longest = new WorkerName("p".repeat(63), "w".repeat(63));
        assertThat(longest.jobName(1)).endsWith("-1").isNotEqualTo(longest.jobName(11));
    }
}
