package org.dbtrelay.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.testkit.ChildProcess;
import org.dbtrelay.testkit.EmbeddedKafka;
import org.dbtrelay.testkit.NodeClients;
import org.dbtrelay.testkit.Schemas;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The consumers of the tutorial: what they name is there, and they do what the tutorial says; the one in Node where there is
 * a Node to run it.
 */
class TutorialTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String GROUP = "orders-watcher-node";
    private static final List<String> EVENTS = List.of("run-event", "artifact-event");
    private static final Pattern JAVA_FIELD = Pattern.compile("(?:path|text)\\((?:\\w+, )?\"(\\w+)\"\\)");
    private static final Pattern NODE_FIELD = Pattern.compile("(?:data|failure|node|step|summary)\\??\\.([a-z_]+)");
    private static final Pattern TYPE = Pattern.compile("[\"']((?:run|command|artifact)\\.[a-z_]+)[\"']");
    private static final Pattern TOPIC = Pattern.compile("[\"'](dbt\\.[a-z.]+)[\"']");
    private static final Pattern HEADER = Pattern.compile("[\"'](ce_\\w+)[\"']");
    private static final Pattern RELAY_KEY = Pattern.compile("relay\\.[a-z.-]+[a-z]");

    /** Attributes of a CloudEvent in structured mode, and the places where the data stands. */
    private static final Set<String> ENVELOPE = Set.of("id", "data");

    @ParameterizedTest
    @ValueSource(strings = {"Consumer.java", "consumer.mjs", "package.json"})
    void tutorialLinksItsFiles(String file) {
        assertThat(Document.at("docs/tutorial.md").links()).contains("examples/" + file);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Consumer.java", "consumer.mjs"})
    void consumersNameOnlyWhatThereIs(String file) throws IOException {
        String source = example(file);
        Set<String> types =
                Stream.of(EventType.values()).map(EventType::wireName).collect(Collectors.toSet());
        Document events = Document.at("docs/events.md");
        Document configuration = Document.at("docs/configuration.md");

        assertThat(found(TYPE, source))
                .contains("run.succeeded", "run.failed", "artifact.ready")
                .isSubsetOf(types);
        assertThat(found(file.endsWith(".java") ? JAVA_FIELD : NODE_FIELD, source))
                .contains("command_id", "sequence", "failure", "log_tail", "location")
                .isSubsetOf(fields());
        assertThat(found(TOPIC, source))
                .hasSize(2)
                .allSatisfy(topic -> assertThat(configuration.find(Pattern.compile("`" + Pattern.quote(topic) + "`")))
                        .isNotEmpty());
        assertThat(events.firstColumn("Headers")).containsAll(found(HEADER, source));
        assertThat(found(RELAY_KEY, source))
                .isNotEmpty()
                .allSatisfy(key -> assertThat(configuration.row(key)).isNotEmpty());
    }

    /** A range would make it another program than the one that was tried; a lock file names a registry. */
    @Test
    void nodeConsumerNamesOneVersionAndNoRegistry() throws IOException {
        JsonNode manifest = JSON.readTree(example("package.json"));

        assertThat(manifest.path("dependencies"))
                .hasSize(1)
                .allSatisfy(version -> assertThat(version.asText()).matches("\\d+\\.\\d+\\.\\d+"));
        String client = manifest.path("dependencies").fieldNames().next();
        assertThat(example("consumer.mjs")).contains("require('" + client + "')");
        assertThat(JSON.readTree(Files.readString(Path.of("src/test/clients/package.json")))
                        .path("dependencies")
                        .path(client))
                .as("the version that the tests run")
                .isEqualTo(manifest.path("dependencies").path(client));
        assertThat(Files.readString(Path.of("docs/tutorial.md")))
                .contains(client + " "
                        + manifest.path("dependencies").path(client).asText());
        assertThat(example(".gitignore").lines()).contains("node_modules/", "package-lock.json");
    }

    /** Exactly once: what was aborted is not shown, nor is what comes again, whatever became of the group's position. */
    @Test
    void javaConsumerReactsOnceToEachEvent(@TempDir Path directory) throws Exception {
        try (var kafka = EmbeddedKafka.temporary().start();
                var loader = new URLClassLoader(
                        new URL[] {compiled(directory)}, getClass().getClassLoader())) {
            kafka.createTopics(1, "dbt.run.events", "dbt.artifact.events");
            ObjectNode failed = sample("run.failed", "broken", 4);
            String log = failed.path("failure")
                    .path("log_tail")
                    .asText()
                    .lines()
                    .findFirst()
                    .orElseThrow();
            ObjectNode ready = sample("artifact.ready", "broken", 5);
            inTransaction(kafka, false, "dbt.run.events", sample("run.succeeded", "aborted", 3));
            inTransaction(kafka, true, "dbt.run.events", sample("run.succeeded", "orders", 3));
            inTransaction(kafka, true, "dbt.run.events", sample("run.running", "broken", 3), failed, failed);
            inTransaction(kafka, true, "dbt.artifact.events", ready);

            var consumers =
                    loader.loadClass("Consumer").getConstructor(Properties.class, Path.class, PrintStream.class);
            String first = run(consumers, kafka, "one", directory, "broken/5: ");
            assertThat(first)
                    .containsOnlyOnce("orders/3: ")
                    .containsOnlyOnce("broken/4: ")
                    .containsOnlyOnce("broken/5: ")
                    .contains("    | " + log, ready.path("location").asText())
                    .doesNotContain("aborted", "broken/3");

            // Another group begins at the beginning again: as after a crash before the commit, only worse.
            inTransaction(kafka, true, "dbt.artifact.events", sample("artifact.ready", "broken", 6));
            String second = run(consumers, kafka, "two", directory, "broken/6: ");
            assertThat(second).containsOnlyOnce("broken/6: ").doesNotContain("/3: ", "/4: ", "/5: ");
        }
    }

    /** As the one in Java; and aborted transactions in all the orders in which instances can leave them. */
    @Test
    void nodeConsumerReactsOnceToEachEvent(@TempDir Path directory) throws Exception {
        NodeClients node = NodeClients.orSkip();
        Path seen = directory.resolve("seen.tsv");
        try (var kafka = EmbeddedKafka.temporary().start()) {
            kafka.createTopics(1, "dbt.run.events", "dbt.artifact.events");
            Sent sent = abortAndCommit(kafka);
            // The coordinator of a broker's first group has to load, on a busy machine for longer than kafkajs waits.
            kafka.admin()
                    .listConsumerGroupOffsets(GROUP)
                    .partitionsToOffsetAndMetadata()
                    .get();
            String first = node(node, kafka, seen, "last/3: ");
            assertThat(first.lines().filter(line -> line.matches("[\\w-]+/3: .*")))
                    .extracting(line -> line.substring(0, line.indexOf('/')))
                    .containsExactlyElementsOf(sent.kept());

            // From the midst of what two producers have aborted: as after a crash, only worse.
            kafka.admin()
                    .alterConsumerGroupOffsets(
                            GROUP, Map.of(new TopicPartition("dbt.run.events", 0), new OffsetAndMetadata(sent.midst())))
                    .all()
                    .get();
            inTransaction(kafka, true, "dbt.run.events", sample("run.succeeded", "after", 3));
            assertThat(node(node, kafka, seen, "after/3: "))
                    .contains("after/3: ")
                    .doesNotContain("lost", "kept", "last");
        }
    }

    @Test
    void librdkafkaLeavesAbortedTransactionsOut(@TempDir Path directory) throws Exception {
        try (var kafka = EmbeddedKafka.temporary().start()) {
            kafka.createTopics(1, "dbt.run.events");
            Sent sent = abortAndCommit(kafka);
            List<String> command = List.of(
                    "kcat", "-C", "-e", "-q", "-b", kafka.bootstrapServers(), "-t", "dbt.run.events", "-f", "%k\n");
            try (ChildProcess kcat = ChildProcess.start("kcat", command, Map.of(), directory.resolve("kcat.log"))) {
                assertThat(kcat.awaitExit(LIMIT)).isZero();
                assertThat(kcat.lines()).containsExactlyElementsOf(sent.kept());
            } catch (UncheckedIOException e) {
                abort("There is no kcat here: " + e.getMessage());
            }
        }
    }

    private static String node(NodeClients clients, EmbeddedKafka kafka, Path seen, String last) {
        try (ChildProcess consumer =
                clients.startCopyOf(Path.of("docs/examples/consumer.mjs"), kafka.bootstrapServers(), seen.toString())) {
            consumer.awaitLine(Pattern.compile(Pattern.quote(last)), LIMIT);
            assertThat(consumer.stop(LIMIT)).isZero();
            return String.join("\n", consumer.lines());
        }
    }

    private static String run(
            java.lang.reflect.Constructor<?> constructor,
            EmbeddedKafka kafka,
            String group,
            Path directory,
            String last)
            throws Exception {
        var settings = new Properties();
        settings.put("bootstrap.servers", kafka.bootstrapServers());
        settings.put("group.id", group);
        settings.put("isolation.level", "read_uncommitted");
        var printed = new ByteArrayOutputStream();
        var out = new PrintStream(printed, true, StandardCharsets.UTF_8);
        Object consumer = constructor.newInstance(settings, directory.resolve("seen.tsv"), out);
        Thread thread = Thread.ofPlatform().start((Runnable) consumer);
        try {
            await().atMost(LIMIT)
                    .until(() -> printed.toString(StandardCharsets.UTF_8).contains(last));
        } finally {
            ((AutoCloseable) consumer).close();
            thread.join(LIMIT);
        }
        assertThat(thread.isAlive()).isFalse();
        return printed.toString(StandardCharsets.UTF_8);
    }

    /** Compiled with nothing but what the tutorial puts on its class path, for the Java that it names. */
    private static URL compiled(Path directory) throws IOException, URISyntaxException {
        var jars = new ArrayList<String>();
        for (Class<?> of : List.of(KafkaConsumer.class, ObjectMapper.class, JsonFactory.class, JsonProperty.class)) {
            jars.add(Path.of(of.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString());
        }
        var messages = new ByteArrayOutputStream();
        int status = ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        messages,
                        messages,
                        "--release",
                        "17",
                        "-proc:none",
                        "-Xlint:all,-options",
                        "-Werror",
                        "-d",
                        directory.toString(),
                        "--class-path",
                        String.join(java.io.File.pathSeparator, jars),
                        "docs/examples/Consumer.java");
        assertThat(status).as(messages.toString(StandardCharsets.UTF_8)).isZero();
        return directory.toUri().toURL();
    }

    /**
     * What has been sent.
     *
     * @param kept whose events were committed
     * @param midst an offset between the events of two transactions that were aborted
     */
    private record Sent(List<String> kept, long midst) {}

    /** One producer whose transactions are aborted and committed in turn, and two whose transactions overlap in each way. */
    private static Sent abortAndCommit(EmbeddedKafka kafka) throws Exception {
        var kept = new ArrayList<String>();
        for (int i = 0; i < 5; i++) {
            inTransaction(kafka, false, "dbt.run.events", sample("run.succeeded", "lost-" + i, 3));
            inTransaction(kafka, true, "dbt.run.events", sample("run.succeeded", "kept-" + i, 3));
            kept.add("kept-" + i);
        }
        for (boolean firstEndsFirst : List.of(true, false)) {
            for (boolean commit : List.of(true, false)) {
                String name = (commit ? "kept-" : "lost-") + firstEndsFirst;
                overlapping(kafka, name, commit, firstEndsFirst);
                if (commit) {
                    kept.addAll(List.of(name + "-a", name + "-c"));
                }
            }
        }
        long midst = overlapping(kafka, "lost-midst", false, false);
        inTransaction(kafka, true, "dbt.run.events", sample("run.succeeded", "last", 3));
        kept.add("last");
        return new Sent(kept, midst);
    }

    /** The transactions of two producers; the second one's is aborted. Gives the offset between their events. */
    private static long overlapping(EmbeddedKafka kafka, String name, boolean commitFirst, boolean firstEndsFirst)
            throws Exception {
        try (var first = kafka.newProducer(Map.of("transactional.id", "first"));
                var second = kafka.newProducer(Map.of("transactional.id", "second"))) {
            for (var producer : List.of(first, second)) {
                producer.initTransactions();
                producer.beginTransaction();
            }
            send(first, "dbt.run.events", sample("run.succeeded", name + "-a", 3));
            send(second, "dbt.run.events", sample("run.succeeded", "lost-beside-" + name, 3));
            long midst = send(first, "dbt.run.events", sample("run.succeeded", name + "-c", 3));
            send(second, "dbt.run.events", sample("run.succeeded", "lost-behind-" + name, 3));
            if (!firstEndsFirst) {
                second.abortTransaction();
            }
            if (commitFirst) {
                first.commitTransaction();
            } else {
                first.abortTransaction();
            }
            if (firstEndsFirst) {
                second.abortTransaction();
            }
            return midst;
        }
    }

    private static void inTransaction(EmbeddedKafka kafka, boolean commit, String topic, ObjectNode... events)
            throws Exception {
        try (var producer = kafka.newProducer(Map.of("transactional.id", "relay"))) {
            producer.initTransactions();
            producer.beginTransaction();
            for (ObjectNode event : events) {
                send(producer, topic, event);
            }
            if (commit) {
                producer.commitTransaction();
            } else {
                producer.abortTransaction();
            }
        }
    }

    private static long send(KafkaProducer<byte[], byte[]> producer, String topic, ObjectNode event) throws Exception {
        String command = event.path("command_id").asText();
        var record =
                new ProducerRecord<>(topic, command.getBytes(StandardCharsets.UTF_8), JSON.writeValueAsBytes(event));
        String id = command + "/" + event.path("sequence").asLong();
        record.headers().add("ce_id", id.getBytes(StandardCharsets.UTF_8));
        record.headers().add("content-type", "application/json".getBytes(StandardCharsets.UTF_8));
        return producer.send(record).get().offset();
    }

    /** An example of the schema, made an event of this command. */
    private static ObjectNode sample(String type, String commandId, long sequence) {
        for (String schema : EVENTS) {
            for (JsonNode example :
                    Schemas.document(schema).path("$defs").path(type).path("examples")) {
                // One with all that can be told.
                if (example.path("reason").isNull() || example.path("reason").isMissingNode()) {
                    return example.<ObjectNode>deepCopy()
                            .put("command_id", commandId)
                            .put("sequence", sequence);
                }
            }
        }
        throw new AssertionError("No schema has an example of " + type);
    }

    /** The names of all properties of events, however deep. */
    private static Set<String> fields() {
        var names = new TreeSet<>(ENVELOPE);
        EVENTS.forEach(schema -> addFields(Schemas.document(schema), names));
        return names;
    }

    private static void addFields(JsonNode schema, Set<String> names) {
        schema.path("properties").fieldNames().forEachRemaining(names::add);
        schema.forEach(part -> addFields(part, names));
    }

    private static Set<String> found(Pattern pattern, String text) {
        return pattern.matcher(text)
                .results()
                .map(found -> found.group(found.groupCount()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String example(String file) throws IOException {
        return Files.readString(Path.of("docs/examples", file));
    }
}
