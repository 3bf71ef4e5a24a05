package dev.pgworkerpool;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Which room of the house may use what. */
class HouseRulesTest {
    private static final String HOUSE = "dev.pgworkerpool";
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(HOUSE);

    @Test
    void the_worker_starts_without_the_operator_and_its_frameworks() {
        noClasses()
                .that()
                .resideInAPackage("..worker..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io..",
                        "jakarta..",
                        "com.fasterxml..",
                        HOUSE + ".api..",
                        HOUSE + ".operator..",
                        HOUSE + ".queue..",
                        HOUSE + ".schedule..",
                        HOUSE + ".status..")
                .check(CLASSES);
    }

    @Test
    void scheduling_calls_neither_the_kubernetes_api_nor_the_database() {
        noClasses()
                .that()
                .resideInAPackage("..schedule..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.fabric8.kubernetes.client..",
                        "io.javaoperatorsdk..",
                        "java.sql..",
                        "javax.sql..",
                        HOUSE + ".queue..",
                        HOUSE + ".operator..")
                .check(CLASSES);
    }

    @Test
    void sql_is_spoken_in_the_queue_and_in_the_worker_only() {
        noClasses()
                .that()
                .resideOutsideOfPackages("..queue..", "..worker..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.sql..", "javax.sql..", "org.postgresql..", "io.agroal..")
                .check(CLASSES);
    }

    @Test
    void the_custom_resources_know_nothing_of_who_uses_them() {
        noClasses()
                .that()
                .resideInAPackage("..api..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        HOUSE + ".operator..",
                        HOUSE + ".queue..",
                        HOUSE + ".schedule..",
                        HOUSE + ".status..",
                        HOUSE + ".worker..")
                .check(CLASSES);
    }

    @Test
    void the_packages_form_no_cycle() {
        slices().matching(HOUSE + ".(*)..").should().beFreeOfCycles().check(CLASSES);
    }
}
