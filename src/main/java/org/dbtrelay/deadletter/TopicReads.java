package org.dbtrelay.deadletter;

import java.time.Duration;
import java.util.function.Supplier;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.kafka.KafkaSettings;

/** What all reads of topics share: how long they last, and the message of one that fails. */
final class TopicReads {

    private TopicReads() {}

    /** How much is left of a time that begins now. */
    static Supplier<Duration> left(Monotonic time, Duration patience) {
        long began = time.nanos();
        return () -> patience.minusNanos(time.nanos() - began);
    }

    static KafkaSettings.Shape shape(KafkaSettings kafka, String topic) throws Unavailable {
        try {
            return kafka.shape(topic);
        } catch (LedgerException e) {
            throw new Unavailable("topic '" + topic + "': " + e.why(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Unavailable("the relay stops", e);
        }
    }

    static Unavailable unavailable(KafkaException failure) {
        return switch (failure) {
            case TopicAuthorizationException refused ->
                new Unavailable(
                        "Kafka does not let the relay's user Read, or Write, "
                                + String.join(", ", refused.unauthorizedTopics())
                                + "; add the ACL (docs/operations.md, Access rights)",
                        refused);
            case TransactionalIdAuthorizationException refused ->
                new Unavailable(
                        "Kafka does not let the relay's user Write its transactional ids; add the ACL", refused);
            case InterruptException stopped -> new Unavailable("the relay stops", stopped);
            default -> new Unavailable("Kafka does not answer: " + failure.getMessage(), failure);
        };
    }
}
