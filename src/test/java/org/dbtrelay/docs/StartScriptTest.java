package org.dbtrelay.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.dbtrelay.testkit.ChildProcess;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which Java the start script of the package takes; the Javas here only say what they were started with. */
class StartScriptTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final List<String> TOOLS = List.of("sed", "head", "dirname", "readlink");

    @TempDir
    Path directory;

    private Path app;
    private Path tools;

    private record Ended(int status, String said) {}

    @BeforeEach
    void packageApplication() throws IOException {
        assumeThat(File.separatorChar).as("the script is for a POSIX shell").isEqualTo('/');
        app = Files.createDirectories(directory.resolve("quarkus-app"));
        tools = Files.createDirectories(directory.resolve("tools"));
        for (String tool : TOOLS) {
            executable(tools.resolve(tool), "#!/bin/sh\nexec " + onPath(tool) + " \"$@\"\n");
        }
        Files.createFile(app.resolve("quarkus-run.jar"));
        String script = Files.readString(Path.of("src/main/bin/dbt-cloud-relay"));
        executable(
                app.resolve("bin/dbt-cloud-relay"),
                script.replace("/usr/lib/jvm/", directory.resolve("jvm") + "/")
                        .replace("/Library/Java", directory.resolve("Library").toString()));
    }

    @Test
    void wantsTheJavaThatTheRelayIsCompiledFor() throws IOException {
        String release = Files.readString(Path.of("pom.xml"))
                .lines()
                .filter(line -> line.contains("<maven.compiler.release>"))
                .map(line -> line.replaceAll("\\D", ""))
                .findFirst()
                .orElseThrow();

        assertThat(Files.readString(Path.of("src/main/bin/dbt-cloud-relay"))).contains("\nwanted=" + release + "\n");
        assertThat(Files.isExecutable(Path.of("src/main/bin/dbt-cloud-relay"))).isTrue();
    }

    @Test
    void findsANewerJavaWhereTheOneOnThePathIsOld() throws IOException {
        Path old = java("old", "17.0.12");
        Files.createSymbolicLink(tools.resolve("java"), old.resolve("bin/java"));
        java("jvm/another-17", "17.0.12");
        Path fit = java("jvm/fit", "25.0.1");

        Ended ended = start(Map.of("JAVA_HOME", old.toString()));

        assertThat(ended).isEqualTo(new Ended(0, fit + " -Xmx128m -jar " + app.resolve("quarkus-run.jar")));
    }

    @Test
    void prefersJavaHomeAndTakesTheOptionsGiven() throws IOException {
        Path mine = java("mine", "26");
        java("jvm/fit", "25.0.1");

        Ended ended = start(Map.of("JAVA_HOME", mine.toString(), "JAVA_OPTS", "-Xmx1g -Dx=y"));

        assertThat(ended).isEqualTo(new Ended(0, mine + " -Xmx1g -Dx=y -jar " + app.resolve("quarkus-run.jar")));
    }

    @Test
    void asksAJavaThatDoesNotSayWhatItIs() throws IOException {
        Path silent = java("jvm/silent", "25.0.2");
        Files.delete(silent.resolve("release"));

        assertThat(start(Map.of()).said()).startsWith(silent.toString());
    }

    @Test
    void saysWhenThereIsNone() throws IOException {
        Path old = java("jvm/old", "17.0.12");

        Ended ended = start(Map.of());

        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.said())
                .startsWith("dbt-cloud-relay: Java 25 or newer is needed")
                .contains(old + " (Java 17)", "set JAVA_HOME");
    }

    @Test
    void saysWhenItIsNotInThePackage() throws IOException {
        java("jvm/fit", "25.0.1");
        Files.delete(app.resolve("quarkus-run.jar"));

        Ended ended = start(Map.of());

        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.said()).contains("no quarkus-run.jar", "./mvnw package");
    }

    private Ended start(Map<String, String> environment) {
        var all = new HashMap<>(environment);
        all.put("PATH", tools.toString());
        all.put("HOME", directory.resolve("home").toString());
        all.putIfAbsent("JAVA_HOME", "");
        all.putIfAbsent("JAVA_OPTS", "");
        try (var script = ChildProcess.start(
                "dbt-cloud-relay",
                List.of(app.resolve("bin/dbt-cloud-relay").toString()),
                all,
                directory.resolve("script.log"))) {
            int status = script.awaitExit(LIMIT);
            return new Ended(status, String.join("\n", script.lines()));
        }
    }

    private Path java(String where, String version) throws IOException {
        Path home = directory.resolve(where);
        executable(home.resolve("bin/java"), """
                #!/bin/sh
                if [ "$1" = -version ]; then
                    echo 'openjdk version "%s" 2025-10-21' >&2
                else
                    echo "%s $*"
                fi
                """.formatted(version, home));
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"" + version + "\"\n");
        return home;
    }

    private static void executable(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static Path onPath(String program) {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .map(directory -> Path.of(directory, program))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow();
    }
}
