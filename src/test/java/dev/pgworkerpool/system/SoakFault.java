package dev.pgworkerpool.system;

import dev.pgworkerpool.Command;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

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
        faults.add(new SoakFault(
                "the operator's pod is deleted",
                true,
                () -> cluster.kubectl(
                        "delete",
                        "pod",
                        "--wait=false",
                        "-l",
                        "app.kubernetes.io/name=" + ClusterSurroundings.OPERATOR)));
        faults.add(new SoakFault("a worker is killed", false, () -> cluster.kill(running(system, random))));
        faults.add(new SoakFault(
                "PostgreSQL is restarted", false, () -> system.postgres().restartImmediately()));
        faults.add(new SoakFault(
                "a worker's network is cut", false, () -> node.cutNetwork(running(system, random), length(random))));
        if (!lab.isEmpty()) {
            for (var daemon : List.of("kube-apiserver", "etcd", "kubelet")) {
                faults.add(outage(daemon + " is gone", daemon, random, lab, "outage"));
                faults.add(outage(daemon + " is frozen", daemon, random, lab, "outage", "--hang"));
            }
        }
        return faults;
    }

    private static SoakFault outage(String name, String daemon, Random random, String... command) {
        // Without the API the operator can't renew its lease.
        return new SoakFault(
                name,
                !daemon.equals("kubelet"),
                () -> Command.of(Stream.concat(
                                        Stream.of(command),
                                        Stream.of(
                                                daemon,
                                                Long.toString(length(random).toSeconds())))
                                .toArray(String[]::new))
                        .run());
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
