package org.dbtrelay.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.dbtrelay.deploy.Manifests.elements;
import static org.dbtrelay.deploy.Manifests.texts;

import com.fasterxml.jackson.databind.JsonNode;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.docs.Document;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The Helm chart, linted and rendered by Helm: with each of the values in {@code ci}, and with some that it must refuse. */
class ChartTest {

    private static final RelayConfig CONFIG = new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(RelayConfig.class)
            .build()
            .getConfigMapping(RelayConfig.class);
    private static final String LEAST = Manifests.text(Chart.example("least").toString());

    @TempDir
    Path directory;

    static List<Path> examples() {
        return Chart.examples();
    }

    @Test
    void helmFindsNoFault() {
        LintResult result =
                new Helm(Chart.DIRECTORY.toAbsolutePath()).lint().strict().call();

        assertThat(result.isFailed()).as("%s", result.getMessages()).isFalse();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void containerHasNoMoreRightsThanItNeeds(Path values) {
        JsonNode pod = pod(values);
        JsonNode ofPod = pod.path("securityContext");
        JsonNode ofContainer = container(pod).path("securityContext");

        assertThat(ofPod.path("runAsNonRoot").asBoolean()).isTrue();
        assertThat(ofPod.path("runAsUser").asInt()).isEqualTo(185);
        assertThat(ofPod.path("runAsGroup").asInt(-1)).isZero();
        assertThat(ofPod.path("seccompProfile").path("type").asText()).isEqualTo("RuntimeDefault");
        assertThat(ofContainer.path("runAsNonRoot").asBoolean()).isTrue();
        assertThat(ofContainer.path("readOnlyRootFilesystem").asBoolean()).isTrue();
        assertThat(ofContainer.path("allowPrivilegeEscalation").asBoolean(true)).isFalse();
        assertThat(texts(ofContainer.path("capabilities").path("drop"))).containsExactly("ALL");
        assertThat(pod.path("automountServiceAccountToken").asBoolean(true)).isFalse();
        assertThat(Chart.rendered(values)
                        .only("ServiceAccount")
                        .path("automountServiceAccountToken")
                        .asBoolean(true))
                .isFalse();
        assertThat(container(pod).path("resources").path("requests").has("memory"))
                .isTrue();
        assertThat(container(pod).path("resources").path("limits").has("memory"))
                .isTrue();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void onlyTmpAndArtifactsCanBeWritten(Path values) {
        JsonNode pod = pod(values);
        Set<String> writable = elements(container(pod).path("volumeMounts"))
                .filter(mount -> !mount.path("readOnly").asBoolean())
                .map(mount -> mount.path("mountPath").asText())
                .collect(Collectors.toSet());

        assertThat(writable)
                .contains("/tmp")
                .isSubsetOf("/tmp", Chart.configuration(values).get("relay.artifacts.directory"));
    }

    @Test
    void aFileOfFailurePatternsIsMounted(@TempDir Path directory) throws IOException {
        String pattern = "any | permanent | quota of the month | The quota of the month is used up";
        Path values = directory.resolve("values.yaml");
        Files.writeString(
                values, Files.readString(Chart.example("least")) + "\nretryPatterns: |\n  # ours\n  " + pattern + "\n");

        assertThat(Chart.rendered(values)
                        .only("ConfigMap")
                        .path("data")
                        .path("retry-patterns.txt")
                        .asText())
                .isEqualTo("# ours\n" + pattern + "\n");
        assertThat(Chart.configuration(values))
                .containsEntry("relay.retry.patterns", "/etc/dbt-cloud-relay/retry-patterns.txt");
        assertThat(elements(container(pod(values)).path("volumeMounts")))
                .anyMatch(mount -> mount.path("mountPath").asText().equals("/etc/dbt-cloud-relay"));
        assertThat(Chart.configuration(Chart.example("least"))).doesNotContainKey("relay.retry.patterns");
    }

    /** The kill switch and the end of a stuck command are for bad days. */
    @ParameterizedTest
    @MethodSource("examples")
    void servicesReachInstancesThatAreNotReady(Path values) throws IOException {
        assertThat(Chart.rendered(values).ofKind("Service"))
                .hasSize(2)
                .allSatisfy(service -> assertThat(service.path("spec")
                                .path("publishNotReadyAddresses")
                                .asBoolean())
                        .isTrue());
    }

    /** As {@code docs/http.md} tells of the management interface, on the ports that the application has. */
    @ParameterizedTest
    @MethodSource("examples")
    void probesAskWhatThereIs(Path values) throws IOException {
        Properties application = application();
        JsonNode container = container(pod(values));
        Map<String, Integer> ports = elements(container.path("ports"))
                .collect(Collectors.toMap(
                        port -> port.path("name").asText(),
                        port -> port.path("containerPort").asInt()));
        Set<String> paths = Document.at("docs/http.md").firstColumn("Management interface");

        assertThat(application.getProperty("quarkus.management.enabled")).isEqualTo("true");
        assertThat(ports.get("management"))
                .isEqualTo(Integer.parseInt(application.getProperty("quarkus.management.port", "9000")));
        assertThat(ports.get("api"))
                .isEqualTo(Integer.parseInt(Chart.configuration(values)
                        .getOrDefault("quarkus.http.ssl-port", application.getProperty("quarkus.http.port", "8080"))));
        for (var probe : Map.of("startupProbe", "started", "livenessProbe", "live", "readinessProbe", "ready")
                .entrySet()) {
            JsonNode get = container.path(probe.getKey()).path("httpGet");
            assertThat(get.path("port").asText()).isEqualTo("management");
            assertThat(get.path("path").asText()).isEqualTo("/q/health/" + probe.getValue());
            assertThat(paths).contains("GET " + get.path("path").asText());
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void stopsInTheTimeThatTheRelayNeeds(Path values) {
        assertThat(Duration.ofSeconds(
                        pod(values).path("terminationGracePeriodSeconds").asInt()))
                .isGreaterThanOrEqualTo(CONFIG.stopTimeout().plusSeconds(5));
    }

    @Test
    void anotherConfigurationIsAnotherPod() throws IOException {
        assertThat(checksum(values(LEAST)))
                .matches("[0-9a-f]{64}")
                .isEqualTo(checksum(values(LEAST + "replicaCount: 5\n")))
                .isNotEqualTo(checksum(values(LEAST + "config: {relay.poll.interval: 20s}\n")));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void servicesPolicyAndBudgetAreOfTheSamePods(Path values) {
        Manifests manifests = Chart.rendered(values);
        Map<String, String> labels = labels(manifests
                .only("Deployment")
                .path("spec")
                .path("template")
                .path("metadata")
                .path("labels"));

        List<JsonNode> selectors = new ArrayList<>();
        manifests
                .ofKind("Service")
                .forEach(service -> selectors.add(service.path("spec").path("selector")));
        selectors.add(manifests.only("Deployment").path("spec").path("selector").path("matchLabels"));
        selectors.add(manifests
                .only("PodDisruptionBudget")
                .path("spec")
                .path("selector")
                .path("matchLabels"));
        selectors.add(
                manifests.only("NetworkPolicy").path("spec").path("podSelector").path("matchLabels"));
        elements(manifests
                        .only("Deployment")
                        .path("spec")
                        .path("template")
                        .path("spec")
                        .path("topologySpreadConstraints"))
                .forEach(spread -> selectors.add(spread.path("labelSelector").path("matchLabels")));

        assertThat(selectors)
                .hasSize(7)
                .noneMatch(JsonNode::isEmpty)
                .allSatisfy(selector -> assertThat(labels).containsAllEntriesOf(labels(selector)));
    }

    /** Each file that the configuration names is mounted, from a Secret that somebody else has made; none is made here. */
    @ParameterizedTest
    @MethodSource("examples")
    void secretsAreFilesAndOnlyNamed(Path values) {
        Manifests manifests = Chart.rendered(values);
        JsonNode pod = pod(values);
        Set<String> mounts = elements(container(pod).path("volumeMounts"))
                .map(mount -> mount.path("mountPath").asText())
                .collect(Collectors.toSet());
        Set<String> volumes = elements(pod.path("volumes"))
                .map(volume -> volume.path("name").asText())
                .collect(Collectors.toSet());

        assertThat(manifests.ofKind("Secret")).isEmpty();
        assertThat(manifests.all().toString()).doesNotContain("secretKeyRef");
        assertThat(elements(container(pod).path("volumeMounts"))
                        .map(mount -> mount.path("name").asText()))
                .containsExactlyInAnyOrderElementsOf(volumes);
        assertThat(elements(container(pod).path("volumeMounts"))).noneMatch(mount -> mount.has("subPath"));
        assertThat(Chart.configuration(values).values())
                .filteredOn(value -> value.startsWith("/run/secrets/"))
                .filteredOn(value -> !value.equals("/run/secrets/dbt-cloud-relay"))
                .isNotEmpty()
                .allSatisfy(file ->
                        assertThat(mounts).contains(Path.of(file).getParent().toString()));
    }

    @Test
    void saslIsReadFromAFileByKafkaItself() {
        Map<String, String> configuration = Chart.configuration(Chart.example("secured"));

        assertThat(configuration)
                .containsEntry(
                        "kafka.sasl.jaas.config",
                        "\\${directory:/run/secrets/dbt-cloud-relay/kafka-sasl:sasl.jaas.config}")
                .containsEntry("kafka.security.protocol", "SASL_SSL")
                .containsEntry("quarkus.http.insecure-requests", "disabled");
        assertThat(container(pod(Chart.example("secured"))).path("env").toString())
                .contains("config-0/secret.properties,/etc/dbt-cloud-relay/relay.properties");
    }

    @Test
    void numbersStayNumbers() {
        assertThat(Chart.configuration(Chart.example("file-store")))
                .containsEntry("relay.artifacts.max-size", "5368709120")
                .containsEntry("relay.connections.default.account-id", "70403103916142");
    }

    @Test
    void replicasShareTheVolumeOfTheFileStore() {
        Manifests manifests = Chart.rendered(Chart.example("file-store"));

        assertThat(manifests.only("Deployment").path("spec").path("replicas").asInt())
                .isEqualTo(3);
        assertThat(texts(manifests.only("PersistentVolumeClaim").path("spec").path("accessModes")))
                .containsExactly("ReadWriteMany");
        assertThat(strategy("file-store")).isEqualTo("RollingUpdate");
        assertThat(strategy("mutual-tls")).as("one disk, one pod").isEqualTo("Recreate");
        assertThat(manifests.toString()).contains("relay-dbt-cloud-relay-artifacts");
    }

    @Test
    void webhooksHaveAWayInAndNothingElseHas() {
        Manifests manifests = Chart.rendered(Chart.example("webhooks"));
        JsonNode paths = manifests
                .only("Ingress")
                .path("spec")
                .path("rules")
                .path(0)
                .path("http")
                .path("paths");

        assertThat(paths).hasSize(1);
        assertThat(paths.path(0).path("path").asText()).isEqualTo("/webhooks/dbt-cloud/default");
        assertThat(paths.path(0).path("pathType").asText()).isEqualTo("Exact");
        assertThat(Document.at("docs/http.md").anchors().contains("post-webhooksdbt-cloudconnection"))
                .isTrue();
        assertThat(Chart.rendered(Chart.example("least")).ofKind("Ingress")).isEmpty();
    }

    @Test
    void theRelayKnowsTheAddressOfTheSubscriptionThatItMakes() throws IOException {
        Manifests manifests =
                Chart.rendered(values(Manifests.text(Chart.example("webhooks").toString())
                        .replace("webhookSecret: {name: dbt-cloud, key: webhook-secret}", "manageWebhook: true")));
        assertThat(manifests
                        .only("ConfigMap")
                        .path("data")
                        .path("relay.properties")
                        .asText())
                .contains("relay.connections.default.webhook.manage=true\n")
                .contains("relay.connections.default.webhook.url=https://relay.example.org\n")
                .doesNotContain("webhook-secret");
        assertThat(manifests.only("Ingress").findValuesAsText("path")).containsExactly("/webhooks/dbt-cloud/default");
    }

    @Test
    void monitorReadsMetricsFromTheManagementPort() {
        Manifests manifests = Chart.rendered(Chart.example("webhooks"));
        JsonNode monitor = manifests.only("ServiceMonitor").path("spec");
        Map<String, String> wanted = labels(monitor.path("selector").path("matchLabels"));

        assertThat(manifests.ofKind("Service"))
                .filteredOn(service -> labels(service.path("metadata").path("labels"))
                        .entrySet()
                        .containsAll(wanted.entrySet()))
                .singleElement()
                .satisfies(service -> assertThat(
                                service.path("spec").path("ports").path(0).path("name"))
                        .isEqualTo(monitor.path("endpoints").path(0).path("port")));
        assertThat(Document.at("docs/http.md").firstColumn("Management interface"))
                .contains(
                        "GET " + monitor.path("endpoints").path(0).path("path").asText());
        assertThat(manifests.only("PrometheusRule").path("spec").path("groups"))
                .isEqualTo(Manifests.at("deploy/prometheus/alerts.yaml")
                        .all()
                        .getFirst()
                        .path("groups"));
        assertThat(Chart.rendered(Chart.example("least")).ofKind("ServiceMonitor"))
                .isEmpty();
    }

    @Test
    void policyLetsOnlyOtherInstancesInUnlessTold() {
        JsonNode closed =
                Chart.rendered(Chart.example("least")).only("NetworkPolicy").path("spec");

        assertThat(closed.path("ingress")).singleElement().satisfies(rule -> {
            assertThat(rule.path("from"))
                    .singleElement()
                    .extracting(from -> from.path("podSelector"))
                    .isEqualTo(closed.path("podSelector"));
            assertThat(rule.path("ports"))
                    .singleElement()
                    .extracting(port -> port.path("port").asText())
                    .isEqualTo("api");
        });
        assertThat(texts(closed.path("policyTypes"))).containsExactly("Ingress", "Egress");
        assertThat(Chart.rendered(Chart.example("webhooks"))
                        .only("NetworkPolicy")
                        .path("spec")
                        .path("ingress"))
                .hasSize(3);
    }

    @Test
    void instancesSayWhereTheyCanBeReached() {
        assertThat(container(pod(Chart.example("least"))).path("env").toString())
                .contains("\"RELAY_API_ADVERTISED_URL\",\"value\":\"http://$(POD_IP):8080\"");
        assertThat(container(pod(Chart.example("secured"))).path("env").toString())
                .contains("\"RELAY_API_ADVERTISED_URL\",\"value\":\"https://$(POD_IP):8443\"");
        assertThat(Chart.configuration(Chart.example("secured")).get("quarkus.tls.instances.trust-store.pem.certs"))
                .as("the only certificate that they have in common is the one that they show")
                .isEqualTo(Chart.configuration(Chart.example("secured")).get("quarkus.tls.api.key-store.pem.0.cert"));
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                Arguments.of("kafka: {bootstrapServers: 'kafka:9092'}\n", "connections"),
                Arguments.of(
                        LEAST.replace("bootstrapServers: kafka:9092", "securityProtocol: SSL"), "bootstrapServers"),
                Arguments.of(LEAST + "replicas: 3\n", "replicas"),
                Arguments.of(LEAST + "image: {tag: latest}\n", "tag"),
                Arguments.of(LEAST + "image: {digest: 'sha256:abc'}\n", "digest"),
                Arguments.of(LEAST + "terminationGracePeriodSeconds: 10\n", "terminationGracePeriodSeconds"),
                Arguments.of(
                        LEAST + "replicaCount: 3\nfileStore: {enabled: true, accessModes: [ReadWriteOnce]}\n",
                        "ReadWriteMany"),
                Arguments.of(
                        LEAST.replace("bootstrapServers", "securityProtocol: SASL_SSL\n  bootstrapServers"),
                        "jaasSecret"),
                Arguments.of(LEAST + "config: {relay.api.keys.ops: 0123456789abcdef0123}\n", "secretConfig"),
                Arguments.of(LEAST + "config: {kafka.ssl.keystore.password: x}\n", "secretConfig"),
                Arguments.of(LEAST + "webhookIngress: {enabled: true, host: a, tlsSecretName: b}\n", "webhookSecret"),
                Arguments.of(
                        LEAST.replace("    tokenSecret:", "    manageWebhook: true\n    tokenSecret:"),
                        "connections.default.manageWebhook"),
                Arguments.of(LEAST.replace("tokenSecret: {name: dbt-cloud, key: token}", "token: abc"), "token"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("refused")
    void whatCannotWorkIsRefused(String values, String told) throws IOException {
        Path file = values(values);

        assertThatThrownBy(() -> Chart.rendered(file)).hasMessageContaining(told);
    }

    @ParameterizedTest
    @CsvSource({
        "least, dbt-cloud-relay:",
        "mutual-tls, dbt-cloud-relay@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    })
    void imageHasAVersionOrADigest(String example, String image) {
        assertThat(container(pod(Chart.example(example))).path("image").asText())
                .startsWith(image)
                .doesNotContain("latest")
                .matches(".+[:@][^:]+.*");
    }

    private static String strategy(String example) {
        return Chart.rendered(Chart.example(example))
                .only("Deployment")
                .path("spec")
                .path("strategy")
                .path("type")
                .asText();
    }

    private Path values(String text) throws IOException {
        return Files.writeString(Files.createTempFile(directory, "values", ".yaml"), text);
    }

    private static String checksum(Path values) {
        return Chart.rendered(values)
                .only("Deployment")
                .path("spec")
                .path("template")
                .path("metadata")
                .path("annotations")
                .path("checksum/config")
                .asText();
    }

    private static JsonNode pod(Path values) {
        return Chart.rendered(values)
                .only("Deployment")
                .path("spec")
                .path("template")
                .path("spec");
    }

    private static JsonNode container(JsonNode pod) {
        assertThat(pod.path("containers")).hasSize(1);
        return pod.path("containers").path(0);
    }

    private static Map<String, String> labels(JsonNode labels) {
        return labels.properties().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, label -> label.getValue().asText()));
    }

    private static Properties application() throws IOException {
        Properties properties = new Properties();
        try (var in = Files.newInputStream(Path.of("src/main/resources/application.properties"))) {
            properties.load(in);
        }
        return properties;
    }
}
