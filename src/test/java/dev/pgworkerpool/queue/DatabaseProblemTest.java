package dev.pgworkerpool.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

class DatabaseProblemTest {
    @Test
    void a_host_that_does_not_exist_is_named() {
        SQLException refused = catchThrowableOfType(
                SQLException.class, () -> DriverManager.getConnection("jdbc:postgresql://postgres.invalid/library"));
        DatabaseProblem problem = DatabaseProblem.of(refused);
        assertThat(problem.kind()).isEqualTo(DatabaseProblem.Kind.UNAVAILABLE);
        assertThat(problem.text()).endsWith("Unknown host: postgres.invalid");
    }
}
