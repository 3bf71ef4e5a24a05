package dev.pgworkerpool.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ConfigMapList;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.NonNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The API as a controller sees it through its client. */
class ApiClientTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    static Path dir;

    static EmbeddedCluster cluster;
    static KubernetesClient client;

    @BeforeAll
    static void start() {
        cluster = EmbeddedCluster.start(dir, NodeImage.asIs());
        client = cluster.client();
        Gadgets.define(client);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void an_object_gets_what_the_API_gives_every_object() {
        var gadget = create("complete", "{color: red}");
        var metadata = gadget.getMetadata();
        assertThat(metadata.getUid()).isNotEmpty();
        assertThat(metadata.getResourceVersion()).isNotEmpty();
        assertThat(metadata.getCreationTimestamp()).isNotEmpty();
        assertThat(metadata.getGeneration()).isEqualTo(1);
        assertThat(gadget.<Integer>get("spec", "size")).isEqualTo(3);
    }

    @Test
    void a_second_object_of_the_same_name_is_refused() {
        create("twice", "{color: red}");
        assertThatThrownBy(() -> create("twice", "{color: red}"))
                .isInstanceOfSatisfying(KubernetesClientException.class, e -> {
                    assertThat(e.getCode()).isEqualTo(409);
                    assertThat(e.getStatus().getReason()).isEqualTo("AlreadyExists");
                });
    }

    @Test
    void a_name_can_be_left_to_the_API() {
        var map = client.configMaps()
                .resource(new ConfigMapBuilder()
                        .withNewMetadata()
                        .withGenerateName("some-")
                        .endMetadata()
                        .build())
                .create();
        assertThat(map.getMetadata().getName()).matches("some-[a-z0-9]{5}");
    }

    @Test
    void the_generation_counts_changes_of_what_is_wanted_only() {
        create("counted", "{color: red}");
        edit("counted", gadget -> gadget.getMetadata().setLabels(Map.of("a", "b")));
        assertThat(get("counted").getMetadata().getGeneration()).isEqualTo(1);
        edit("counted", gadget -> spec(gadget).put("size", 5));
        assertThat(get("counted").getMetadata().getGeneration()).isEqualTo(2);
        gadgets().withName("counted").editStatus(gadget -> {
            gadget.setAdditionalProperty("status", Map.of("phase", "Done"));
            return gadget;
        });
        assertThat(get("counted").getMetadata().getGeneration()).isEqualTo(2);
        assertThat(get("counted").<String>get("status", "phase")).isEqualTo("Done");
    }

    @Test
    void spec_and_status_are_written_apart() {
        create("apart", "{color: red}");
        edit("apart", gadget -> gadget.setAdditionalProperty("status", Map.of("phase", "Forged")));
        assertThat(get("apart").<Object>get("status")).isNull();
        gadgets().withName("apart").editStatus(gadget -> {
            spec(gadget).put("size", 7);
            gadget.setAdditionalProperty("status", Map.of("phase", "True"));
            return gadget;
        });
        assertThat(get("apart").<Integer>get("spec", "size")).isEqualTo(3);
    }

    @Test
    void a_write_that_builds_on_an_old_version_is_a_conflict() {
        var old = create("contested", "{color: red}");
        edit("contested", gadget -> spec(gadget).put("size", 5));
        spec(old).put("size", 6);
        assertThatThrownBy(() -> gadgets().resource(old).update())
                .isInstanceOfSatisfying(KubernetesClientException.class, e -> {
                    assertThat(e.getCode()).isEqualTo(409);
                    assertThat(e.getStatus().getReason()).isEqualTo("Conflict");
                });
    }

    @Test
    void a_write_that_changes_nothing_leaves_the_version_alone() {
        var before = create("quiet", "{color: red}");
        gadgets().withName("quiet").patch(PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"color\":\"red\"}}");
        assertThat(get("quiet").getMetadata().getResourceVersion())
                .isEqualTo(before.getMetadata().getResourceVersion());
    }

    @Test
    void what_is_invalid_is_refused_with_the_fields_that_are_wrong() {
        assertThatThrownBy(() -> create("wrong", "{color: blue, size: 0}"))
                .isInstanceOfSatisfying(KubernetesClientException.class, e -> {
                    assertThat(e.getCode()).isEqualTo(422);
                    assertThat(e.getStatus().getDetails().getCauses())
                            .extracting(cause -> cause.getField())
                            .containsExactlyInAnyOrder("spec.color", "spec.size");
                });
        create("red", "{color: red}");
        assertThatThrownBy(() -> edit("red", gadget -> spec(gadget).put("color", "green")))
                .hasMessageContaining("color is immutable");
    }

    @Test
    void a_name_or_a_label_must_be_one() {
        assertThatThrownBy(() -> create("Not_a_Name", "{color: red}"))
                .hasMessageContaining("a lowercase RFC 1123 subdomain must consist of");
        var gadget = gadget("labelled", "{color: red}");
        gadget.getMetadata().setLabels(Map.of("worker", "not a label"));
        assertThatThrownBy(() -> gadgets().resource(gadget).create()).hasMessageContaining("a valid label must be");
    }

    @Test
    void server_side_apply_owns_its_fields() {
        gadgets()
                .resource(gadget("applied", "{color: red, options: {a: b}}"))
                .fieldManager("ann")
                .serverSideApply();
        gadgets()
                .resource(gadget("applied", "{color: red}"))
                .fieldManager("ann")
                .serverSideApply();
        assertThat(get("applied").<Object>get("spec", "options")).isNull();
        assertThatThrownBy(() -> gadgets()
                        .resource(gadget("applied", "{color: green}"))
                        .fieldManager("ben")
                        .serverSideApply())
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        e -> assertThat(e.getCode()).isEqualTo(409))
                .hasMessageContaining("conflict with \"ann\": .spec.color");
    }

    @Test
    void the_status_can_be_applied_by_itself() {
        create("status", "{color: red}");
        var wanted = gadget("status", "{color: red}");
        wanted.setAdditionalProperty("status", Map.of("phase", "Applied"));
        var apply = new PatchContext.Builder()
                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                .withFieldManager("me")
                .withForce(true)
                .build();
        gadgets().resource(wanted).subresource("status").patch(apply);
        assertThat(get("status").<String>get("status", "phase")).isEqualTo("Applied");
        assertThat(get("status").getMetadata().getManagedFields())
                .anySatisfy(entry -> assertThat(entry.getSubresource()).isEqualTo("status"));
    }

    @Test
    void a_finalizer_holds_a_deleted_object() {
        var gadget = gadget("held", "{color: red}");
        gadget.getMetadata().setFinalizers(List.of("test.dev/hold"));
        gadgets().resource(gadget).create();
        gadgets().withName("held").delete();
        assertThat(get("held").getMetadata().getDeletionTimestamp()).isNotNull();
        edit("held", object -> object.getMetadata().setFinalizers(List.of()));
        assertThat(gadgets().withName("held").get()).isNull();
    }

    @Test
    void what_an_object_owns_goes_with_it() {
        var owner = create("owner", "{color: red}");
        client.resource(ownedBy(owner, "owned")).create();
        client.resource(ownedBy(owner, "spared")).create();
        gadgets()
                .withName("owner")
                .withPropagationPolicy(DeletionPropagation.BACKGROUND)
                .delete();
        await().atMost(PATIENCE)
                .until(() -> client.configMaps().withName("owned").get() == null);
    }

    @Test
    void what_names_an_owner_that_is_not_there_goes_at_once() {
        var owner = create("never", "{color: red}");
        owner.getMetadata().setUid("00000000-0000-0000-0000-000000000000");
        client.resource(ownedBy(owner, "stray")).create();
        await().atMost(PATIENCE)
                .until(() -> client.configMaps().withName("stray").get() == null);
    }

    @Test
    void a_namespace_goes_when_it_is_empty() {
        var namespace = new NamespaceBuilder()
                .withNewMetadata()
                .withName("brief")
                .endMetadata()
                .build();
        client.resource(namespace).create();
        client.configMaps().inNamespace("brief").resource(map("inside")).create();
        client.resource(namespace).delete();
        await().atMost(PATIENCE)
                .until(() -> client.namespaces().withName("brief").get() == null);
        assertThat(client.configMaps().inNamespace("brief").list().getItems()).isEmpty();
        assertThatThrownBy(() -> client.configMaps()
                        .inNamespace("brief")
                        .resource(map("late"))
                        .create())
                .isInstanceOfSatisfying(
                        KubernetesClientException.class,
                        e -> assertThat(e.getCode()).isEqualTo(404));
    }

    @Test
    void lists_can_be_read_in_pages() {
        IntStream.range(0, 7).forEach(i -> {
            var map = map("page-" + i);
            map.getMetadata().setLabels(Map.of("paged", "yes"));
            client.resource(map).create();
        });
        var first = page(null);
        assertThat(first.getItems()).hasSize(5);
        assertThat(first.getMetadata().getRemainingItemCount()).isEqualTo(2);
        var second = page(first.getMetadata().getContinue());
        assertThat(second.getItems())
                .extracting(map -> map.getMetadata().getName())
                .containsExactly("page-5", "page-6");
        assertThat(second.getMetadata().getContinue()).isNullOrEmpty();
    }

    private static ConfigMapList page(@Nullable String token) {
        return client.configMaps()
                .inNamespace("default")
                .withLabel("paged", "yes")
                .list(new ListOptionsBuilder().withLimit(5L).withContinue(token).build());
    }

    @Test
    void an_informer_follows_what_happens() {
        try (var informer = gadgets().withLabel("watched", "yes").inform()) {
            var gadget = gadget("followed", "{color: red, note: käse}");
            gadget.getMetadata().setLabels(Map.of("watched", "yes"));
            gadgets().resource(gadget).create();
            await().atMost(PATIENCE).until(() -> informer.getStore().list().size() == 1);
            assertThat(informer.getStore().list().getFirst().<String>get("spec", "note"))
                    .isEqualTo("käse");
            edit("followed", object -> object.getMetadata().setLabels(Map.of()));
            await().atMost(PATIENCE).until(() -> informer.getStore().list().isEmpty());
        }
    }

    @Test
    void an_informer_catches_up_after_an_outage() {
        try (var informer = client.configMaps()
                .inNamespace("default")
                .withLabel("outage", "yes")
                .inform()) {
            cluster.outage(Duration.ofMillis(300));
            var map = map("after");
            map.getMetadata().setLabels(Map.of("outage", "yes"));
            await().atMost(PATIENCE)
                    .ignoreExceptions()
                    .until(() -> client.resource(map).create() != null);
            await().atMost(PATIENCE).until(() -> informer.getStore().list().size() == 1);
        }
    }

    @Test
    void a_watch_resumes_where_it_is_told_to() {
        var first = client.resource(map("first")).create();
        client.resource(map("second")).create();
        var seen = new CopyOnWriteArrayList<String>();
        var options = new ListOptionsBuilder()
                .withResourceVersion(first.getMetadata().getResourceVersion())
                .build();
        try (var ignored =
                client.configMaps().inNamespace("default").watch(options, watcher(seen, new CompletableFuture<>()))) {
            client.configMaps().withName("first").delete();
            await().atMost(PATIENCE).until(() -> seen.contains("DELETED first"));
        }
        assertThat(seen).contains("ADDED second").doesNotContain("ADDED first");
    }

    @Test
    void a_watch_from_too_long_ago_is_told_to_list_again() {
        client.resource(map("many")).create();
        IntStream.range(0, ObjectStore.REMEMBERED_CHANGES)
                .forEach(i -> client.configMaps()
                        .withName("many")
                        .patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"i\":\"%d\"}}".formatted(i)));
        var closed = new CompletableFuture<WatcherException>();
        var options = new ListOptionsBuilder().withResourceVersion("1").build();
        try (var ignored = client.configMaps()
                .inNamespace("default")
                .watch(options, watcher(new CopyOnWriteArrayList<>(), closed))) {
            await().atMost(PATIENCE).until(closed::isDone);
        }
        assertThat(closed.join().isHttpGone()).isTrue();
    }

    @Test
    void a_watch_can_begin_with_what_is_there_and_say_when_that_was_all() throws Exception {
        client.resource(map("present")).create();
        var uri = URI.create(cluster.url() + "/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=1"
                + "&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
        try (var http = HttpClient.newHttpClient()) {
            var lines = http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofLines())
                    .body()
                    .toList();
            assertThat(lines).first().asString().contains("\"ADDED\"");
            assertThat(lines)
                    .anySatisfy(line -> assertThat(line).contains("\"BOOKMARK\"", "k8s.io/initial-events-end"));
        }
    }

    private static Watcher<ConfigMap> watcher(List<String> seen, CompletableFuture<WatcherException> closed) {
        return new Watcher<>() {
            @Override
            public void eventReceived(Action action, ConfigMap map) {
                seen.add(action + " " + map.getMetadata().getName());
            }

            @Override
            public void onClose(WatcherException cause) {
                closed.complete(cause);
            }
        };
    }

    private static NonNamespaceOperation<
                    GenericKubernetesResource, GenericKubernetesResourceList, Resource<GenericKubernetesResource>>
            gadgets() {
        return client.genericKubernetesResources(Gadgets.CONTEXT).inNamespace("default");
    }

    private static GenericKubernetesResource gadget(String name, String spec) {
        return client.getKubernetesSerialization().unmarshal(Gadgets.yaml(name, spec), GenericKubernetesResource.class);
    }

    private static GenericKubernetesResource create(String name, String spec) {
        return gadgets().resource(gadget(name, spec)).create();
    }

    private static GenericKubernetesResource get(String name) {
        return Objects.requireNonNull(gadgets().withName(name).get());
    }

    private static void edit(String name, Consumer<GenericKubernetesResource> change) {
        gadgets().withName(name).edit(gadget -> {
            change.accept(gadget);
            return gadget;
        });
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> spec(GenericKubernetesResource gadget) {
        return (Map<String, Object>)
                Objects.requireNonNull(gadget.getAdditionalProperties().get("spec"));
    }

    private static ConfigMap map(String name) {
        return new ConfigMapBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .build();
    }

    private static ConfigMap ownedBy(GenericKubernetesResource owner, String name) {
        var map = map(name);
        map.getMetadata().setNamespace("default");
        map.getMetadata()
                .setOwnerReferences(List.of(new OwnerReferenceBuilder()
                        .withApiVersion(owner.getApiVersion())
                        .withKind(owner.getKind())
                        .withName(owner.getMetadata().getName())
                        .withUid(owner.getMetadata().getUid())
                        .build()));
        return map;
    }
}
