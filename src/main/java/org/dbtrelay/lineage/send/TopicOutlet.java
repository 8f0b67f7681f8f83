package org.dbtrelay.lineage.send;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.ledger.kafka.MissingRight;
import org.dbtrelay.metrics.RelayMetrics;
import org.jspecify.annotations.Nullable;

/** Writes events to a topic, in the form of OpenLineage's own Kafka transport: the event is the value, JSON. */
public final class TopicOutlet implements Outlet {

    private final Producer<byte[], byte[]> producer;
    private final String topic;
    private final Outage outage;

    /** Closes the producer when it is closed. */
    public TopicOutlet(Producer<byte[], byte[]> producer, String topic, Monotonic monotonic, RelayMetrics metrics) {
        this.producer = producer;
        this.topic = topic;
        this.outage = new Outage("topic", monotonic, metrics);
    }

    @Override
    public void send(List<Encoded> events) throws InterruptedException {
        List<Encoded> left = events;
        while (!left.isEmpty()) {
            Left now = sendOnce(left);
            if (now.trouble() != null) {
                outage.failed(now.trouble());
            }
            left = now.events();
        }
    }

    @Override
    public boolean trySend(List<Encoded> events) throws InterruptedException {
        Left now = sendOnce(events);
        if (now.trouble() != null) {
            outage.begun(now.trouble());
        }
        return now.events().isEmpty();
    }

    /** Those that were not taken, and why; null: all were, or were refused. */
    private record Left(List<Encoded> events, @Nullable String trouble) {}

    /** Gives those from the first one on that was not taken: what is behind it comes again, so that the order stays. */
    private Left sendOnce(List<Encoded> events) throws InterruptedException {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        @Nullable KafkaException trouble = null;
        for (Encoded event : events) {
            try {
                Future<RecordMetadata> answer = producer.send(new ProducerRecord<>(topic, event.key(), event.json()));
                sent.add(answer);
                if (answer.state() == Future.State.FAILED) {
                    // Of a topic that is not there the producer says so after a while, and of each event anew.
                    break;
                }
            } catch (KafkaException e) {
                trouble = e;
                break;
            } catch (IllegalStateException e) {
                throw stopped(e);
            }
        }
        List<Encoded> left = new ArrayList<>();
        int taken = 0;
        for (int i = 0; i < sent.size(); i++) {
            try {
                sent.get(i).get();
                taken++;
                if (!left.isEmpty()) {
                    left.add(events.get(i));
                }
            } catch (ExecutionException e) {
                if (e.getCause() instanceof RecordTooLargeException || e.getCause() instanceof InvalidRecordException) {
                    outage.refused(e.getCause().getClass().getSimpleName());
                } else {
                    trouble = e.getCause() instanceof KafkaException kafka ? kafka : new KafkaException(e.getCause());
                    left.add(events.get(i));
                }
            }
        }
        outage.took(taken);
        left.addAll(events.subList(sent.size(), events.size()));
        return new Left(
                left,
                trouble == null
                        ? null
                        : MissingRight.of(trouble, AclOperation.WRITE, topic)
                                .orElse(String.valueOf(trouble.getMessage())));
    }

    private static InterruptedException stopped(IllegalStateException closed) {
        InterruptedException stopped = new InterruptedException("the relay stops");
        stopped.initCause(closed);
        return stopped;
    }

    @Override
    public void close() {
        producer.close(Duration.ZERO);
    }
}
