package org.dbtrelay.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dbtrelay.deploy.Manifests.texts;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.utils.AppInfoParser;
import org.junit.jupiter.api.Test;

/** What is started to try the relay out, and the images that all of {@code deploy} names. There is no engine here that could run it. */
class ComposeTest {

    private static final Pattern OWN = Pattern.compile("dbt-cloud-(relay|emulator):(.+)");
    private static final Pattern FOREIGN =
            Pattern.compile("[a-z0-9./-]+:\\d+\\.\\d+\\.\\d+[\\w.-]*@sha256:[0-9a-f]{64}");
    private static final Pattern OPTION = Pattern.compile("-D(emulator\\.[a-z-]+)=(.+)");
    private static final Pattern PROJECT_VERSION =
            Pattern.compile("<artifactId>dbt-cloud-relay</artifactId>\\s*<version>([^<]+)</version>");

    private final JsonNode services = Compose.services();

    @Test
    void imagesArePinned() {
        List<String> images = Stream.concat(
                        services.properties().stream()
                                .map(service -> service.getValue().path("image").asText()),
                        Manifests.text("deploy/emulator/Dockerfile")
                                .lines()
                                .filter(line -> line.startsWith("FROM "))
                                .map(line -> line.substring("FROM ".length())))
                .toList();

        assertThat(images).hasSize(4).allSatisfy(image -> {
            Matcher own = OWN.matcher(image);
            if (own.matches()) {
                assertThat(own.group(2)).isEqualTo(projectVersion());
            } else {
                assertThat(image).matches(FOREIGN);
            }
        });
    }

    @Test
    void chartIsOfThisVersion() {
        assertThat(Manifests.at("deploy/helm/dbt-cloud-relay/Chart.yaml")
                        .all()
                        .getFirst()
                        .path("appVersion")
                        .asText())
                .isEqualTo(projectVersion());
    }

    /** The broker of the tests is of the version of the clients; so is the one to try with. */
    @Test
    void brokerIsOfTheVersionOfTheClients() {
        assertThat(services.path("kafka").path("image").asText())
                .startsWith("apache/kafka:" + AppInfoParser.getVersion() + "@");
    }

    @Test
    void nothingIsServedBeyondThisMachine() {
        List<String> ports = services.properties().stream()
                .flatMap(service -> texts(service.getValue().path("ports")).stream())
                .toList();

        assertThat(ports)
                .containsExactlyInAnyOrder("127.0.0.1:8080:8080", "127.0.0.1:9000:9000", "127.0.0.1:9094:9094");
    }

    @Test
    void relayHasNoMoreRightsThanInTheChart() {
        JsonNode relay = services.path("relay");

        assertThat(relay.path("user").asText()).isEqualTo("185:0");
        assertThat(relay.path("read_only").asBoolean()).isTrue();
        assertThat(texts(relay.path("cap_drop"))).containsExactly("ALL");
        assertThat(texts(relay.path("security_opt"))).containsExactly("no-new-privileges:true");
        assertThat(texts(relay.path("tmpfs")))
                .singleElement()
                .asString()
                .startsWith("/tmp:")
                .contains("exec");
        assertThat(relay.path("stop_grace_period").asText()).isEqualTo("30s");
        assertThat(texts(relay.path("volumes"))).containsExactly("artifacts:/var/lib/dbt-cloud-relay");
    }

    /** Plain http goes to loopback only, so both are in one network; and both have to say the same of port, account and token. */
    @Test
    void relayFindsTheEmulator() {
        Map<String, String> options = texts(services.path("emulator").path("command")).stream()
                .map(OPTION::matcher)
                .filter(Matcher::matches)
                .collect(Collectors.toMap(option -> option.group(1), option -> option.group(2)));
        Map<String, String> relay = Compose.environment("relay");

        assertThat(services.path("relay").path("network_mode").asText()).isEqualTo("service:emulator");
        assertThat(relay)
                .containsEntry("RELAY_CONNECTIONS_DEFAULT_HOST", "http://127.0.0.1:" + options.get("emulator.port"))
                .containsEntry("RELAY_CONNECTIONS_DEFAULT_ACCOUNT_ID", options.get("emulator.account-id"))
                .containsEntry("RELAY_CONNECTIONS_DEFAULT_TOKEN", options.get("emulator.token"));
        String main = Manifests.text("src/emulator/java/org/dbtrelay/emulator/EmulatorMain.java");
        assertThat(options.keySet())
                .hasSize(3)
                .allSatisfy(option -> assertThat(main).contains("\"" + option + "\""));
    }

    @Test
    void emulatorIsBuiltFromWhatIsThere() {
        assertThat(Manifests.text("deploy/emulator/Dockerfile")).contains("COPY target/dbt-cloud-emulator.jar");
        assertThat(Manifests.text("pom.xml")).contains("<finalName>dbt-cloud-emulator</finalName>");
        assertThat(services.properties().stream()
                        .map(service -> service.getValue()
                                .path("build")
                                .path("dockerfile")
                                .asText())
                        .filter(file -> !file.isEmpty())
                        .collect(Collectors.toSet()))
                .isEqualTo(Set.of("deploy/emulator/Dockerfile", "src/main/docker/Dockerfile"));
    }

    @Test
    void emulatorAndRelayHaveTheSameBase() {
        String base = Manifests.text("deploy/emulator/Dockerfile")
                .lines()
                .filter(line -> line.startsWith("FROM "))
                .map(line -> line.substring("FROM ".length()))
                .findFirst()
                .orElseThrow();

        assertThat(Manifests.text("src/main/docker/Dockerfile")).contains("ARG BASE=" + base + "\n");
    }

    @Test
    void relayFindsTheBroker() {
        assertThat(Compose.environment("kafka").get("KAFKA_ADVERTISED_LISTENERS"))
                .contains("INSIDE://" + Compose.environment("relay").get("KAFKA_BOOTSTRAP_SERVERS"));
    }

    private static String projectVersion() {
        Matcher version = PROJECT_VERSION.matcher(Manifests.text("pom.xml"));
        assertThat(version.find()).isTrue();
        return version.group(1);
    }
}
