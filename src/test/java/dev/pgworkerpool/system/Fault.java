package dev.pgworkerpool.system;

import dev.pgworkerpool.Command;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/**
 * Something that goes wrong on a cluster.
 *
 * @param endsOperator whether the operator's process may end by it
 * @param action returns when it is over
 */
record Fault(String name, boolean endsOperator, Action action) {

    interface Action {
        void happen() throws Exception;
    }

    /**
     * @param lab the command that makes outages of the cluster's parts; empty: there are none of these
     * @param length of what lasts
     */
    static List<Fault> all(
            RunningSystem system,
            ClusterSurroundings cluster,
            NodeShell node,
            String lab,
            Supplier<Duration> length,
            Random random) {
        var faults = new ArrayList<Fault>();
        faults.add(new Fault("the operator's pod is deleted", true, cluster::deleteOperatorPods));
        faults.add(new Fault("a worker is killed", false, () -> cluster.kill(running(system, random))));
        faults.add(new Fault(
                "PostgreSQL is restarted", false, () -> system.postgres().restartImmediately()));
        faults.add(new Fault(
                "PostgreSQL's container is killed", false, () -> node.signal(cluster.postgresPod(), "bash", "KILL")));
        faults.add(new Fault(
                "a worker's network is cut", false, () -> node.cutNetwork(running(system, random), length.get())));
        if (!lab.isEmpty()) {
            for (var daemon : List.of("kube-apiserver", "etcd", "kubelet")) {
                // Without the API the operator can't renew its lease.
                boolean endsOperator = !daemon.equals("kubelet");
                faults.add(new Fault(
                        daemon + " is gone", endsOperator, () -> outage(lab, length.get(), "outage", daemon)));
                faults.add(new Fault(
                        daemon + " is frozen",
                        endsOperator,
                        () -> outage(lab, length.get(), "outage", "--hang", daemon)));
            }
        }
        return faults;
    }

    private static void outage(String lab, Duration duration, String... words) throws IOException {
        var command = new ArrayList<>(List.of(lab));
        command.addAll(List.of(words));
        command.add(Long.toString(duration.toSeconds()));
        Command.of(command.toArray(String[]::new)).run();
    }

    /** One turn may have ended, and the next not begun. */
    private static Pod running(RunningSystem system, Random random) {
        var pods = RunningSystem.eventually().until(system::runningPods, found -> !found.isEmpty());
        return pods.get(random.nextInt(pods.size()));
    }

    @Override
    public String toString() {
        return name;
    }
}
