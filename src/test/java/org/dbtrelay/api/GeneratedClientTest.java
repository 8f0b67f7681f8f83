package org.dbtrelay.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.RunView;
import org.dbtrelay.testkit.ChildProcess;
import org.dbtrelay.testkit.Linters;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenAPI Generator makes clients of {@code docs/openapi.yaml}; they compile, and work with the API. */
@QuarkusTest
@TestProfile(EmulatedDbtCloud.class)
class GeneratedClientTest {

    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Path USES = Path.of("src", "test", "openapi");
    private static final List<String> SEEN =
            List.of("connection default", "connection wrong", "run 20", "artifacts true", "problem 404");

    @TempDir
    Path directory;

    @TestHTTPResource("/")
    URL api;

    private List<String> arguments = List.of();

    @BeforeEach
    void findIds() {
        DbtCloudEmulator emulator = EmulatedDbtCloud.Server.emulator;
        EmulatedJob job = emulator.world().jobNamed("Broken build");
        emulator.planNextRun(job.id(), RunPlan.failing("dbt build", "it broke").instantly());
        RunView run = emulator.triggerByOther(job.id(), "x");
        EmulatedDbtCloud.Server.CLOCK.advance(Duration.ofHours(1));
        arguments = List.of(
                api.toString().replaceAll("/$", ""),
                EmulatedDbtCloud.KEY,
                String.valueOf(emulator.accountId()),
                String.valueOf(run.id()));
    }

    @Test
    void aClientInJavaWorks() throws IOException {
        generate(
                "java",
                "--library=native",
                "--additional-properties=openApiNullable=false,useJakartaEe=true,apiPackage=client.api,"
                        + "modelPackage=client.model,invokerPackage=client",
                "--global-property=apiTests=false,modelTests=false,apiDocs=false,modelDocs=false");
        String libraries = Arrays.stream(
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                                .split(java.io.File.pathSeparator, -1))
                .filter(it -> it.contains("jackson") || it.contains("jakarta.annotation"))
                .collect(Collectors.joining(java.io.File.pathSeparator));
        Path classes = directory.resolve("classes");
        List<String> compile = new ArrayList<>(List.of(
                ChildProcess.java() + "c",
                "-J-XX:TieredStopAtLevel=1",
                "-proc:none",
                "-nowarn",
                "-cp",
                libraries,
                "-d",
                classes.toString()));
        try (Stream<Path> sources = Files.walk(directory.resolve("src").resolve("main"))) {
            sources.filter(file -> file.toString().endsWith(".java")).forEach(file -> compile.add(file.toString()));
        }
        compile.add(USES.resolve("UseOfClient.java").toString());
        run("javac", compile);

        List<String> use = new ArrayList<>(
                List.of(ChildProcess.java(), "-cp", classes + java.io.File.pathSeparator + libraries, "UseOfClient"));
        use.addAll(arguments);
        assertThat(run("client", use)).containsExactlyInAnyOrderElementsOf(SEEN);
    }

    @Test
    void aClientInTypeScriptWorks() throws IOException {
        Linters tools = Linters.orSkip();
        generate("typescript-fetch");
        for (String file : List.of("use-of-client.ts", "tsconfig.json")) {
            Files.copy(USES.resolve(file), directory.resolve(file));
        }
        tools.run("node_modules/typescript/bin/tsc", "-p", directory.toString());

        List<String> use = new ArrayList<>(List.of(
                "node", directory.resolve("out").resolve("use-of-client.js").toString()));
        use.addAll(arguments);
        assertThat(run("client", use)).containsExactlyInAnyOrderElementsOf(SEEN);
    }

    private void generate(String generator, String... more) throws IOException {
        Path named = Path.of("target", "openapi-generator.classpath");
        assumeTrue(
                Files.exists(named), "Maven has not resolved OpenAPI Generator; ./mvnw generate-test-resources does");
        List<String> command = new ArrayList<>(List.of(
                ChildProcess.java(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                Files.readString(named).strip(),
                "org.openapitools.codegen.OpenAPIGenerator",
                "generate",
                "-i",
                Path.of("docs", "openapi.yaml").toAbsolutePath().toString(),
                "-g",
                generator,
                "-o",
                directory.toString()));
        command.addAll(List.of(more));
        run("openapi-generator", command);
    }

    private List<String> run(String name, List<String> command) {
        try (ChildProcess process =
                ChildProcess.start(name, command, Map.of(), Path.of("target", "generated-client", name + ".log"))) {
            int status = process.awaitExit(PATIENCE);
            assertThat(status)
                    .as(() -> String.join("\n", process.lastLines(40)))
                    .isEqualTo(0);
            return process.lines();
        }
    }
}
