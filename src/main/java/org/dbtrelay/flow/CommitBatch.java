package org.dbtrelay.flow;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.ledger.Claim;
import org.dbtrelay.ledger.RecordSize;
import org.dbtrelay.ledger.entry.Position;
import org.dbtrelay.ledger.intake.SourceRecord;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Decision;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.StoredArtifact;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.observe.Observation;
import org.dbtrelay.run.observe.ObserveCursor;
import org.dbtrelay.run.partition.Batch;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.jspecify.annotations.Nullable;

/** A batch as Kafka records, which are committed as one. */
final class CommitBatch implements Batch {

    private static final RelayLog LOG = RelayLog.of(CommitBatch.class);

    private final RunFlows flow;
    private final Claim claim;
    private final Bounds bounds;
    private final Instant now;
    private final Position before;
    private final Map<String, Changed> changed = new LinkedHashMap<>();
    private final Set<String> forgotten = new LinkedHashSet<>();
    private final List<Told> told = new ArrayList<>();
    private final List<Action> actions = new ArrayList<>();
    private final List<SourceRecord> origins = new ArrayList<>();
    private final List<PutAside> deadLetters = new ArrayList<>();
    private final List<PassedOnward> passedOn = new ArrayList<>();
    private final List<ProducerRecord<byte[], byte[]>> observed = new ArrayList<>();
    private final Set<ObservedAccount> listed = new LinkedHashSet<>();
    private final Map<ObservedAccount, ObserveCursor> cursors = new LinkedHashMap<>();
    private final List<CameOn> cameOn = new ArrayList<>();
    private Position position;
    private long bytes;
    private int joined;

    CommitBatch(RunFlows flow, Claim claim, Instant now, Position before) {
        this.flow = flow;
        this.claim = claim;
        this.bounds = flow.batchBounds();
        this.now = now;
        this.before = before;
        this.position = before;
    }

    /** From where on a batch is full. */
    record Bounds(int records, long bytes) {

        /**
         * The records are what a full mailbox of plain commands brings, about four for each of 500: a transaction of so many is
         * committed in some tens of milliseconds. One without a bound would run into the time-outs of a slow broker, and would
         * do so again after each claim. The bytes are half of what the ledger's producer buffers, so that a batch does not wait
         * for its own records to be sent.
         */
        static final Bounds USUAL = new Bounds(2_000, 4L * 1024 * 1024);
    }

    private record Changed(RunEntry entry, ProducerRecord<byte[], byte[]> record) {}

    private record Told(RunEvent event, ProducerRecord<byte[], byte[]> record) {}

    private record PutAside(SourceRecord origin, DeadLetter verdict, ProducerRecord<byte[], byte[]> record) {}

    /**
     * A record that belongs to another partition.
     *
     * @param origin the record as it lies here
     */
    private record PassedOnward(SourceRecord origin, int to, ProducerRecord<byte[], byte[]> record) {}

    /**
     * A record that was passed on to here.
     *
     * @param sent as its producer had sent it
     */
    private record CameOn(@Nullable String commandId, SourceRecord sent, long offset) {}

    /** Whether nothing more should come in. The last input may have brought more than there was room for. */
    @Override
    public boolean isFull() {
        return countRecords() >= bounds.records() || bytes >= bounds.bytes();
    }

    /** Whether new items should wait: the other half is for timers and turns, which else would wait for all of them. */
    boolean isHalfFull() {
        return countRecords() >= bounds.records() / 2 || bytes >= bounds.bytes() / 2;
    }

    private int countRecords() {
        return changed.size() + forgotten.size() + told.size() + deadLetters.size() + passedOn.size() + observed.size();
    }

    private ProducerRecord<byte[], byte[]> weighed(ProducerRecord<byte[], byte[]> record) {
        bytes += RecordSize.of(record);
        return record;
    }

    @Override
    public Instant now() {
        return now;
    }

    void acknowledge(SourceRecord origin) {
        origins.add(origin);
    }

