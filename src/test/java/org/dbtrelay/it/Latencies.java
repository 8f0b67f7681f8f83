package org.dbtrelay.it;

import static org.awaitility.Awaitility.await;
import static org.dbtrelay.it.Deployment.bytes;
import static org.dbtrelay.it.Deployment.trigger;
import static org.dbtrelay.it.RelayStage.PATIENCE;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.emulator.Endpoint;

/** How long a relay with nothing else to do needs from a record to the POST. */
final class Latencies {

    private Latencies() {}

    /**
     * Sends commands for jobs of their own, at first many, so that the relay's code is compiled, then one at a time. Their ids
     * are {@code idle-} and the job.
     *
     * @return of the single ones
     */
    static List<Duration> toPost(RelayStage stage, Deployment relay, long firstJob, int warmUp, int single) {
        long before = stage.dbtCloud().count(Endpoint.TRIGGER);
        List<Duration> latencies = new ArrayList<>();
        Random random = new Random(1);
        try (KafkaProducer<byte[], byte[]> producer = relay.clients()
                .newProducer(Map.of(ProducerConfig.ACKS_CONFIG, "all", ProducerConfig.LINGER_MS_CONFIG, 0))) {
            IntStream.range(0, warmUp).forEach(i -> send(producer, relay, firstJob + i));
            await().atMost(PATIENCE.multipliedBy(3))
                    .until(() -> stage.dbtCloud().count(Endpoint.TRIGGER) >= before + warmUp);
            for (int i = 0; i < warmUp; i++) {
                relay.reader().awaitEvent("run.queued", "idle-" + (firstJob + i), PATIENCE);
            }
            for (int i = warmUp; i < warmUp + single; i++) {
                await().pollDelay(Duration.ofMillis(50 + random.nextInt(200))).until(() -> true);
                long job = firstJob + i;
                Instant sent = stage.dbtCloud().clock().instant();
                send(producer, relay, job);
                relay.reader().awaitEvent("run.queued", "idle-" + job, PATIENCE);
                latencies.add(Duration.between(
                        sent, stage.dbtCloud().runsOfJob(job).getFirst().createdAt()));
            }
        }
        return latencies;
    }

    private static void send(KafkaProducer<byte[], byte[]> producer, Deployment relay, long job) {
        var _ = producer.send(new ProducerRecord<>(
                relay.topic("commands"), bytes(Long.toString(job)), bytes(trigger("idle-" + job, job))));
    }

    static String percentiles(List<Duration> durations) {
        return String.format(
                Locale.ROOT,
                "p50 %.0f ms, p99 %.0f ms, of %,d",
                millis(durations, 50),
                millis(durations, 99),
                durations.size());
    }

    static double millis(List<Duration> durations, int percent) {
        List<Duration> sorted = durations.stream().sorted().toList();
        return sorted.get(sorted.size() * percent / 100).toMillis();
    }
}
