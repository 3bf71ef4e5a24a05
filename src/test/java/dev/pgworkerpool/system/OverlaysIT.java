package dev.pgworkerpool.system;

import static dev.pgworkerpool.system.RunningSystem.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pgworkerpool.api.WorkerPool;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The kustomizations of {@code deploy/}, applied as they are, under restricted Pod Security. The namespaces that the overlay
 * several-namespaces names are made here, and must not be there before.
 */
@Tag("cluster")
class OverlaysIT {
    private static final String KUSTOMIZATIONS = "dev.pgworkerpool.deploy.DeployFiles#kustomizations";
    private static final String USERS_SECRETS = "kubectl delete secret library-operator library-alice";
    private static final String WAIT = "kubectl wait --for=condition=Ready --timeout=90s wj/reindex-books";

    private static final List<ClusterNamespace> NAMESPACES = new ArrayList<>();

    /** Has a pool that no operator looks after. Its being there keeps `make undeploy` from taking the CRDs from other tests. */
    private static ClusterNamespace bystander;

    private static ClusterNamespace home;
    private static List<ClusterNamespace> teams;

    @BeforeAll
    static void start() throws IOException {
        bystander = watched(ClusterNamespace.create());
        home = watched(ClusterNamespace.create("pg-worker-pool"));
        teams = List.of(watched(ClusterNamespace.create("team-a")), watched(ClusterNamespace.create("team-b")));
        bystander.shell("kubectl apply --server-side --force-conflicts -f crds/");
        bystander.shell("kubectl wait --for=condition=Established -f crds/");
        bystander.shell("kubectl apply -f examples/library.yaml");
    }

    @AfterAll
    static void stop() {
        NAMESPACES.parallelStream().forEach(ClusterNamespace::close);
    }

    @ParameterizedTest
    @MethodSource(KUSTOMIZATIONS)
    void the_API_server_accepts_each_object_and_pod(String kustomization) throws IOException {
        assertThat(bystander
                        .kubectl("apply", "--dry-run=server", "-k", kustomization)
                        .lines())
                .isNotEmpty()
                // Nor is there any warning, such as of a pod that Pod Security would refuse.
                .allMatch(line -> line.endsWith(" created (server dry run)"));
    }

    /** The annotation in which kubectl then keeps a file has 256 kB. */
    @Test
    void the_CRDs_may_be_applied_without_server_side_as_well() throws IOException {
        assertThat(bystander
                        .kubectl("apply", "--dry-run=server", "-f", "crds/")
                        .lines()
                        // That there is no such annotation yet.
                        .filter(line -> !line.startsWith("Warning: ")))
                .hasSize(2)
                .allMatch(line -> line.endsWith(" (server dry run)"));
    }

    @Test
    void of_two_replicas_one_leads_and_a_node_that_is_drained_takes_one_at_a_time() throws IOException {
        var namespace = watched(ClusterNamespace.create());
        var before = namespace.everything();
        make(namespace, "deploy", "two-replicas");
        var operators = operators(namespace);
        assertThat(operators).hasSize(2);
        eventually().until(() -> operators.contains(leader(namespace)));
        namespace.kubectl("wait", "--for=jsonpath={.status.disruptionsAllowed}=1", "--timeout=60s", "pdb", "--all");
        evict(operators.getFirst(), namespace);
        assertThatThrownBy(() -> evict(operators.getLast(), namespace)).hasMessageContaining("disruption budget");

        make(namespace, "undeploy", "two-replicas");
        eventually().untilAsserted(() -> assertThat(namespace.everything()).isEqualTo(before));
    }

    /** That they let pass what is needed is seen only on a cluster that enforces them. */
    @Test
    void network_policies_are_accepted_and_jobs_run_where_nobody_enforces_them() throws IOException {
        var namespace = watched(ClusterNamespace.create());
        startPostgres(namespace);
        var before = namespace.everything();
        make(namespace, "deploy", "network-policies");
        assertThat(namespace.everything())
                .contains(
                        "networkpolicy.networking.k8s.io/pg-worker-pool-operator",
                        "networkpolicy.networking.k8s.io/pg-worker-pool-worker");
        namespace.shell("kubectl apply -f examples/library.yaml -f examples/reindex-books.yaml");
        namespace.shell(WAIT);

        make(namespace, "undeploy", "network-policies");
        namespace.shell(USERS_SECRETS);
        eventually().untilAsserted(() -> assertThat(namespace.everything()).isEqualTo(before));
    }

