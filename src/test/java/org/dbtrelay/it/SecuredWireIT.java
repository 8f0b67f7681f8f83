package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.dbtrelay.emulator.DbtCloudEmulator;
import org.dbtrelay.emulator.EmulatedJob;
import org.dbtrelay.emulator.PrivateCa;
import org.dbtrelay.emulator.RunPlan;
import org.dbtrelay.emulator.World;
import org.dbtrelay.lineage.event.RunIds;
import org.dbtrelay.testkit.Breakpoints;
import org.dbtrelay.testkit.EmbeddedKafka;
import org.dbtrelay.testkit.ReceivedEvent;
import org.dbtrelay.testkit.RelayProcess;
import org.dbtrelay.testkit.TokenEndpoint;
import org.dbtrelay.testkit.TopicReader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * TLS with a private authority on both sides, SCRAM or OAUTHBEARER, and exactly the access rights that {@code docs/operations.md} lists, all
 * of it by documented keys. With one of the rights missing, the log and readiness name it.
 */
class SecuredWireIT {

    private static final String NAME = "secured";
    private static final String USER = "relay";
    private static final String PASSWORD = "scram-password-nobody-may-see";
    private static final List<String> TOPICS =
            List.of("commands", "ledger", "run.events", "artifact.events", "commands.dlq");

    /** The list of {@code docs/operations.md}, and what the log says when one is missing. */
    enum Right {
        // DescribeConfigs does not come with Describe: without the other right, Kafka does not tell what is allowed at
        // all.
        READ_COMMANDS(
                ResourceType.TOPIC,
                NAME + ".commands",
                AclOperation.READ,
                "Read, DescribeConfigs topic 'secured.commands'"),
        DESCRIBE_CONFIGS_OF_COMMANDS(
                ResourceType.TOPIC,
                NAME + ".commands",
                AclOperation.DESCRIBE_CONFIGS,
                "DescribeConfigs topic 'secured.commands'"),
        READ_LEDGER(ResourceType.TOPIC, NAME + ".ledger", AclOperation.READ, "Read topic 'secured.ledger'"),
        WRITE_LEDGER(ResourceType.TOPIC, NAME + ".ledger", AclOperation.WRITE, "Write topic 'secured.ledger'"),
        DESCRIBE_CONFIGS_OF_LEDGER(
                ResourceType.TOPIC,
                NAME + ".ledger",
                AclOperation.DESCRIBE_CONFIGS,
                "DescribeConfigs topic 'secured.ledger'"),
        WRITE_RUN_EVENTS(
                ResourceType.TOPIC, NAME + ".run.events", AclOperation.WRITE, "Write topic 'secured.run.events'"),
        WRITE_ARTIFACT_EVENTS(
                ResourceType.TOPIC,
                NAME + ".artifact.events",
                AclOperation.WRITE,
                "Write topic 'secured.artifact.events'"),
        WRITE_DEAD_LETTERS(
                ResourceType.TOPIC,
                NAME + ".commands.dlq",
                AclOperation.WRITE,
                "Write, DescribeConfigs topic 'secured.commands.dlq'"),
        DESCRIBE_CONFIGS_OF_DEAD_LETTERS(
                ResourceType.TOPIC,
                NAME + ".commands.dlq",
                AclOperation.DESCRIBE_CONFIGS,
                "DescribeConfigs topic 'secured.commands.dlq'"),
        READ_GROUP(ResourceType.GROUP, NAME, AclOperation.READ, "Read consumer group 'secured'"),
        // The last one: it is missed only where a partition is claimed, when all others are there.
        WRITE_TRANSACTIONAL_IDS(
                ResourceType.TRANSACTIONAL_ID,
                NAME + ".ledger-",
                AclOperation.WRITE,
                "Write transactional id 'secured.ledger-");

        private final ResourceType type;
        private final String resource;
        private final AclOperation operation;
        private final String told;

        Right(ResourceType type, String resource, AclOperation operation, String told) {
            this.type = type;
            this.resource = resource;
            this.operation = operation;
            this.told = told;
        }

        private AclBinding binding() {
            return binding(type, resource, operation);
        }

        private static AclBinding binding(ResourceType type, String resource, AclOperation operation) {
            PatternType pattern = type == ResourceType.TRANSACTIONAL_ID ? PatternType.PREFIXED : PatternType.LITERAL;
            return new AclBinding(
                    new ResourcePattern(type, resource, pattern),
                    new AccessControlEntry("User:" + USER, "*", operation, AclPermissionType.ALLOW));
        }
    }

    /** What lineage needs in addition, by the same list, and what the log says when one is missing. */
    private record LineageRight(ResourceType type, String resource, AclOperation operation, String told) {

