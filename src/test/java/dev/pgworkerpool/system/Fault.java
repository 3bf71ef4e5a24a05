package dev.pgworkerpool.system;

import dev.pgworkerpool.Command;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Something that goes wrong.
 *
 * @param endsOperator whether the operator's process may end by it
 */
record SoakFault(String name, boolean endsOperator, Action action) {
    private static final int SHORTEST_SECONDS = 10;
    private static final int LONGEST_SECONDS = 30;

    interface Action {
        void happen() throws Exception;
    }

    /** @param lab the command that makes outages of the cluster's parts; empty: there are none of these */
    static List<SoakFault> all(
            RunningSystem system, ClusterSurroundings cluster, NodeShell node, String lab, Random random) {
        var faults = new ArrayList<SoakFault>();
        faults.add(new SoakFault("the operator's pod is deleted", true, cluster::deleteOperatorPods));
        faults.add(new SoakFault("a worker is killed", false, () -> cluster.kill(running(system, random))));
        faults.add(new SoakFault(
                "PostgreSQL is restarted", false, () -> system.postgres().restartImmediately()));
        faults.add(new SoakFault(
                "a worker's network is cut", false, () -> node.cutNetwork(running(system, random), length(random))));
        if (!lab.isEmpty()) {
            for (var daemon : List.of("kube-apiserver", "etcd", "kubelet")) {
                // Without the API the operator can't renew its lease.
                boolean endsOperator = !daemon.equals("kubelet");
                faults.add(new SoakFault(
                        daemon + " is gone", endsOperator, () -> outage(lab, daemon, false, length(random))));
                faults.add(new SoakFault(
                        daemon + " is frozen", endsOperator, () -> outage(lab, daemon, true, length(random))));
            }
        }
        return faults;
    }

    /** Ends this daemon of the cluster for so long, or lets it stand still. Returns when it is over. */
    static void outage(String lab, String daemon, boolean standsStill, Duration duration) throws IOException {
        var seconds = Long.toString(duration.toSeconds());
        var command = standsStill
                ? Command.of(lab, "outage", "--hang", daemon, seconds)
                : Command.of(lab, "outage", daemon, seconds);
        command.run();
    }

    static Pod running(RunningSystem system, Random random) {
        var pods = system.workerPods().stream()
                .filter(pod -> "Running".equals(pod.getStatus().getPhase()))
                .toList();
        return pods.get(random.nextInt(pods.size()));
    }

    private static Duration length(Random random) {
        return Duration.ofSeconds(random.nextInt(SHORTEST_SECONDS, LONGEST_SECONDS + 1));
    }
}
