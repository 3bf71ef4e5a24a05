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

/** SQL statements for one worker of a {@link WorkerPool}, queued together, exactly once. */
@Group(Api.GROUP)
@Version(Api.VERSION)
@ShortNames("wj")
@Categories("pgworkerpool")
@AdditionalPrinterColumn(name = "Worker", jsonPath = ".spec.worker", type = Type.STRING)
@AdditionalPrinterColumn(name = "Phase", jsonPath = ".status.phase", type = Type.STRING)
@AdditionalPrinterColumn(name = "Done", jsonPath = ".status.done", type = Type.STRING)
@AdditionalPrinterColumn(
        name = "Reason",
        jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason",
        type = Type.STRING)
@AdditionalPrinterColumn(name = "Age", jsonPath = ".metadata.creationTimestamp", type = Type.DATE)
@AdditionalPrinterColumn(name = "Pool", jsonPath = ".spec.poolRef.name", type = Type.STRING, priority = 1)
@AdditionalPrinterColumn(name = "Jobs", jsonPath = ".status.jobIds", type = Type.STRING, priority = 1)
@AdditionalPrinterColumn(name = "Message", jsonPath = ".status.message", type = Type.STRING, priority = 1)
@ValidationRule(
        value = "!self.spec.suspend || oldSelf.spec.suspend || !has(oldSelf.status) || !has(oldSelf.status.jobIds)",
        message =
                "suspend can't become true any more: the statements are queued already. Delete the WorkerJob to cancel what is left of it",
        fieldPath = ".spec.suspend")
public class WorkerJob extends CustomResource<WorkerJobSpec, @Nullable WorkerJobStatus> implements Namespaced {

    @Override
    @Required
    public WorkerJobSpec getSpec() {
        return super.getSpec();
    }

    @Override
    protected @Nullable WorkerJobSpec initSpec() {
        return null;
    }

    @Override
    protected @Nullable WorkerJobStatus initStatus() {
        return null;
    }
}
