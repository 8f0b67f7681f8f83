package org.dbtrelay.ledger.kafka;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.WakeupException;
import org.dbtrelay.metrics.RelayLog;
import org.jspecify.annotations.Nullable;

/**
 * A small topic over which the instances of a deployment tell each other something. Every instance reads all of it and belongs to
 * no group. The relay works without it: a missing topic or right is told to the listener, and the relay tries again every few
 * seconds. It is no SmallRye channel: a channel opens in any case, and reports a missing topic or right again and again, as a
 * failure of the channel.
 */
public final class BroadcastTopic {

    private static final RelayLog LOG = RelayLog.of(BroadcastTopic.class);
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    /** Where an instance begins to read. */
    public enum From {
        /** With the first record, so that it knows all that the topic keeps. */
        START,
        /** Behind the last record: what was told before is worth nothing any more. */
        END
    }

    /** What becomes of the records; called by the one thread that reads. */
    public interface Listener {

        /** A record; none is told twice, unless reading has to begin anew. */
        void received(ConsumerRecord<byte[], byte[]> message);

        /** The listener has been given all records that the topic had when reading began. */
        void caughtUp();

        /** There is no such topic, or the relay may not read it; told once, until it can be read again. */
        void absent(String reason);

        /** The brokers fail to let the topic be read now; told once, until it can be read again. */
        void interrupted(String reason);
    }

    private final KafkaSettings kafka;
    private final String topic;
    private final From from;
    private final Function<KafkaSettings, Producer<byte[], byte[]>> newProducer;
    private final Listener listener;
    private final Duration retryAfter;
    private final ReentrantLock lock = new ReentrantLock();
    private final CountDownLatch stopping = new CountDownLatch(1);
    private @Nullable Producer<byte[], byte[]> producer;
    private volatile @Nullable Consumer<byte[], byte[]> consumer;
    private boolean told;

    /**
     * Opens no client yet.
     *
     * @param newProducer called at the first record that is sent
     */
    public BroadcastTopic(
            KafkaSettings kafka,
            String topic,
            From from,
            Function<KafkaSettings, Producer<byte[], byte[]>> newProducer,
            Listener listener) {
        this(kafka, topic, from, newProducer, listener, RETRY_AFTER);
    }

    BroadcastTopic(
            KafkaSettings kafka,
            String topic,
            From from,
            Function<KafkaSettings, Producer<byte[], byte[]>> newProducer,
            Listener listener,
            Duration retryAfter) {
        this.kafka = kafka;
        this.topic = topic;
        this.from = from;
        this.newProducer = newProducer;
        this.listener = listener;
        this.retryAfter = retryAfter;
    }

    /** Begins to read, on a thread of its own, and returns at once. */
    public void start() {
        Thread.ofVirtual().name(topic).start(this::read);
    }

    /** Ends reading and sending at once. */
    public void stop() {
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

    /**
     * Tells all instances, this one included. Blocks until the brokers are known, no longer than the producer's {@code max.block.ms}.
     *
     * @param key null: the record has none
     * @param value null: the topic forgets the key
     * @param then called when the brokers have answered, or when it is clear that they do not
     * @throws KafkaException if it cannot be sent
     */
    public Future<RecordMetadata> send(byte @Nullable [] key, byte @Nullable [] value, Callback then) {
        Producer<byte[], byte[]> sender = sender();
        try {
            // Without the lock: during an outage each send waits, and many would wait for each other.
            return sender.send(new ProducerRecord<>(topic, key, value), then);
        } catch (IllegalStateException e) {
            throw new KafkaException("the relay stops", e);
        }
    }

    private Producer<byte[], byte[]> sender() {
        lock.lock();
        try {
            if (stopping.getCount() == 0) {
                throw new KafkaException("the relay stops");
            }
            if (producer == null) {
                producer = newProducer.apply(kafka);
            }
            return producer;
        } finally {
            lock.unlock();
        }
    }

    private void read() {
        try {
            do {
                try {
                    List<TopicPartition> partitions = partitions();
                    try (Consumer<byte[], byte[]> reader = kafka.broadcastReader(topic)) {
                        consumer = reader;
                        follow(reader, partitions);
                    }
                } catch (WakeupException e) {
                    return;
                } catch (Absent e) {
                    tell(e.reason, listener::absent);
                } catch (KafkaException e) {
                    tell(
                            Objects.requireNonNullElse(
                                    e.getMessage(), e.getClass().getSimpleName()),
                            listener::interrupted);
                } catch (RuntimeException | Error e) {
                    // Without this thread nothing of another instance would arrive any more.
                    LOG.error("Internal error: reading a topic stopped; it begins again", e);
                }
            } while (!stopping.await(retryAfter.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void tell(String reason, java.util.function.Consumer<String> how) {
        if (!told) {
            told = true;
            how.accept(reason);
        }
    }

    /** Reads until the relay stops or Kafka refuses. Partitions that are added later are not read; the topic needs only one. */
    private void follow(Consumer<byte[], byte[]> reader, List<TopicPartition> partitions) {
        reader.assign(partitions);
        Map<TopicPartition, Long> ends = reader.endOffsets(partitions);
        switch (from) {
            case START -> reader.seekToBeginning(partitions);
            case END -> ends.forEach(reader::seek);
        }
        boolean behind = true;
        while (stopping.getCount() > 0) {
            if (behind && ends.entrySet().stream().allMatch(end -> reader.position(end.getKey()) >= end.getValue())) {
                behind = false;
                told = false;
                listener.caughtUp();
            }
            reader.poll(POLL).forEach(listener::received);
        }
    }

    /** Asked of the admin client, which does not write a line of its own for each refusal. */
    private List<TopicPartition> partitions() throws InterruptedException, Absent {
        try {
            TopicDescription found = Objects.requireNonNull(kafka.admin()
                            .describeTopics(
                                    List.of(topic), new DescribeTopicsOptions().includeAuthorizedOperations(true))
                            .topicNameValues()
                            .get(topic))
                    .get();
            if (!AccessCheck.may(AclOperation.READ, found)) {
                throw new Absent("Kafka does not let the relay's user Read topic '" + topic + "'; add the ACL");
            }
            return found.partitions().stream()
                    .map(partition -> new TopicPartition(topic, partition.partition()))
                    .toList();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case UnknownTopicOrPartitionException missing ->
                    throw new Absent("topic '" + topic + "' does not exist");
                case TopicAuthorizationException refused ->
                    throw new Absent("Kafka does not let the relay's user Describe topic '" + topic + "'; add the ACL");
                case null, default -> throw new KafkaException("Kafka does not answer: " + e.getCause(), e);
            }
        }
    }

    private static final class Absent extends Exception {
        private static final long serialVersionUID = 1L;
        private final String reason;

        Absent(String reason) {
            super(reason);
            this.reason = reason;
        }
    }
}
