package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.dbtrelay.testkit.ChildProcess;
import org.junit.jupiter.api.Test;

/** {@code target/dbt-cloud-emulator.jar} runs by itself and holds nothing of the relay. */
class EmulatorJarIT {

    private static final Path JAR = Path.of("target", "dbt-cloud-emulator.jar").toAbsolutePath();
    private static final Path DIRECTORY = RelayStage.newDirectory(EmulatorJarIT.class);
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Pattern ADDRESS = Pattern.compile("emulator at (http://127\\.0\\.0\\.1:\\d+)");

    @Test
    void servesAnAccount() throws Exception {
        try (ChildProcess emulator = start("-Demulator.port=0", "-Demulator.account-id=17", "-Demulator.token=abc");
                HttpClient client = HttpClient.newHttpClient()) {
            String address = emulator.awaitLine(ADDRESS, LIMIT).group(1);
            HttpResponse<String> answer = client.send(
                    HttpRequest.newBuilder(URI.create(address + "/api/v2/accounts/17/"))
                            .header("Authorization", "Token abc")
                            .build(),
                    HttpResponse.BodyHandlers.ofString());

            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).contains("\"id\":17");
            emulator.stop(LIMIT);
            assertThat(emulator.lines()).contains("dbt Cloud emulator: ended. Its runs are forgotten.");
        }
    }

    @Test
    void listsItsOptions() {
        try (ChildProcess emulator = start("--help")) {
            assertThat(emulator.awaitExit(LIMIT)).isZero();
            assertThat(emulator.lines()).anyMatch(line -> line.contains("-Demulator.port"));
        }
    }

    @Test
    void refusesAnUnknownOption() {
        try (ChildProcess emulator = start("-Demulator.prot=0")) {
            assertThat(emulator.awaitExit(LIMIT)).isEqualTo(2);
            assertThat(emulator.lines()).anyMatch(line -> line.contains("no option -Demulator.prot=0"));
        }
    }

    @Test
    void holdsNothingOfTheRelayAndOfTheTests() throws IOException {
        try (var jar = new JarFile(JAR.toFile())) {
            List<String> own = jar.stream()
                    .map(ZipEntry::getName)
                    .filter(name -> name.endsWith(".class") && name.startsWith("org/dbtrelay/"))
                    .toList();

            assertThat(own)
                    .contains("org/dbtrelay/emulator/EmulatorMain.class")
                    .allMatch(name -> name.startsWith("org/dbtrelay/emulator/"))
                    .noneMatch(name -> name.contains("Test") || name.contains("Specification"));
        }
    }

    private static ChildProcess start(String... arguments) {
        List<String> command = Stream.concat(
                        Stream.of(ChildProcess.java(), "-XX:TieredStopAtLevel=1", "-jar", JAR.toString()),
                        Stream.of(arguments))
                .toList();
        return ChildProcess.start("emulator", command, Map.of(), DIRECTORY.resolve(arguments[0] + ".log"));
    }
}
