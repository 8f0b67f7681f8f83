package org.dbtrelay.soak;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.dbtrelay.testkit.ReceivedEvent;

/**
 * The events so far. It keeps only the fields that are checked at the end: a soak of hours has hundreds
 * of thousands of them. Written by the reader's thread, read by any.
 */
final class EventTally {

    static final Set<String> OUTCOMES = Set.of(
            "command.rejected", "command.completed", "run.succeeded", "run.failed", "run.cancelled", "run.abandoned");

    /** One run of a command has failed, and another one is to follow. */
    static final String ATTEMPT_FAILED = "run.attempt_failed";

    private static final List<String> HEADERS = List.of("ce_id", "ce_type", "ce_source", "dlq-reason");
    private static final List<String> FIELDS = List.of(
            "command_id",
            "sequence",
            "type",
            "run_id",
            "status_code",
            "adopted",
            "reason",
            "retry_of_run_id",
            "attempt",
            "coalesced",
            "coalesced_into");

    private final Map<String, String> outcomes = new ConcurrentHashMap<>();
    private final AtomicInteger adopted = new AtomicInteger();
    private final AtomicInteger failedAttempts = new AtomicInteger();
    private final AtomicInteger sharedRuns = new AtomicInteger();
    private final AtomicInteger events = new AtomicInteger();
    private final AtomicLong latestRun = new AtomicLong();

    /** For {@link org.dbtrelay.testkit.TopicReader#keeping}. */
    ReceivedEvent keep(ReceivedEvent event) {
        if (event.header("dlq-reason") != null) {
            return event;
        }
        events.incrementAndGet();
        String type = event.type();
        event.runId().ifPresent(latestRun::set);
        if (OUTCOMES.contains(type)) {
            outcomes.put(event.commandId(), type);
            if (event.data().path("adopted").booleanValue()) {
                adopted.incrementAndGet();
            }
            if (event.data().hasNonNull("coalesced_into")) {
                sharedRuns.incrementAndGet();
            }
        } else if (type.equals(ATTEMPT_FAILED)) {
            failedAttempts.incrementAndGet();
        }
        return slim(event);
    }

    /** The commands that have ended. */
    int outcomes() {
        return outcomes.size();
    }

    /** How a command has ended, as far as is known. */
    Optional<String> outcomeOf(String commandId) {
        return Optional.ofNullable(outcomes.get(commandId));
    }

    /** The commands whose run was found by its marker. */
    int adopted() {
        return adopted.get();
    }

    /** The failed runs that another one was to follow. */
    int failedAttempts() {
        return failedAttempts.get();
    }

    /** The commands that have ended with a run which another one has started. */
    int sharedRuns() {
        return sharedRuns.get();
    }

    int events() {
        return events.get();
    }

    /** The run of which something was told last, 0 if there is none. */
    long latestRun() {
        return latestRun.get();
    }

    private static ReceivedEvent slim(ReceivedEvent event) {
        ConsumerRecord<byte[], byte[]> origin = event.origin();
        var headers = new LinkedHashMap<String, String>();
        HEADERS.stream()
                .filter(name -> event.header(name) != null)
                .forEach(name -> headers.put(name, event.header(name)));
        ObjectNode value = JsonNodeFactory.instance.objectNode();
        FIELDS.stream()
                .filter(event.data()::hasNonNull)
                .forEach(name -> value.set(name, event.data().get(name)));
        return new ReceivedEvent(
                new ConsumerRecord<>(origin.topic(), origin.partition(), origin.offset(), origin.key(), null),
                headers,
                value);
    }
}
