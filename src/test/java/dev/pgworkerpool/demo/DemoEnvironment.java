package dev.pgworkerpool.demo;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** What a shell needs to look at the running demo: {@code . target/demo/env; psql}. */
record DemoEnvironment(Map<String, String> variables) {

    static DemoEnvironment of(DemoDatabase database, Path kubeconfig, URI operator) {
        var variables = new LinkedHashMap<String, String>();
        variables.put("KUBECONFIG", kubeconfig.toAbsolutePath().toString());
        variables.put("PGHOST", database.host());
        variables.put("PGPORT", Integer.toString(database.port()));
        variables.put("PGDATABASE", DemoDatabase.NAME);
        variables.put("PGUSER", database.alice.role());
        variables.put("PGPASSWORD", database.alice.password());
        variables.put("DEMO_POOL", DemoPool.NAME);
        variables.put("DEMO_NAMESPACE", DemoNamespace.NAME);
        variables.put("BOB_PASSWORD", database.bob.password());
        variables.put("MALLORY_PASSWORD", database.mallory.password());
        variables.put("ADMIN_USER", database.admin().role());
        variables.put("ADMIN_PASSWORD", database.admin().password());
        variables.put("OPERATOR_URL", operator.toString());
        return new DemoEnvironment(variables);
    }

    /** Readable by its owner only: passwords stand in it. */
    void writeTo(Path file) throws IOException {
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(
                file,
                variables.entrySet().stream()
                        .map(variable -> "export %s='%s'%n"
                                .formatted(
                                        variable.getKey(), variable.getValue().replace("'", "'\\''")))
                        .collect(Collectors.joining()));
    }
}
