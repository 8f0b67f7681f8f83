import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads the relay's events and reacts once to each end of a run and to each artifact. It prints; put your own reaction
 * where it does. Needs kafka-clients and jackson-databind, and Java 17 or newer.
 */
public final class Consumer implements Runnable, AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> TOPICS = List.of("dbt.run.events", "dbt.artifact.events");

    private final KafkaConsumer<byte[], byte[]> kafka;
    private final Seen seen;
    private final PrintStream out;

    /** The settings are Kafka's own; what makes the events reliable is set here and cannot be changed by them. */
    public Consumer(Properties settings, Path seen, PrintStream out) {
        var all = new Properties();
        all.put("group.id", "orders-watcher");
        all.put("auto.offset.reset", "earliest");
        all.putAll(settings);
        // Kafka's default shows what was aborted, too.
        all.put("isolation.level", "read_committed");
        // The position is committed after the reaction, so that a crash repeats an event instead of losing it.
        all.put("enable.auto.commit", "false");
        this.kafka = new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        this.seen = new Seen(seen);
        this.out = out;
    }

    /** Arguments: the brokers, the file that remembers what was seen, and, if wanted, a file with settings of Kafka. */
    public static void main(String[] arguments) throws IOException {
        var settings = new Properties();
        if (arguments.length > 2) {
            try (InputStream file = Files.newInputStream(Path.of(arguments[2]))) {
                settings.load(file);
            }
        }
        settings.put("bootstrap.servers", arguments[0]);
        var consumer = new Consumer(settings, Path.of(arguments[1]), System.out);
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.close();
            try {
                main.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        consumer.run();
    }

    /** Reads until {@link #close()}. A fault ends it: started again, it goes on with the first event that had no reaction. */
    @Override
    public void run() {
        try (kafka) {
            kafka.subscribe(TOPICS);
            while (true) {
                for (ConsumerRecord<byte[], byte[]> record : kafka.poll(Duration.ofSeconds(1))) {
                    handle(record);
                }
                kafka.commitSync();
            }
        } catch (WakeupException e) {
            // That was close().
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends {@link #run()}; may be called from any thread. */
    @Override
    public void close() {
        kafka.wakeup();
    }

    private void handle(ConsumerRecord<byte[], byte[]> record) throws IOException {
        JsonNode value = JSON.readTree(record.value());
        // With relay.events.mode=structured the attributes stand in the value, and the data is a member of it.
        boolean structured = header(record, "content-type").startsWith("application/cloudevents+json");
        String id = structured ? value.path("id").asText() : header(record, "ce_id");
        JsonNode data = structured ? value.path("data") : value;

        String commandId = data.path("command_id").asText();
        long sequence = data.path("sequence").asLong();
        if (seen.isKnown(record.topic(), commandId, sequence)) {
            return;
        }
        react(id, data);
        seen.add(record.topic(), commandId, sequence);
    }

    private void react(String id, JsonNode data) {
        switch (data.path("type").asText()) {
            case "run.succeeded" ->
                out.printf(
                        "%s: %s succeeded in %s s, run %s%n",
                        id, text(data, "job_name"), text(data, "run_seconds"), text(data, "run_id"));
            case "run.failed", "run.failure_explained" -> {
                out.printf("%s: %s FAILED, %s%n", id, text(data, "job_name"), text(data, "run_url"));
                explain(data.path("failure"));
            }
            case "run.cancelled", "run.abandoned", "command.rejected" ->
                out.printf("%s: no success, %s %s%n", id, text(data, "reason"), text(data, "message"));
            case "command.completed" -> out.printf("%s: done, %s%n", id, text(data, "message"));
            case "artifact.ready" -> {
                out.printf("%s: %s at %s%n", id, text(data, "path"), text(data, "location"));
                // Only a stored run_results.json or sources.json has a summary.
                for (Map.Entry<String, JsonNode> nodes : data.path("summary").path("nodes").properties()) {
                    out.printf("    %s %s%n", nodes.getValue(), nodes.getKey());
                }
            }
            case "artifact.unavailable" -> out.printf("%s: no %s, %s%n", id, text(data, "path"), text(data, "reason"));
            default -> {
                // On the way (accepted, queued, starting, running), or of a later version: nothing to do.
            }
        }
    }

    /** Everything may be missing: dbt Cloud does not tell it of every failure, and some of it may come later. */
    private void explain(JsonNode failure) {
        JsonNode step = failure.path("step");
        if (step.isObject()) {
            out.printf("    step %s: %s%n", text(step, "index"), text(step, "name"));
        }
        for (JsonNode node : failure.path("nodes")) {
            out.printf("    %s (%s): %s%n", text(node, "unique_id"), text(node, "status"), text(node, "message"));
        }
        text(failure, "log_tail")
                .lines()
                .filter(line -> !line.isBlank())
                .forEach(line -> out.println("    | " + line));
    }

    private static String text(JsonNode data, String field) {
        JsonNode value = data.path(field);
        return value.isNull() ? "" : value.asText();
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    /**
     * The newest sequence that was reacted to, of each command and topic: within a topic a command's events come in order,
     * so what is not above it comes for the second time. A file, so that it outlives a crash. If the reaction is a row in a
     * database, write this into the same transaction instead; then not even a crash between the two repeats it.
     */
    private static final class Seen {

        private final Path file;
        private final Map<String, Long> newest = new HashMap<>();

        Seen(Path file) {
            this.file = file;
            try {
                for (String line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) {
                    int tab = line.lastIndexOf('\t');
                    newest.put(line.substring(0, tab), Long.valueOf(line.substring(tab + 1)));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        boolean isKnown(String topic, String commandId, long sequence) {
            Long known = newest.get(topic + '\t' + commandId);
            return known != null && sequence <= known;
        }

        void add(String topic, String commandId, long sequence) throws IOException {
            String key = topic + '\t' + commandId;
            newest.put(key, sequence);
            Files.writeString(
                    file, key + '\t' + sequence + '\n', StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
    }
}
