package org.dbtrelay.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.awaitility.Awaitility;

/**
 * A consumer of one's own, as {@code docs/comparison.md} has it: it polls records, starts a run for each, reads the run once,
 * and commits the offsets. It loses and repeats as such a consumer does.
 */
final class PlainConsumer implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long FIRST_ACCOUNT = 71_000_000_000_001L;

    private final String baseUrl;
    private final String token;
    private final ExecutorService threads;
    private final HttpClient http = HttpClient.newHttpClient();
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final AtomicInteger done = new AtomicInteger();
    private final Thread loop;

    private PlainConsumer(Deployment topics, String baseUrl, String token, int threads) {
        this.baseUrl = baseUrl;
        this.token = token;
        this.threads = Executors.newFixedThreadPool(threads);
        this.consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        topics.clients().bootstrapServers(),
                        "group.id",
                        topics.name(),
                        "enable.auto.commit",
                        false,
                        "auto.offset.reset",
                        "earliest"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        consumer.subscribe(List.of(topics.topic("commands")));
        this.loop = new Thread(this::work, "plain-consumer");
    }

    static PlainConsumer start(Deployment topics, String baseUrl, String token, int threads) {
        PlainConsumer started = new PlainConsumer(topics, baseUrl, token, threads);
        started.loop.start();
        return started;
    }

    /** Waits until it has dealt with so many records. */
    void await(int records, Duration atMost) {
        Awaitility.await().atMost(atMost).pollInterval(Duration.ofMillis(10)).until(() -> done.get() >= records);
    }

    private void work() {
        try {
            while (true) {
                List<Future<?>> calls = new ArrayList<>();
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    calls.add(threads.submit(() -> {
                        run(JSON.readTree(record.value()));
                        return null;
                    }));
                }
                for (Future<?> call : calls) {
                    call.get();
                }
                consumer.commitSync();
                done.addAndGet(calls.size());
            }
        } catch (WakeupException e) {
            consumer.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private void run(JsonNode command) throws Exception {
        long account = FIRST_ACCOUNT
                + Long.parseLong(command.path("connection").asText().substring(1));
        JsonNode run = send(
                "/api/v2/accounts/%d/jobs/%d/run/"
                        .formatted(account, command.path("job_id").asLong()),
                "{\"cause\": \"plain\"}");
        send("/api/v2/accounts/%d/runs/%d/".formatted(account, run.path("id").asLong()), null);
    }

    private JsonNode send(String path, String body) throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(baseUrl + path)).header("Authorization", "Token " + token);
        if (body != null) {
            request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body));
        }
        var answer = http.send(request.build(), BodyHandlers.ofByteArray());
        assertThat(answer.statusCode()).isEqualTo(200);
        return JSON.readTree(answer.body()).path("data");
    }

    @Override
    public void close() throws InterruptedException {
        consumer.wakeup();
        loop.join();
        threads.close();
        http.close();
    }
}
