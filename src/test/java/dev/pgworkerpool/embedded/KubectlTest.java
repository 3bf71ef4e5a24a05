package dev.pgworkerpool.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real kubectl against the embedded API. Skipped where kubectl is not installed. */
class KubectlTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** What a command printed, both streams together. */
    private record Result(int exitCode, String output) {}

    @TempDir
    static Path dir;

    static EmbeddedCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        assumeThat(isInstalled()).as("kubectl is installed").isTrue();
        cluster = EmbeddedCluster.start(dir, NodeImage.asIs());
        Gadgets.define(cluster.client());
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @AfterEach
    void removeEverything() throws Exception {
        kubectl("delete", "gadgets,jobs,pods", "--all", "--grace-period=1");
    }

    @Test
    void it_finds_out_which_resources_there_are() throws Exception {
        assertThat(kubectl("api-resources", "--no-headers").output())
                .containsPattern("gadgets +ga +test.dev/v1 +true +Gadget")
                .containsPattern("jobs +batch/v1 +true +Job");
        assertThat(kubectl("version").output()).contains("Server Version: v1.");
        assertThat(kubectl("explain", "gadget.spec.color").output()).contains("FIELD: color <string>");
    }

    @Test
    void applying_creates_changes_and_leaves_alone() throws Exception {
        assertThat(apply("g", "{color: red}").output()).isEqualTo("gadget.test.dev/g created\n");
        assertThat(apply("g", "{color: red}").output()).isEqualTo("gadget.test.dev/g unchanged\n");
        assertThat(apply("g", "{color: red, size: 5}").output()).isEqualTo("gadget.test.dev/g configured\n");
        assertThat(kubectl("get", "ga", "g", "-o", "jsonpath={.spec.size}").output())
                .isEqualTo("5");
        apply("g", "{color: red}");
        assertThat(kubectl("get", "ga", "g", "-o", "jsonpath={.spec.size}").output())
                .isEqualTo("3");
    }

    @Test
    void applying_on_the_server_minds_what_others_own() throws Exception {
        assertThat(apply("s", "{color: red}", "--server-side").output())
                .isEqualTo("gadget.test.dev/s serverside-applied\n");
        var refused = apply("s", "{color: red, size: 5}", "--server-side", "--field-manager=other");
        assertThat(refused.exitCode()).isZero();
        refused = apply("s", "{color: red, size: 6}", "--server-side");
        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.output()).contains("conflict with \"other\": .spec.size");
        assertThat(apply("s", "{color: red, size: 6}", "--server-side", "--force-conflicts")
                        .exitCode())
                .isZero();
    }

    @Test
    void a_dry_run_changes_nothing() throws Exception {
        assertThat(apply("dry", "{color: red}", "--dry-run=server").output())
                .isEqualTo("gadget.test.dev/dry created (server dry run)\n");
        assertThat(kubectl("get", "ga", "dry").output()).contains("NotFound");
    }

    @Test
    void tables_have_the_columns_of_the_definition() throws Exception {
        apply("t", "{color: red}");
        assertThat(kubectl("get", "toys").output()).matches("NAME +SIZE +READY +AGE\\s+t +3 +\\d+s\\s+");
        assertThat(kubectl("get", "ga", "t", "-o", "wide").output())
                .matches("NAME +SIZE +READY +AGE +COLOR\\s+t +3 +\\d+s +red\\s+");
    }

    @Test
    void mistakes_are_explained() throws Exception {
        assertThat(apply("wrong", "{color: blue}").output())
                .contains("The Gadget \"wrong\" is invalid: spec.color: Unsupported value: \"blue\"");
        assertThat(apply("wrong", "{color: red, sise: 5}").output())
                .contains("strict decoding error: unknown field \"spec.sise\"");
        assertThat(apply("warned", "{color: red, sise: 5}", "--validate=warn").output())
                .contains("Warning: unknown field \"spec.sise\"", "gadget.test.dev/warned created");
    }

    @Test
    void objects_are_patched_labelled_replaced_and_selected() throws Exception {
        apply("p", "{color: red}");
        kubectl("patch", "ga", "p", "--type=merge", "-p", "{\"spec\":{\"size\":4}}");
        kubectl("patch", "ga", "p", "--type=json", "-p", "[{\"op\":\"add\",\"path\":\"/spec/note\",\"value\":\"x\"}]");
        kubectl("label", "ga", "p", "shape=round");
        assertThat(kubectl("get", "ga", "-l", "shape in (round,square)", "-o", "jsonpath={.items[*].spec}")
                        .output())
                .isEqualTo("{\"color\":\"red\",\"limit\":9,\"note\":\"x\",\"size\":4}");
        assertThat(kubectl("get", "ga", "-l", "shape!=round").output()).contains("No resources found");
        assertThat(kubectl("get", "ga", "--field-selector=metadata.name=p", "-o", "name")
                        .output())
                .isEqualTo("gadget.test.dev/p\n");
        assertThat(write("replace", Gadgets.yaml("p", "{color: red, size: 2}")).output())
                .isEqualTo("gadget.test.dev/p replaced\n");
        assertThat(kubectl("patch", "ga", "p", "--subresource=status", "--type=merge", "-p", "{\"status\":{\"a\":1}}")
                        .output())
                .contains("patched");
    }

    @Test
    void secrets_and_namespaces_are_created_from_the_command_line() throws Exception {
        assertThat(kubectl("create", "namespace", "made").output()).isEqualTo("namespace/made created\n");
        var secret = kubectl(
                "create",
                "secret",
                "generic",
                "login",
                "-n",
                "made",
                "--type=kubernetes.io/basic-auth",
                "--from-literal=username=alice",
                "--from-literal=password=käse");
        assertThat(secret.output()).isEqualTo("secret/login created\n");
        assertThat(kubectl("get", "secret", "login", "-n", "made", "--no-headers")
                        .output())
                .matches("login +kubernetes.io/basic-auth +2 +\\d+s\\s+");
        assertThat(kubectl("get", "secret", "login", "-n", "made", "-o", "go-template={{.data.password|base64decode}}")
                        .output())
                .isEqualTo("käse");
        kubectl("create", "configmap", "settings", "-n", "made", "--from-literal=a=b");
        assertThat(kubectl("get", "cm", "settings", "-n", "made", "-o", "jsonpath={.data.a}")
                        .output())
                .isEqualTo("b");
    }

    @Test
    void it_waits_for_conditions_and_for_the_end() throws Exception {
        apply("w", "{color: red}");
        var ready = background("wait", "ga/w", "--for=condition=Ready", "--timeout=20s");
        kubectl(
                "patch",
                "ga",
                "w",
                "--subresource=status",
                "--type=merge",
                "-p",
                "{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}");
        assertThat(result(ready)).isEqualTo(new Result(0, "gadget.test.dev/w condition met\n"));
        kubectl("patch", "ga", "w", "--type=merge", "-p", "{\"metadata\":{\"finalizers\":[\"test.dev/hold\"]}}");
        kubectl("delete", "ga", "w", "--wait=false");
        assertThat(kubectl("wait", "ga/w", "--for=delete", "--timeout=1s").exitCode())
                .isEqualTo(1);
        var gone = background("wait", "ga/w", "--for=delete", "--timeout=20s");
        kubectl("patch", "ga", "w", "--type=merge", "-p", "{\"metadata\":{\"finalizers\":null}}");
        assertThat(result(gone).exitCode()).isZero();
    }

    @Test
    void a_watch_prints_each_change() throws Exception {
        apply("live", "{color: red}");
        var watch = background("get", "ga", "-w", "--no-headers");
        var printed = new StringBuilder();
        readUntil(watch, printed, "live +3 +\\d+s *\n");
        kubectl("patch", "ga", "live", "--type=merge", "-p", "{\"spec\":{\"size\":4}}");
        readUntil(watch, printed, "live +3 +\\d+s *\nlive +4 +\\d+s *\n");
        watch.destroy();
    }

    private static void readUntil(Process process, StringBuilder printed, String pattern) {
        await().atMost(PATIENCE).until(() -> {
            var output = process.getInputStream();
            printed.append(new String(output.readNBytes(output.available()), StandardCharsets.UTF_8));
            return printed.toString().matches(pattern);
        });
    }

    @Test
    void a_job_is_run_shown_and_described() throws Exception {
        job("shown", "echo hello");
        assertThat(kubectl("wait", "job/shown", "--for=condition=Complete", "--timeout=20s")
                        .exitCode())
                .isZero();
        assertThat(kubectl("logs", "job/shown").output()).isEqualTo("hello\n");
        assertThat(kubectl("get", "jobs").output())
                .matches("NAME +STATUS +COMPLETIONS +DURATION +AGE\\s+shown +Complete +1/1 +\\d+s +\\d+s\\s+");
        assertThat(kubectl("get", "pods").output())
                .matches("NAME +READY +STATUS +RESTARTS +AGE\\s+shown-\\w{5} +0/1 +Completed +0 +\\d+s\\s+");
        assertThat(kubectl("get", "pods", "-o", "wide", "--no-headers").output())
                .contains(EmbeddedNode.NAME);
        assertThat(kubectl("describe", "job", "shown").output())
                .contains("1 Succeeded / 0 Failed", "SuccessfulCreate", "Created pod: shown-", "Completed");
        assertThat(kubectl("describe", "pod", "-l", "job-name=shown").output())
                .contains("Reason:       Completed", "Exit Code:    0", "Scheduled", "Started");
        assertThat(kubectl("get", "events").output()).containsPattern("Normal +Completed +job/shown +Job completed");
    }

    @Test
    void a_log_is_followed_to_its_end() throws Exception {
        job("followed", "for i in 1 2 3; do echo $i; sleep 0.2; done");
        kubectl("wait", "pod", "-l", "job-name=followed", "--for=jsonpath={.status.phase}=Running", "--timeout=20s");
        assertThat(kubectl("logs", "-f", "job/followed").output()).isEqualTo("1\n2\n3\n");
        assertThat(kubectl("logs", "--tail=1", "job/followed").output()).isEqualTo("3\n");
    }

    @Test
    void deleting_a_job_deletes_its_pods() throws Exception {
        job("deleted", "exec sleep 1000");
        kubectl("wait", "pod", "-l", "job-name=deleted", "--for=condition=Ready", "--timeout=20s");
        assertThat(kubectl("delete", "job", "deleted", "--cascade=foreground").output())
                .startsWith("job.batch \"deleted\" deleted");
        assertThat(kubectl("get", "pods").output()).contains("No resources found");
    }

    @Test
    void one_may_do_everything() throws Exception {
        assertThat(kubectl("auth", "can-i", "create", "jobs.batch").output()).isEqualTo("yes\n");
        assertThat(kubectl("auth", "can-i", "--list").output()).contains("*.*");
    }

    @Test
    void a_namespace_is_deleted_with_what_is_in_it() throws Exception {
        write("apply", """
            apiVersion: v1
            kind: Namespace
            metadata: {name: passing}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: inside, namespace: passing}
            """);
        assertThat(kubectl("get", "ns", "passing").output()).containsPattern("passing +Active +\\d+s");
        assertThat(kubectl("delete", "ns", "passing").output()).startsWith("namespace \"passing\" deleted");
        assertThat(kubectl("get", "ns", "passing").output()).contains("NotFound");
    }

    private static boolean isInstalled() throws InterruptedException {
        try {
            return new ProcessBuilder("kubectl", "version", "--client").start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static Result apply(String name, String spec, String... options) throws Exception {
        return write("apply", Gadgets.yaml(name, spec), options);
    }

    private static void job(String name, String script) throws Exception {
        write("apply", """
            apiVersion: batch/v1
            kind: Job
            metadata: {name: %s}
            spec:
              backoffLimit: 0
              template:
                spec:
                  restartPolicy: Never
                  terminationGracePeriodSeconds: 1
                  containers: [{name: main, image: none, command: [sh, -c, "%s"]}]
            """.formatted(name, script));
    }

    private static Result write(String verb, String yaml, String... options) throws Exception {
        var file = Files.writeString(Files.createTempFile(dir, "object", ".yaml"), yaml);
        var arguments = new ArrayList<>(List.of(verb, "-f", file.toString()));
        arguments.addAll(List.of(options));
        return kubectl(arguments.toArray(String[]::new));
    }

    private static Result kubectl(String... arguments) throws Exception {
        return result(background(arguments));
    }

    private static Process background(String... arguments) throws IOException {
        var command = new ArrayList<>(List.of(
                "kubectl",
                "--kubeconfig",
                cluster.kubeconfig().toString(),
                "--cache-dir",
                dir.resolve("cache").toString()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static Result result(Process process) throws Exception {
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return new Result(process.exitValue(), output);
    }
}
