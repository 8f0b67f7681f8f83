package org.dbtrelay.emulator;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The emulator and the relay do not use each other, and the emulator needs Jackson and Vert.x only. */
class EmulatorArchitectureTest {

    private static final JavaClasses EMULATOR = compiledFrom("src/emulator/java");
    private static final JavaClasses RELAY = compiledFrom("src/main/java");

    @Test
    void emulatorUsesNothingOfTheRelay() {
        classes()
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "java..",
                        "javax.crypto..",
                        "org.dbtrelay.emulator",
                        "org.jspecify.annotations",
                        "com.fasterxml.jackson..",
                        "io.vertx.core..",
                        "io.netty.channel..")
                .check(EMULATOR);
    }

    @Test
    void relayUsesNothingOfTheEmulator() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.dbtrelay.emulator..")
                .check(RELAY);
    }

    /** Without the tests, which are in the same packages. */
    private static JavaClasses compiledFrom(String sources) {
        return new ClassFileImporter()
                .withImportOption(location -> {
                    String path = location.asURI().getPath();
                    String file = path.substring(path.indexOf("org/dbtrelay/")).replaceFirst("[$.].*", ".java");
                    return Files.exists(Path.of(sources, file));
                })
                .importPackages("org.dbtrelay");
    }
}
