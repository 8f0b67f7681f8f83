package org.dbtrelay.webhook;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Provider;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.ledger.kafka.KafkaSettings;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * The small topic over which instances tell each other to poll a run. Every instance reads all of it, from its end at the instance's
 * start, and belongs to no group. The next poll makes up for a lost hint, so nothing is retried and nothing waits. No client is opened
 * if no connection has a webhook secret. It is no SmallRye channel: a channel opens in any case, and reports a missing topic or
 * right again and again, as a failure of the channel.
 */
@Singleton
class HintTopic {

    private static final RelayLog LOG = RelayLog.of(HintTopic.class);
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration AGAIN = Duration.ofSeconds(5);

    private final KafkaSettings kafka;
    private final String topic;
    private final boolean wanted;
    private final Provider<Hints> hints;
    private final ReentrantLock lock = new ReentrantLock();
    private final CountDownLatch stopping = new CountDownLatch(1);
    private @Nullable Producer<byte[], byte[]> producer;
    private volatile @Nullable Consumer<byte[], byte[]> consumer;
    private boolean complained;

    HintTopic(KafkaSettings kafka, RelayConfig config, Provider<Hints> hints) {
        this.kafka = kafka;
        this.topic = config.topics().hints();
        this.wanted = kafka.passesHintsOn();
        this.hints = hints;
    }

    void onStart(@Observes StartupEvent event) {
        if (wanted) {
            Thread.ofVirtual().name("hints").start(this::read);
        }
    }

    void onStop(@Observes ShutdownEvent event) {
        stopping.countDown();
        @Nullable Consumer<byte[], byte[]> reader = consumer;
        if (reader != null) {
            reader.wakeup();
        }
        lock.lock();
        try {
            if (producer != null) {
                producer.close(Duration.ZERO);
                producer = null;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Tells all instances; blocks for a second at most, and does not wait for the brokers. */
    void send(Hint hint) {
        try {
            @Nullable Producer<byte[], byte[]> sender = sender();
            if (sender == null) {
                return;
            }
            // Without the lock: during an outage each send waits, and many would wait for each other.
            var _ = sender.send(new ProducerRecord<>(topic, hint.bytes()), (metadata, failure) -> {
                if (failure != null) {
                    LOG.debug("A hint was not passed on; polling finds out", pair(LogKey.REASON, failure));
                }
            });
        } catch (KafkaException | IllegalStateException e) {
            // IllegalStateException: the producer was closed meanwhile.
            LOG.debug("A hint was not passed on; polling finds out", pair(LogKey.REASON, e));
        }
    }

    /** Made at the first hint; null: the relay stops. */
    private @Nullable Producer<byte[], byte[]> sender() {
        lock.lock();
        try {
            if (stopping.getCount() == 0) {
                return null;
            }
            if (producer == null) {
                producer = kafka.hintProducer();
            }
            return producer;
        } finally {
            lock.unlock();
        }
    }

    private void read() {
        try {
            do {
                try (Consumer<byte[], byte[]> reader = kafka.hintReader()) {
                    consumer = reader;
                    follow(reader);
                } catch (WakeupException e) {
                    return;
                } catch (KafkaException e) {
                    complain(e.getMessage());
                } catch (RuntimeException e) {
                    // Without this thread no hint of another instance would arrive any more.
                    LOG.error("Internal error: the reading of hints stopped; it begins again", e);
                }
            } while (!stopping.await(AGAIN.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Reads until the relay stops or Kafka refuses. Partitions that are added later are not read; the topic needs only one. */
    private void follow(Consumer<byte[], byte[]> reader) {
        List<TopicPartition> partitions = partitions(reader);
        if (partitions.isEmpty()) {
            complain("it does not exist");
            return;
        }
        reader.assign(partitions);
        reader.seekToEnd(partitions);
        complained = false;
        while (stopping.getCount() > 0) {
            for (ConsumerRecord<byte[], byte[]> message : reader.poll(POLL)) {
                Hint.of(message.value()).ifPresent(hints.get()::passedOn);
            }
        }
    }

    private List<TopicPartition> partitions(Consumer<byte[], byte[]> reader) {
        List<PartitionInfo> found = reader.partitionsFor(topic);
        return found == null
                ? List.of()
                : found.stream()
                        .map(partition -> new TopicPartition(topic, partition.partition()))
                        .toList();
    }

    private void complain(@Nullable String reason) {
        if (!complained) {
            complained = true;
            LOG.warn(
                    "Webhooks for runs of other instances cannot be passed on; they are polled as usual",
                    pair(LogKey.TOPIC, topic),
                    pair(LogKey.REASON, reason));
        }
    }
}