    boolean covers(SourceRecord origin) {
        return position.covers(origin.record().offset());
    }

    long place(long recordOffset) {
        return position.place(recordOffset);
    }

    void moveTo(SourceRecord origin) {
        position = position.movedTo(origin.record().offset());
    }

    /** Adds a decision; {@link #putAside} adds its dead letter. */
    @Override
    public void take(Decision decision) {
        @Nullable RunEntry entry = decision.entry();
        if (entry != null) {
            changed.put(entry.commandId(), new Changed(entry, weighed(claim.record(entry))));
            forgotten.remove(entry.commandId());
            if (entry.state() instanceof RunState.Joined && !entry.hasFailedRun()) {
                joined++;
            }
        }
        if (decision.forgotten() != null) {
            changed.remove(decision.forgotten());
            forgotten.add(decision.forgotten());
        }
        for (RunEvent decided : decision.events()) {
            RunEvent event = flow.named(decided);
            told.add(new Told(event, weighed(flow.events.record(event))));
        }
        actions.addAll(decision.actions());
    }

    /**
     * A record is no command, or cannot be one here.
     *
     * @param sent the record as its producer had sent it
     */
    void putAside(SourceRecord origin, SourceRecord sent, DeadLetter verdict) {
        int refusals = claim.refusals().timesOfDeadLetter(origin.record().offset());
        deadLetters.add(
                new PutAside(origin, verdict, weighed(flow.deadLetters.record(sent.record(), verdict, now, refusals))));
    }

    /** A record belongs to another partition: it is written there with the position that takes it from here, once. */
    void passOn(SourceRecord origin, RecordRouting.Place.Elsewhere place) {
        passedOn.add(new PassedOnward(
                origin, place.to(), weighed(claim.placement().passOn(origin.record(), place.before(), place.to()))));
    }

    /** Runs were observed: a command for each of them is written with the cursor that has come to them. */
    void observe(ObservedAccount account, Observation.Step step) {
        Target target = account.target();
        for (RunSnapshot run : step.found()) {
            observed.add(weighed(claim.placement()
                    .placed(
                            flow.observedRuns.topic(),
                            flow.observedRuns.key(run),
                            flow.observedRuns.value(target.connection(), target.accountId(), run),
                            flow.observedRuns.headers(target.accountId(), run))));
        }
        listed.add(account);
        if (step.cursor() != null) {
            cursors.put(account, step.cursor());
        }
    }

    /** A record was passed on to here. */
    void cameOn(SourceRecord origin, SourceRecord sent, @Nullable String commandId) {
        cameOn.add(new CameOn(commandId, sent, origin.record().offset()));
    }

    /** True if there is nothing to commit, only actions. A record is never without: it moves the position. */
    boolean isEmpty() {
        return changed.isEmpty()
                && forgotten.isEmpty()
                && told.isEmpty()
                && deadLetters.isEmpty()
                && !hasMoved()
                && cursors.isEmpty();
    }

    /** The accounts of which pages were taken. */
    Set<ObservedAccount> listed() {
        return listed;
    }

    Position position() {
        return position;
    }

    private boolean hasMoved() {
        return !position.equals(before);
    }

    List<RunEvent> events() {
        return told.stream().map(Told::event).toList();
    }

    List<Action> actions() {
        return actions;
    }

    List<SourceRecord> origins() {
        return origins;
    }

    /** The records to commit. */
    List<ProducerRecord<byte[], byte[]>> records() {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        changed.values().forEach(each -> records.add(each.record()));
        forgotten.forEach(each -> records.add(claim.tombstone(each)));
        if (hasMoved()) {
            records.add(claim.record(position));
        }
        cursors.values().forEach(each -> records.add(claim.record(each)));
        told.forEach(each -> records.add(each.record()));
        deadLetters.forEach(each -> records.add(each.record()));
        passedOn.forEach(each -> records.add(each.record()));
        records.addAll(observed);
        return records;
    }

