package dev.pgworkerpool.api;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn.Type;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;
import org.jspecify.annotations.Nullable;

/** One PostgreSQL database whose queued jobs are run by at most {@code slots} worker pods at a time. */
@Group(Api.GROUP)
@Version(Api.VERSION)
@ShortNames("wp")
@Categories("pgworkerpool")
@AdditionalPrinterColumn(
        name = "Ready",
        jsonPath = ".status.conditions[?(@.type==\"Ready\")].status",
        type = Type.STRING)
@AdditionalPrinterColumn(name = "Slots", jsonPath = ".status.slots", type = Type.STRING)
@AdditionalPrinterColumn(name = "Running", jsonPath = ".status.runningWorkers", type = Type.INTEGER)
@AdditionalPrinterColumn(name = "Waiting", jsonPath = ".status.waitingWorkers", type = Type.INTEGER)
@AdditionalPrinterColumn(name = "Oldest", jsonPath = ".status.oldestWaitingSince", type = Type.DATE)
@AdditionalPrinterColumn(name = "Age", jsonPath = ".metadata.creationTimestamp", type = Type.DATE)
@ValidationRule(
        value = "size(self.metadata.name) <= 63",
        message = "the name of a WorkerPool has at most 63 characters: it becomes a label of its pods")
public class WorkerPool extends CustomResource<WorkerPoolSpec, @Nullable WorkerPoolStatus> implements Namespaced {

    @Override
    @Required
    public WorkerPoolSpec getSpec() {
        return super.getSpec();
    }

    @Override
    protected @Nullable WorkerPoolSpec initSpec() {
        return null;
    }

    @Override
    protected @Nullable WorkerPoolStatus initStatus() {
        return null;
    }
}