        private static final List<LineageRight> ALL = List.of(
                new LineageRight(
                        ResourceType.TOPIC, NAME + ".run.events", AclOperation.READ, "Read topic 'secured.run.events'"),
                new LineageRight(
                        ResourceType.TOPIC, NAME + ".lineage", AclOperation.WRITE, "Write topic 'secured.lineage'"),
                new LineageRight(
                        ResourceType.GROUP,
                        NAME + "-lineage",
                        AclOperation.READ,
                        "Read consumer group 'secured-lineage'"));

        private AclBinding binding() {
            return Right.binding(type, resource, operation);
        }
    }

    private static Path directory;
    private static Path secrets;
    private static PrivateCa ca;
    private static TokenEndpoint tokens;
    private static EmbeddedKafka kafka;
    private static DbtCloudEmulator dbtCloud;

    private Deployment relay;

    @BeforeAll
    static void start() throws IOException {
        RunPlan plan = RunPlan.unending().queued(Duration.ZERO).starting(Duration.ofMillis(300));
        World world = World.jaffleShop()
                .job(EmulatedJob.named("main job").plan(plan))
                .job(EmulatedJob.named("by token").plan(plan))
                .job(EmulatedJob.named("short")
                        .plan(RunPlan.succeeding().taking(Duration.ZERO, Duration.ZERO, Duration.ofSeconds(1))));
        directory = RelayStage.newDirectory(SecuredWireIT.class);
        secrets = Files.createDirectories(directory.resolve("secrets"));
        Files.writeString(
                secrets.resolve("sasl.jaas.config"),
                "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"%s\" password=\"%s\";"
                        .formatted(USER, PASSWORD));
        ca = PrivateCa.in(directory.resolve("ca"));
        tokens = TokenEndpoint.in(directory, "relay-client", PASSWORD, USER);
        kafka = EmbeddedKafka.temporaryIn(directory)
                .secured(ca, USER, PASSWORD)
                .trusting(tokens)
                .start();
        dbtCloud = DbtCloudEmulator.builder().world(world).tls(ca).start();
        kafka.createTopics(
                2,
                TOPICS.stream()
                        .map(it -> NAME + "." + it)
                        .filter(it -> !it.endsWith("ledger"))
                        .toArray(String[]::new));
        kafka.createTopics(2, NAME + ".lineage");
        kafka.createTopic(NAME + ".ledger", 2, Map.of("cleanup.policy", "compact"));
    }

    @AfterAll
    static void end() {
        dbtCloud.close();
        kafka.close();
        tokens.close();
    }

    @AfterEach
    void endRelay() {
        relay.close();
    }

    @Test
    void mainJobWithTheRightsOfTheDocumentsAndNoOthers() {
        allow(List.of(Right.values()));
        relay = deployment();
        var commands = new OneRunEach(dbtCloud, relay, List.of("main job"));
        relay.start();
        commands.send("main job", 0);
        commands.awaitRunning(List.of("main job"));
        commands.finish(List.of("main job"));
        commands.assertSucceeded(List.of("main job"));
        relay.send("0", "no command");
        relay.reader().awaitFor(event -> event.header("dlq-reason") != null, PATIENCE);
        assertThat(relay.relay().lines()).noneMatch(line -> line.contains(PASSWORD) || line.contains(dbtCloud.token()));
        assertThat(relay.relay().lines()).noneMatch(line -> line.contains("uthorization"));
    }

