package dev.pgworkerpool.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.pgworkerpool.demo.Kubectl;
import dev.pgworkerpool.demo.Readme;
import dev.pgworkerpool.embedded.EmbeddedCluster;
import dev.pgworkerpool.embedded.NodeImage;
import dev.pgworkerpool.schedule.WorkerPodFactory;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The parts of each kustomization fit together. That the operator works with them is for a real cluster to say. */
class DeployTest {
    private static final String KUSTOMIZATIONS = "dev.pgworkerpool.deploy.DeployFiles#kustomizations";
    private static final String EXAMPLES = "dev.pgworkerpool.deploy.DeployFiles#examples";
    private static final String OPERATOR = "pg-worker-pool-operator";
    /** Resource, verbs, what for. */
    private static final Pattern PRIVILEGE = Pattern.compile("(?m)^\\| `([a-z./0-9]+)` \\| ([a-z, ]+) \\| ");

    private static EmbeddedCluster cluster;

    @BeforeAll
    static void start(@TempDir Path folder) {
        cluster = EmbeddedCluster.start(folder, NodeImage.asIs());
        cluster.applyCrds(Path.of("crds"));
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @ParameterizedTest
    @MethodSource(KUSTOMIZATIONS)
    void the_api_accepts_it(String kustomization) throws Exception {
        var objects = manifests(kustomization).objects();
        objects.stream()
                .map(object -> object.getMetadata().getNamespace())
                .distinct()
                .forEach(DeployTest::createNamespace);
        assertThat(objects)
                .isNotEmpty()
                .allSatisfy(object -> cluster.client().resource(object).serverSideApply());
    }

    @ParameterizedTest
    @MethodSource(EXAMPLES)
    void the_api_accepts_the_example(String example) throws IOException {
        try (var yaml = Files.newInputStream(Path.of(example))) {
            assertThat(cluster.client()
                            .load(yaml)
                            .inNamespace(Manifests.CURRENT)
                            .serverSideApply())
                    .isNotEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource(KUSTOMIZATIONS)
    void operator_and_workers_run_the_image_of_this_version(String kustomization) throws Exception {
        var manifests = manifests(kustomization);
        String version = Pattern.compile("<version>(.*)</version>")
                .matcher(Files.readString(Path.of("pom.xml")))
                .results()
                .findFirst()
                .orElseThrow()
                .group(1);
        assertThat(manifests.container().getImage()).endsWith(OPERATOR + ":" + version);
        assertThat(manifests.environment("PGWP_WORKER_IMAGE").getValue())
                .isEqualTo(manifests.container().getImage());
    }

    @ParameterizedTest
    @MethodSource(KUSTOMIZATIONS)
    void the_operator_has_its_rights_in_each_namespace_that_it_watches_and_nowhere_else(String kustomization)
            throws Exception {
        var manifests = manifests(kustomization);
        String home = manifests.operator().getMetadata().getNamespace();
        assertThat(manifests.all(RoleBinding.class)).allSatisfy(binding -> {
            assertThat(manifests.all(Role.class)).anyMatch(role -> binds(binding, role));
            assertThat(binding.getSubjects()).singleElement().satisfies(subject -> {
                assertThat(subject.getName()).isEqualTo(serviceAccount(manifests));
                assertThat(subject.getNamespace())
                        .isIn(home, home.equals(binding.getMetadata().getNamespace()) ? null : home);
            });
        });
        assertThat(boundIn(manifests, OPERATOR))
                .containsExactlyInAnyOrderElementsOf(manifests.watched().toList());
        assertThat(boundIn(manifests, OPERATOR + "-leader")).containsExactly(home);
        assertThat(manifests.objects()).noneMatch(object -> object.getKind().startsWith("Cluster"));
    }

    @ParameterizedTest
    @MethodSource(KUSTOMIZATIONS)
    void selectors_select_the_operator_or_the_workers(String kustomization) throws Exception {
        var manifests = manifests(kustomization);
        var template = manifests.operator().getSpec().getTemplate();
        Map<String, String> operator = template.getMetadata().getLabels();
        assertThat(manifests.operator().getSpec().getSelector().getMatchLabels())
                .isEqualTo(operator);
        assertThat(manifests.all(PodDisruptionBudget.class))
                .allSatisfy(budget -> assertThat(budget.getSpec().getSelector().getMatchLabels())
                        .isEqualTo(operator));
        assertThat(template.getSpec().getTopologySpreadConstraints())
                .extracting(TopologySpreadConstraint::getLabelSelector)
                .allSatisfy(selector -> assertThat(selector.getMatchLabels()).isEqualTo(operator));
        assertThat(manifests.all(NetworkPolicy.class))
                .allSatisfy(policy -> assertThat(
                                policy.getMetadata().getName().equals(OPERATOR) ? operator : WorkerPodFactory.LABELS)
                        .containsAllEntriesOf(policy.getSpec().getPodSelector().getMatchLabels()));
    }

    @Test
    void the_readme_says_what_each_privilege_is_for() throws Exception {
        List<String> told = PRIVILEGE
                .matcher(Readme.read().section("What the operator may do").text())
                .results()
                .flatMap(row -> verbs(row.group(1), List.of(row.group(2).split(", "))))
                .toList();
        assertThat(told).containsExactlyInAnyOrderElementsOf(privileges());
    }

    private static List<String> privileges() throws Exception {
        return manifests("deploy").all(Role.class).stream()
                .flatMap(role -> role.getRules().stream())
                .flatMap(rule -> rule.getResources().stream()
                        .flatMap(resource -> verbs(qualified(resource, rule), rule.getVerbs())))
                .toList();
    }

    private static Stream<String> verbs(String resource, List<String> verbs) {
        return verbs.stream().map(verb -> verb + " " + resource);
    }

    /** As kubectl writes it: {@code workerjobs.pgworkerpool.dev/status}. */
    private static String qualified(String resource, PolicyRule rule) {
        String group = rule.getApiGroups().getFirst();
        String[] parts = resource.split("/");
        return parts[0] + (group.isEmpty() ? "" : "." + group) + (parts.length == 1 ? "" : "/" + parts[1]);
    }

    private static boolean binds(RoleBinding binding, Role role) {
        return role.getMetadata().getName().equals(binding.getRoleRef().getName())
                && namespace(role).equals(namespace(binding));
    }

    private static List<String> boundIn(Manifests manifests, String role) {
        return manifests.all(RoleBinding.class).stream()
                .filter(binding -> binding.getRoleRef().getName().equals(role))
                .map(DeployTest::namespace)
                .toList();
    }

    private static String namespace(HasMetadata object) {
        return object.getMetadata().getNamespace();
    }

    private static String serviceAccount(Manifests manifests) {
        return manifests.operator().getSpec().getTemplate().getSpec().getServiceAccountName();
    }

    private static void createNamespace(String name) {
        cluster.client()
                .resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .endMetadata()
                        .build())
                .serverSideApply();
    }

    private static Manifests manifests(String kustomization) throws Exception {
        var kubectl = Kubectl.find(cluster.kubeconfig());
        assumeThat(kubectl).as("kubectl is installed").isPresent();
        return Manifests.of(kustomization, kubectl.orElseThrow(), cluster.client());
    }
}
