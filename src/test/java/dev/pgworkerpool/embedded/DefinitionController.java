package dev.pgworkerpool.embedded;

import dev.pgworkerpool.embedded.ObjectStore.Update;

/** Serves what custom resource definitions define, from the moment they are stored. */
final class DefinitionController {
    private final ObjectStore store;
    private final ResourceTypes types;

    DefinitionController(ObjectStore store, ResourceTypes types) {
        this.store = store;
        this.types = types;
        store.subscribe(this::note);
    }

    private void note(Update update) {
        if (!update.key().storage().equals(ResourceTypes.DEFINITIONS.storage())) {
            return;
        }
        if (update.type() == Change.Type.DELETED) {
            removeInstances(update);
            types.undefine(update.object());
        } else if (update.before() == null
                || !update.before().path("spec").equals(update.object().path("spec"))) {
            types.define(update.object());
        }
    }

    private void removeInstances(Update update) {
        for (var type : ResourceTypes.typesOf(update.object())) {
            store.list(type, null).forEach(object -> store.remove(type, object));
        }
    }
}
