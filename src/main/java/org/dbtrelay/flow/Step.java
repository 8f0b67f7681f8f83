package org.dbtrelay.flow;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.event.DeadLetterRecords;
import org.dbtrelay.event.EventRecords;
import org.dbtrelay.ledger.Origin;
import org.dbtrelay.ledger.Position;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.metrics.RelayTraces;
import org.dbtrelay.run.Action;
import org.dbtrelay.run.DeadLetter;
import org.dbtrelay.run.Decision;
import org.dbtrelay.run.EventType;
import org.dbtrelay.run.RunEntry;
import org.dbtrelay.run.RunEvent;
import org.dbtrelay.run.RunSnapshot;
import org.dbtrelay.run.StoredArtifact;
import org.jspecify.annotations.Nullable;

/** What all that was in the mailbox comes to, before it is committed as one. */
final class Step {

    private static final RelayLog LOG = RelayLog.of(Step.class);

    private final Instant now;
    private final Position before;
    private final Map<String, RunEntry> changed = new LinkedHashMap<>();
    private final Set<String> forgotten = new LinkedHashSet<>();
    private final List<RunEvent> events = new ArrayList<>();
    private final List<Action> actions = new ArrayList<>();
    private final List<Origin> origins = new ArrayList<>();
    private final List<PutAside> deadLetters = new ArrayList<>();
    private final Set<String> reserved = new HashSet<>();
    private Position position;
    private boolean withoutValues;

    Step(Instant now, Position before) {
        this.now = now;
        this.before = before;
        this.position = before;
    }

    /** Dead letters are written without their values, because the dead letter topic would not take them. */
    Step withoutValues() {
        withoutValues = true;
        return this;
    }

    Instant now() {
        return now;
    }

    void acknowledge(Origin origin) {
        origins.add(origin);
    }

    boolean covers(Origin origin) {
        return position.covers(origin.record().offset());
    }

    void moveTo(Origin origin) {
        position = position.movedTo(origin.record().offset());
    }

    void mayStart(String commandId) {
        reserved.add(commandId);
    }

    /** What was decided, but for what becomes of the record. */
    void take(Decision decision) {
        @Nullable RunEntry entry = decision.entry();
        if (entry != null) {
            changed.put(entry.commandId(), entry);
            forgotten.remove(entry.commandId());
        }
        if (decision.forgotten() != null) {
            changed.remove(decision.forgotten());
            forgotten.add(decision.forgotten());
        }
        events.addAll(decision.events());
        actions.addAll(decision.actions());
    }

    void putAside(Origin origin, DeadLetter verdict) {
        deadLetters.add(new PutAside(origin, verdict));
    }

    /** True if there is nothing to commit: at most things to do. */
    boolean isEmpty() {
        return changed.isEmpty()
                && forgotten.isEmpty()
                && events.isEmpty()
                && deadLetters.isEmpty()
                && movedPosition() == null;
    }

    Collection<RunEntry> changed() {
        return changed.values();
    }

    Collection<String> forgotten() {
        return forgotten;
    }

    Position position() {
        return position;
    }

    @Nullable
    Position movedPosition() {
        return position.equals(before) ? null : position;
    }

    List<RunEvent> events() {
        return events;
    }

    List<Action> actions() {
        return actions;
    }

    List<Origin> origins() {
        return origins;
    }

    /** Commands that hold a reservation and have not started yet. */
    Set<String> reserved() {
        return reserved;
    }

    List<ProducerRecord<byte[], byte[]>> records(EventRecords asEvents, DeadLetterRecords asDeadLetters) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (RunEvent event : events) {
            records.add(asEvents.record(event));
        }
        for (PutAside aside : deadLetters) {
            records.add(
                    withoutValues
                            ? asDeadLetters.withoutValue(aside.origin().record(), aside.verdict(), now)
                            : asDeadLetters.record(aside.origin().record(), aside.verdict(), now));
        }
        return records;
    }

    /**
     * It has been committed.
     *
     * @param committed when
     */
    void report(RelayMetrics metrics, RelayTraces traces, Instant committed) {
        traces.told(events, now, committed);
        for (RunEvent event : events) {
            metrics.told(event.type());
            measure(event, metrics, committed);
            warnOfStray(event);
        }
        for (Action action : actions) {
            @Nullable RunEntry entry = changed.get(action.commandId());
            if (action instanceof Action.Start && entry != null) {
                metrics.sent(Duration.between(entry.acceptedAt(), committed));
            }
        }
        for (PutAside aside : deadLetters) {
            metrics.putAside(aside.verdict().reason());
        }
    }

    private static void measure(RunEvent event, RelayMetrics metrics, Instant committed) {
        if (event.body() instanceof RunEvent.OfArtifact(StoredArtifact artifact) && artifact.sizeBytes() != null) {
            metrics.artifactStored(artifact.sizeBytes());
        }
        @Nullable RunSnapshot run = event.isEndOfRun() && event.body() instanceof RunEvent.OfRun end ? end.run() : null;
        if (run != null && run.finishedAt() != null) {
            metrics.endTold(Duration.between(run.finishedAt(), committed));
            if (run.createdAt() != null && run.startedAt() != null) {
                metrics.ran(
                        Duration.between(run.createdAt(), run.startedAt()),
                        Duration.between(run.startedAt(), run.finishedAt()));
            }
        }
    }

    private static void warnOfStray(RunEvent event) {
        if (event.type() == EventType.RUN_STRAY && event.body() instanceof RunEvent.OfRun stray) {
            LOG.warn(
                    "A run carries the marker of a command and is not its run",
                    pair(LogKey.COMMAND_ID, event.commandId()),
                    pair(LogKey.RUN_ID, event.runId()),
                    pair(LogKey.REASON, stray.reason()));
        }
    }

    private record PutAside(Origin origin, DeadLetter verdict) {}
}
