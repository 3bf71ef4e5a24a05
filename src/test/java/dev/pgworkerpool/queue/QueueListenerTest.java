package dev.pgworkerpool.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class QueueListenerTest {
    private static final Throwable AWAY = new SQLException("connection refused", "08001");
    private static final Throwable REJECTED = new SQLException("password authentication failed", "28P01");

    @Test
    void a_database_that_is_away_is_tried_again_ever_less_often() {
        assertThat(QueueListener.pauseAfter(AWAY, Duration.ofMillis(50))).isEqualTo(Duration.ofMillis(100));
        assertThat(QueueListener.pauseAfter(AWAY, Duration.ofMillis(1600))).isEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void a_rejected_password_is_not_tried_again_and_again() {
        Duration pause = QueueListener.pauseAfter(REJECTED, Duration.ofMillis(50));
        assertThat(pause).isEqualTo(Duration.ofSeconds(30));
        assertThat(QueueListener.pauseAfter(AWAY, pause)).isEqualTo(Duration.ofSeconds(2));
    }
}
