package dev.pgworkerpool.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TeardownTest {
    private final List<String> closed = new ArrayList<>();
    private final Teardown teardown = new Teardown();

    @Test
    void what_was_started_last_is_closed_first_and_once() throws Exception {
        teardown.start(() -> closing("first"));
        teardown.start(() -> closing("second"));
        teardown.close();
        teardown.close();
        assertThat(closed).containsExactly("second", "first");
    }

    @Test
    void what_cannot_be_closed_keeps_nothing_else_up() throws Exception {
        teardown.start(() -> closing("first"));
        teardown.<AutoCloseable>start(() -> () -> {
            throw new IllegalStateException("stuck");
        });
        teardown.close();
        assertThat(closed).containsExactly("first");
    }

    @Test
    void nothing_is_started_any_more_once_it_was_closed() {
        teardown.close();
        assertThatThrownBy(() -> teardown.start(() -> closing("late"))).isInstanceOf(IllegalStateException.class);
        assertThat(closed).isEmpty();
    }

    private AutoCloseable closing(String name) {
        return () -> closed.add(name);
    }
}