    /** The commands that it has changed and that do not wait to start a run. */
    List<String> notWaiting() {
        return changed.values().stream()
                .map(Changed::entry)
                .filter(entry -> !(entry.state() instanceof RunState.Waiting))
                .map(RunEntry::commandId)
                .toList();
    }

    /** Makes its events visible to the API. */
    void showIn(CommandViews views) {
        told.forEach(each -> views.told(each.event().commandId(), flow.events.data(each.event(), each.record())));
        views.changed(changed.keySet());
    }

    /**
     * The brokers refused to take these records of it: whoever they are of ends in less the next time, and nobody else.
     *
     * @param why for a person
     */
    void refused(Collection<ProducerRecord<byte[], byte[]>> records, String why) {
        Set<ProducerRecord<byte[], byte[]>> refused = Collections.newSetFromMap(new IdentityHashMap<>());
        refused.addAll(records);
        Set<String> commands = new HashSet<>();
        changed.values().stream()
                .filter(each -> refused.contains(each.record()))
                .forEach(each -> commands.add(each.entry().commandId()));
        told.stream()
                .filter(each -> refused.contains(each.record()))
                .forEach(each -> commands.add(each.event().commandId()));
        commands.forEach(claim.refusals()::ofCommand);
        if (observed.stream().anyMatch(refused::contains)) {
            LOG.warn(
                    "The commands topic does not take commands for observed runs; the relay tries again in ten minutes",
                    pair(LogKey.PARTITION, claim.partition()),
                    pair(LogKey.REASON, why));
            claim.refusals().ofObserving(now);
        }
        deadLetters.stream()
                .filter(each -> refused.contains(each.record()))
                .forEach(each ->
                        claim.refusals().ofDeadLetter(each.origin().record().offset()));
        passedOn.stream()
                .filter(each -> refused.contains(each.record()))
                .forEach(each ->
                        claim.refusals().ofPassingOn(each.origin().record().offset(), why));
    }

    /**
     * It has been committed.
     *
     * @param committed when
     */
    void report(Instant committed) {
        RelayMetrics metrics = flow.metrics;
        flow.traces.told(events(), now, committed);
        for (Told each : told) {
            RunEvent event = each.event();
            metrics.told(event.type());
            measure(event, metrics, committed);
            warnOfStray(event);
            if (event.body() instanceof RunEvent.OfRun run && run.retry() != null) {
                metrics.retried(run.retry().reason().kind());
            }
            claim.refusals().settledCommand(event.commandId());
        }
        for (Action action : actions) {
            @Nullable Changed entry = changed.get(action.commandId());
            if (action instanceof Action.Start && entry != null) {
                metrics.sent(Duration.between(entry.entry().acceptedAt(), committed));
            }
        }
        for (int i = 0; i < joined; i++) {
            metrics.coalesced();
        }
        changed.keySet().forEach(claim.refusals()::settledCommand);
        for (PutAside aside : deadLetters) {
            metrics.putAside(aside.verdict().reason());
            claim.refusals().settledDeadLetter(aside.origin().record().offset());
        }
        passedOn.forEach(each -> claim.placement().told(each.origin().record()));
    }

    /** Audits the records that were passed on, to another partition or to here. */
    void audit(Audit audit) {
        passedOn.forEach(each -> audit.passedOn(each.origin().record(), each.to()));
        cameOn.forEach(each -> audit.cameOn(each.commandId(), each.sent().record(), each.offset()));
    }

    private static void measure(RunEvent event, RelayMetrics metrics, Instant committed) {
        if (event.body() instanceof RunEvent.OfArtifact(StoredArtifact artifact) && artifact.sizeBytes() != null) {
            metrics.artifactStored(artifact.sizeBytes());
        }
        @Nullable RunSnapshot run = event.isEndOfRun() && event.body() instanceof RunEvent.OfRun end ? end.run() : null;
        // One run is measured once, however many commands share it.
        if (run != null && run.finishedAt() != null && event.coalescedInto() == null) {
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
}
