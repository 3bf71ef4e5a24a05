package dev.pgworkerpool.worker;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The logins that are mounted into the pod: {@code operator/} and one folder a login below {@code logins/}, each with the
 * files {@code username} and {@code password}. Read anew each time, as a Secret may change while the pod runs.
 */
record Credentials(Path folder) {

    /** Does not print its password. */
    record Login(String username, String password) {
        @Override
        public String toString() {
            return username;
        }
    }

    Login operator() throws WorkerEnds {
        try {
            return read(folder.resolve("operator"));
        } catch (IOException e) {
            throw new WorkerEnds(Outcome.CREDENTIALS, "the operator's login is not mounted", e);
        }
    }

    Login login(String username) throws WorkerEnds {
        try (DirectoryStream<Path> logins = Files.newDirectoryStream(folder.resolve("logins"), "[!.]*")) {
            for (Path candidate : logins) {
                var name = candidate.resolve("username");
                // The others' files may be missing, or wrong.
                if (Files.exists(name) && Files.readString(name).equals(username)) {
                    return read(candidate);
                }
            }
        } catch (IOException e) {
            throw new WorkerEnds(Outcome.CREDENTIALS, "the logins of the pool are not mounted", e);
        }
        throw new WorkerEnds(Outcome.CREDENTIALS, "no Secret with the username \"" + username + "\" is mounted");
    }

    private static Login read(Path folder) throws IOException {
        return new Login(Files.readString(folder.resolve("username")), Files.readString(folder.resolve("password")));
    }
}
