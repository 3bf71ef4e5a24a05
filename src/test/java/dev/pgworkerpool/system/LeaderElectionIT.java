package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.demo.OperatorProcess;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several operators, one of which works. */
@Tag("embedded")
class LeaderElectionIT {
    private static final Duration LEASE = Duration.ofSeconds(15);

    @TempDir
    Path dir;

    private EmbeddedSurroundings surroundings;
    private RunningSystem system;
    private final List<OperatorProcess> operators = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        surroundings = EmbeddedSurroundings.start(dir);
        system = RunningSystem.start(surroundings);
        surroundings.operator().close();
    }

    @AfterEach
    void stop() {
        operators.forEach(OperatorProcess::close);
        system.close();
    }

    @Test
    void a_leader_that_stops_hands_over_at_once_and_one_that_is_killed_when_its_lease_ends() throws Exception {
        OperatorProcess first = startOperator("first");
        runs("one");
        String leader = system.leader();
        OperatorProcess second = startOperator("second");
        eventually().until(second::isReady);
        assertThat(system.leader()).isEqualTo(leader);

        Instant stopped = Instant.now();
        first.close();
        eventually().until(() -> !system.leader().isEmpty() && !system.leader().equals(leader));
        assertThat(Duration.between(stopped, Instant.now())).isLessThan(LEASE);
        runs("two");

        startOperator("third");
        second.handle().destroyForcibly();
        runs("three");
    }

    @Test
    void a_leader_that_lost_its_lease_ends_at_once() throws Exception {
        OperatorProcess leader = startOperator("leader");
        runs("one");
        Lease lease = Objects.requireNonNull(system.lease());
        lease.getSpec().setHolderIdentity("somebody else");
        lease.getSpec().setLeaseDurationSeconds(3600);
        system.client().resource(lease).update();
        leader.handle().onExit().get(RunningSystem.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(leader.isAlive()).isFalse();
    }

    private OperatorProcess startOperator(String name) throws IOException {
        OperatorProcess operator = OperatorProcess.start(
                OperatorProcess.PACKAGED,
                surroundings.cluster().kubeconfig(),
                dir.resolve("operator-" + name + ".log"),
                Map.of("PGWP_LEADER_ELECTION", "true"));
        operators.add(operator);
        return operator;
    }

    private void runs(String worker) throws Exception {
        system.database().submit("alice", worker, "SELECT 1");
        system.awaitAllEnded();
    }
}