    @Test
    void one_operator_serves_the_namespaces_that_it_watches_and_has_no_rights_in_others() throws IOException {
        for (var team : teams) {
            startPostgres(team);
        }
        Map<ClusterNamespace, List<String>> before = new HashMap<>();
        for (var namespace : List.of(bystander, home, teams.get(0), teams.get(1))) {
            before.put(namespace, namespace.everything());
        }
        make(bystander, "deploy", "several-namespaces");
        for (var team : teams) {
            // As the overlay says: for the operator, postgres is in another namespace.
            team.shell("sed 's/host: postgres$/&.%s.svc/' examples/library.yaml | kubectl apply -f -"
                    .formatted(team.namespace()));
            team.shell("kubectl apply -f examples/reindex-books.yaml");
        }
        for (var team : teams) {
            team.shell(WAIT);
            assertThat(team.kubectl("get", "jobs", "-o", "name")).startsWith("job.batch/library-foo-");
            assertThat(operatorsRights(team)).contains("workerpools.pgworkerpool.dev [] [] [list watch]");
        }
        assertThat(operatorsRights(home)).containsExactly("leases.coordination.k8s.io [] [] [create get update patch]");
        assertThat(operatorsRights(bystander)).isEmpty();
        assertThat(bystander
                        .client()
                        .resources(WorkerPool.class)
                        .inNamespace(bystander.namespace())
                        .withName("library")
                        .get()
                        .getStatus())
                .isNull();

        make(bystander, "undeploy", "several-namespaces");
        for (var team : teams) {
            team.shell(USERS_SECRETS);
        }
        eventually().untilAsserted(() -> {
            for (var namespace : before.keySet()) {
                assertThat(namespace.everything()).isEqualTo(before.get(namespace));
            }
        });
    }

    private static ClusterNamespace watched(ClusterNamespace namespace) {
        NAMESPACES.add(namespace);
        Diagnostics.watch(namespace);
        return namespace;
    }

    private static void make(ClusterNamespace namespace, String target, String overlay) throws IOException {
        namespace.shell("make " + target + " DEPLOY=deploy/overlays/" + overlay);
    }

    private static void startPostgres(ClusterNamespace namespace) throws IOException {
        namespace.shell("kubectl apply -f examples/postgres.yaml");
        namespace.shell("kubectl rollout status --timeout=90s deployment/postgres");
    }

    /** Those that Kubernetes does not grant to everybody. */
    private static List<String> operatorsRights(ClusterNamespace namespace) throws IOException {
        var everybodys = rights(namespace, "default");
        return rights(namespace, "pg-worker-pool-operator").stream()
                .filter(right -> !everybodys.contains(right))
                .toList();
    }

    /** What a service account of the operator's namespace may do: resource, names, verbs. */
    private static List<String> rights(ClusterNamespace namespace, String serviceAccount) throws IOException {
        var user = "system:serviceaccount:%s:%s".formatted(home.namespace(), serviceAccount);
        return namespace
                .kubectl("auth", "can-i", "--list", "--as=" + user)
                .lines()
                .map(right -> right.replaceAll(" +", " "))
                .toList();
    }

    /** The names of their pods. */
    private static List<String> operators(ClusterNamespace namespace) throws IOException {
        return namespace
                .kubectl("get", "pods", "-l", "app.kubernetes.io/name=pg-worker-pool-operator", "-o", "name")
                .lines()
                .map(pod -> pod.replaceFirst("^pod/", ""))
                .toList();
    }

    /** The name of its pod. */
    private static String leader(ClusterNamespace namespace) throws IOException {
        return namespace
                .kubectl("get", "lease", "pg-worker-pool-operator", "-o", "jsonpath={.spec.holderIdentity}")
                .replaceFirst("_.*", "");
    }

    /** What {@code kubectl drain} asks for; fails when it is refused. The other client would ask again until it is granted. */
    private static void evict(String pod, ClusterNamespace namespace) throws IOException {
        namespace.shell("""
                echo '{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "%1$s"}}' |
                  kubectl create -f - --raw=/api/v1/namespaces/%2$s/pods/%1$s/eviction""".formatted(pod, namespace.namespace()));
    }
}
