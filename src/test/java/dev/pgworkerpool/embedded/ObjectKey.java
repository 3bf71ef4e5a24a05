package dev.pgworkerpool.embedded;

import java.util.Comparator;

/** Where an object is stored; {@code namespace} is empty for what has none. */
record ObjectKey(String storage, String namespace, String name) implements Comparable<ObjectKey> {
    private static final Comparator<ObjectKey> ORDER = Comparator.comparing(ObjectKey::storage)
            .thenComparing(ObjectKey::namespace)
            .thenComparing(ObjectKey::name);

    @Override
    public int compareTo(ObjectKey other) {
        return ORDER.compare(this, other);
    }
}
