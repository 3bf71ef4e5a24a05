package dev.pgworkerpool.operator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pgworkerpool.status.Readiness;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.net.ConnectException;
import org.junit.jupiter.api.Test;

class PoolProblemTest {
    private static final String FORBIDDEN = "secrets \"operator\" is forbidden: User \"operator\" cannot get it";

    @Test
    void what_the_kubernetes_api_refuses_is_told_in_its_own_words() {
        var refusal = new KubernetesClientException(
                new StatusBuilder().withCode(403).withMessage(FORBIDDEN).build());
        assertThat(PoolProblem.of(refusal)).isEqualTo(Readiness.reconciling("KubernetesError", FORBIDDEN));
    }

    @Test
    void an_api_that_does_not_answer_is_told_in_those_of_the_client() {
        assertThat(PoolProblem.of(new KubernetesClientException("connection refused")))
                .isEqualTo(Readiness.reconciling("KubernetesError", "connection refused"));
    }

    @Test
    void what_kept_the_client_from_asking_is_told_where_it_says_no_more_than_that_something_did() {
        var cause = new IOException("Operation: [get] for kind: [Secret]", new ConnectException("Connection reset"));
        assertThat(PoolProblem.of(new KubernetesClientException("An error has occurred.", cause)))
                .isEqualTo(Readiness.reconciling("KubernetesError", "Connection reset"));
    }
}