    /** A process for all of them: each is missing alone, is named, and is named no longer when it is there. */
    @Test
    void eachMissingRightIsNamed() {
        List<Right> missing = List.of(Right.values());
        allowAllBut(missing.getFirst());
        relay = deployment();
        RelayProcess process = relay.launch();
        for (int i = 0; i < missing.size(); i++) {
            String told = "Kafka does not let the relay's user " + missing.get(i).told;
            process.process().awaitLine(Pattern.compile(Pattern.quote(told)), PATIENCE);
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(readiness(process)).contains(told));
            assertThat(process.isReady()).isFalse();

            // Mending it is enough.
            if (i + 1 < missing.size()) {
                allowAllBut(missing.get(i + 1));
                await().atMost(PATIENCE)
                        .untilAsserted(() -> assertThat(readiness(process)).doesNotContain(told));
            } else {
                allow(missing);
            }
        }
        process.awaitReady(PATIENCE);
    }

    /** Lineage has no rights but those of the documents; a missing one is named, holds up nothing else, and is missed until it is there. */
    @Test
    void lineageWithTheRightsOfTheDocumentsAndWithEachOfThemMissing() {
        List<LineageRight> all = LineageRight.ALL;
        allowWithLineage(all);
        relay = deployment().set("relay.openlineage.enabled", "true").set("relay.openlineage.topic", NAME + ".lineage");
        relay.start();
        try (TopicReader lineage = TopicReader.of(kafka.bootstrapServers(), NAME + ".lineage")) {
            awaitLineage(lineage, sendShort("with all rights"));
            assertThat(relay.relay().lines()).noneMatch(line -> line.contains("Lineage "));

            for (LineageRight missing : all) {
                allowWithLineage(
                        all.stream().filter(right -> !right.equals(missing)).toList());
                Pattern told = Pattern.compile(
                        "Lineage .*" + Pattern.quote("Kafka does not let the relay's user " + missing.told));
                // Some rights are missed only when there is something to tell.
                await().atMost(PATIENCE).until(() -> {
                    sendShort(missing.resource + "/" + UUID.randomUUID());
                    return !relay.relay().process().lines(told).isEmpty();
                });
                long run = sendShort("without " + missing.resource);
                assertThat(relay.relay().isReady())
                        .as("lineage is no part of readiness")
                        .isTrue();

                allowWithLineage(all);
                awaitLineage(lineage, run);
            }
        }
        assertThat(relay.relay().lines()).noneMatch(line -> line.contains(PASSWORD));
    }

    /** Its run has ended, and the relay has told so. */
    private long sendShort(String id) {
        long job = dbtCloud.world().jobNamed("short").id();
        relay.sendTo(0, Deployment.trigger(id, job));
        return relay.reader().awaitEvent("run.succeeded", id, PATIENCE).runId().orElseThrow();
    }

    private static boolean isOfRun(ReceivedEvent event, long run) {
        return event.value()
                .path("run")
                .path("runId")
                .asText()
                .equals(new RunIds(URI.create(dbtCloud.baseUrl()).getAuthority(), dbtCloud.accountId(), run)
                        .ofRun()
                        .toString());
    }

    private static void awaitLineage(TopicReader lineage, long run) {
        lineage.awaitFor(
                event -> isOfRun(event, run)
                        && event.value().path("eventType").asText().equals("COMPLETE"),
                PATIENCE);
    }

    /** By the documented keys alone, with what is in the package: the endpoint's address is said once. */
    @Test
    void mainJobWithTokensOfAnEndpoint() {
        allow(List.of(Right.values()));
        relay = deployment()
                .set("kafka.sasl.mechanism", "OAUTHBEARER")
                .set(
                        "kafka.sasl.login.callback.handler.class",
                        "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler")
                .set("kafka.sasl.oauthbearer.token.endpoint.url", tokens.url())
                .set(
                        "kafka.sasl.jaas.config",
                        "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required "
                                + "clientId=\"relay-client\" clientSecret=\"%s\";".formatted(PASSWORD));
        // A jar beside the package changes nothing of this.
        relay.builder().extraJar(ConfigFaultsIT.iamJar());
        var commands = new OneRunEach(dbtCloud, relay, List.of("by token"));
        relay.start();
        commands.send("by token", 0);
        commands.awaitRunning(List.of("by token"));
        commands.finish(List.of("by token"));
        commands.assertSucceeded(List.of("by token"));
        assertThat(tokens.given()).isPositive();
        assertThat(relay.relay().lines()).noneMatch(line -> line.contains(PASSWORD));
    }

    /** The relay knows before a misplaced command comes whether it can pass it on, or learns it from the brokers' answer. */
    @Test
    void withoutWriteOnTheCommandsTopicWhatIsMisplacedIsPutAsideAndTheRestIsServed() throws Exception {
        allow(List.of(Right.values()));
        relay = deployment();
        relay.start();
        relay.relay()
                .process()
                .awaitLine(Pattern.compile("does not let the relay's user Write the commands"), PATIENCE);
        assertThat(misplaced("first").header("dlq-message")).contains("murmur2_random", "Write");
        relay.close();

        AclBinding write = new AclBinding(
                new ResourcePattern(ResourceType.TOPIC, NAME + ".commands", PatternType.LITERAL),
                new AccessControlEntry("User:" + USER, "*", AclOperation.WRITE, AclPermissionType.ALLOW));
        try (Admin admin = kafka.admin()) {
            admin.createAcls(List.of(write)).all().get();
            relay = deployment();
            relay.start();
            sendMisplaced("second");
            relay.reader().awaitEvent("command.completed", "second", PATIENCE);
            admin.deleteAcls(List.of(write.toFilter())).all().get();
        }
        assertThat(misplaced("third").header("dlq-message")).contains("Write");
        assertThat(relay.relay().lines())
                .as("only the brokers' answer told that the right had gone")
                .anyMatch(line -> line.contains("topic 'secured.commands' does not take a record"));
        relay.sendTo(0, dryRun("last"));
        relay.reader().awaitEvent("command.completed", "last", PATIENCE);
    }

    /**
     * A right that goes just when SmallRye reads the committed offset of a new partition ends its channel for good: nothing but a
     * restart helps.
     */
    @Test
    void aCommandsChannelThatEndsForGoodEndsTheProcess() throws Exception {
        String received = "io.smallrye.reactive.messaging.kafka.commit.KafkaThrottledLatestProcessedCommit.received";
        Breakpoints breakpoints = Breakpoints.in(directory.resolve("breakpoints"), received);
        allow(List.of(Right.values()));
        relay = deployment().set("relay.health.exit-after", "3s");
        breakpoints.setIn(relay.builder());
        // With the first record of a partition SmallRye asks for its committed offset.
        Breakpoints.Hold hold = breakpoints.atEntryOf(received);
        RelayProcess process = relay.launch();
        relay.sendTo(0, dryRun("before"));
        hold.await(process, PATIENCE);
        allowAllBut(Right.READ_GROUP);
        hold.release();

        process.process().awaitLine(Pattern.compile("was not alive for too long"), PATIENCE);
        await().atMost(PATIENCE).until(() -> process.exitCode().isPresent());
        assertThat(process.exitCode()).hasValue(1);
        assertThat(process.process().lines(Pattern.compile("was not alive for too long")))
                .singleElement()
                .asString()
                .contains("SmallRye Reactive Messaging - liveness check");

        allow(List.of(Right.values()));
        relay.start();
        relay.reader().awaitEvent("command.completed", "before", PATIENCE);
    }

    private ReceivedEvent misplaced(String id) {
        sendMisplaced(id);
        ReceivedEvent letter = relay.reader()
                .awaitFor(
                        event -> event.header("dlq-reason") != null
                                && event.text().contains(id),
                        PATIENCE);
        assertThat(letter.header("dlq-reason")).isEqualTo("misplaced");
        return letter;
    }

    private void sendMisplaced(String id) {
        String topic = relay.topic("commands");
        relay.send(new ProducerRecord<>(topic, 1, relay.clients().keyOf(topic, 0), Deployment.bytes(dryRun(id))));
    }

    private static String dryRun(String id) {
        return "{\"command\": \"trigger\", \"command_id\": \"%s\", \"job_id\": %d, \"dry_run\": true}"
                .formatted(id, dbtCloud.world().jobNamed("main job").id());
    }

    private static Deployment deployment() {
        Deployment relay = Deployment.of(
                NAME, directory, kafka.bootstrapServers(), dbtCloud.baseUrl(), dbtCloud.accountId(), dbtCloud.token());
        return relay.set("kafka.bootstrap.servers", kafka.secureBootstrapServers())
                .set("kafka.security.protocol", "SASL_SSL")
                .set("kafka.ssl.truststore.location", ca.certificate().toString())
                .set("kafka.ssl.truststore.type", "PEM")
                .set("kafka.sasl.mechanism", "SCRAM-SHA-512")
                .set("kafka.config.providers", "directory")
                .set(
                        "kafka.config.providers.directory.class",
                        "org.apache.kafka.common.config.provider.DirectoryConfigProvider")
                .set("kafka.config.providers.directory.param.allowed.paths", secrets.toString())
                .set("kafka.sasl.jaas.config", "\\${directory:%s:sasl.jaas.config}".formatted(secrets))
                // The instance of the test before was killed, and its session holds the partition.
                .set("mp.messaging.incoming.commands.session.timeout.ms", "6000")
                .set("relay.topics.create", "false")
                .set("relay.connections.default.trust-store", ca.certificate().toString());
    }

    private static String readiness(RelayProcess process) throws IOException {
        return process.get(process.managementUrl().resolve("/q/health/ready")).body();
    }

    private static void allowAllBut(Right missing) {
        allow(Stream.of(Right.values()).filter(right -> right != missing).toList());
    }

    /**
     * These rights, and no others. The others go first: there is no moment at which the relay has both, and none at which it misses
     * a right that it had before and has afterwards.
     */
    private static void allow(List<Right> rights) {
        allow(rights.stream().map(Right::binding));
    }

    private static void allowWithLineage(List<LineageRight> rights) {
        allow(Stream.concat(
                Stream.of(Right.values()).map(Right::binding), rights.stream().map(LineageRight::binding)));
    }

    private static void allow(Stream<AclBinding> rights) {
        try (Admin admin = kafka.admin()) {
            List<AclBinding> wanted = Stream.concat(
                            rights,
                            // Without these the relay is ready all the same.
                            Stream.of(AclOperation.READ, AclOperation.WRITE)
                                    .map(it -> Right.binding(ResourceType.TOPIC, NAME + ".control", it)))
                    .toList();
            List<AclBindingFilter> others = admin.describeAcls(AclBindingFilter.ANY).values().get().stream()
                    .filter(binding -> !wanted.contains(binding))
                    .map(AclBinding::toFilter)
                    .toList();
            admin.deleteAcls(others).all().get();
            admin.createAcls(wanted).all().get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("The ACLs could not be set", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while setting ACLs", e);
        }
    }
}
