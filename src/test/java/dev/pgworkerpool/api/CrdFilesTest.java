package dev.pgworkerpool.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files in {@code crds/} are what the classes say. {@code -Dcrds.write=true} writes them anew. */
class CrdFilesTest {
    @TempDir
    Path generated;

    @Test
    void the_checked_in_crds_are_those_of_the_classes() throws IOException {
        if (Boolean.getBoolean("crds.write")) {
            CrdFiles.generate(CrdFiles.CHECKED_IN);
        }
        CrdFiles.generate(generated);
        assertThat(CrdFiles.in(generated))
                .hasSize(2)
                .allSatisfy(file -> assertThat(CrdFiles.CHECKED_IN.resolve(file.getFileName()))
                        .as("run ./mvnw test -Dtest=CrdFilesTest -Dcrds.write=true")
                        .hasSameTextualContentAs(file));
    }

    @Test
    void a_crd_is_short_enough_to_be_read() throws IOException {
        assertThat(CrdFiles.in(CrdFiles.CHECKED_IN))
                .hasSize(2)
                .allSatisfy(file -> assertThat(Files.readAllLines(file)).hasSizeLessThan(600));
    }
}
