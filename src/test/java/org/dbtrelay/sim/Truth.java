package org.dbtrelay.sim;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.dbtrelay.ledger.entry.EntryCodec;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.ledger.entry.Position;
import org.dbtrelay.ledger.placement.PassedOn;
import org.dbtrelay.run.command.OnFailure;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.job.CauseMarker;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartCall;
import org.dbtrelay.run.state.Timeline;
import org.dbtrelay.sim.SimBroker.Transaction;

/** What is committed, transaction by transaction, and what must hold of each of them and of each trigger that is sent. */
final class Truth {

    private static final JsonMapper JSON = new JsonMapper();
    /** A history's hour or two with all its troubles takes some dozens; more is going in circles. */
    private static final int MOST_ENTRIES = 120;

    /** Longer ones lose their middle. */
    private static final int LONG_TIMELINE = 30;

    private static final Pattern ORIGIN = Pattern.compile("from=(\\S+)");
    private static final long SEND_WINDOW = 5_000_000_000L;
    private static final Set<String> OUTCOMES = Set.of(
            "org.dbtrelay.command.rejected",
            "org.dbtrelay.command.completed",
            "org.dbtrelay.run.succeeded",
            "org.dbtrelay.run.failed",
            "org.dbtrelay.run.cancelled",
            "org.dbtrelay.run.abandoned");
    private static final List<String> COURSE = List.of(
            "org.dbtrelay.command.accepted",
            "org.dbtrelay.run.queued",
            "org.dbtrelay.run.starting",
            "org.dbtrelay.run.running");

    private final World world;
    private final Map<String, Known> commands = new LinkedHashMap<>();

    /** Since when it is committed that a run is a command's. */
    private final Map<Long, Long> runsKnown = new HashMap<>();

    private final Map<String, String> idsByMarker = new HashMap<>();
    private final Map<Integer, String> clusters = new HashMap<>();
    private final Map<String, String> idsByTrace = new HashMap<>();
    private final Neighbours neighbours;
    private final Sharing sharing;
    private final Map<Integer, Long> positions = new HashMap<>();
    private final Map<String, List<String>> deadLetters = new HashMap<>();
    private final Map<String, ProducerRecord<byte[], byte[]>> passedOn = new HashMap<>();

    Truth(World world) {
        this.world = world;
        this.neighbours = new Neighbours(world, commands.values());
        this.sharing = new Sharing(world, commands.values());
    }

    /** What is known of a command. Times are simulated nanoseconds. */
    static final class Known {
        final String id;
        RunEntry last;
        int events;
        int entries;
        int course = -1;
        String outcome;

        /** The types of its events. */
        final List<String> types = new ArrayList<>();

        /** How its failure was told last; null: no failure was told. */
        Told failure;

        boolean explained;

        /** How many of its runs have failed and were followed by another, or are to be. */
        int attempts;

        /** These runs. */
        final Set<Long> failedRuns = new HashSet<>();

        /** When another run may be started, simulated nanoseconds. */
        long retryAt;

        /** Its outcome told all that could be known of its failure. */
        boolean toldInFull;

        /** The artifacts that were told of, each with its step, and the paths of those that are there. */
        final Set<String> artifacts = new HashSet<>();

        final Set<String> artifactsReady = new HashSet<>();
        int partition;
        long acceptedAt;
        long endedAt = Long.MAX_VALUE;

        /** As the first open entry has it; null: it was rejected at once. */
        ResolvedCommand resolved;

        /** As the last open entry had it. */
        ResolvedCommand lastOrder;

        /** When it was committed that it has joined another one; null: it has not. */
        Long joinedAt;

        /** Its job was known before what is committed now. */
        boolean knewJob;

        /** Its run was found and not started by it, or it is not known how it came about. */
        boolean follows;

        private final List<Intent> intents = new ArrayList<>();

        Known(String id) {
            this.id = id;
        }

        boolean hasIntents() {
            return !intents.isEmpty();
        }

        RunState state() {
            return last.state();
        }
    }

    /** Whether the process has recorded an intent for the command and not sent its trigger. */
    boolean isIntentUnused(Known known, SimProcess process) {
        return known.intents.stream().anyMatch(it -> it.process == process && !it.used);
    }

    private static final class Intent {
        private final SimProcess process;
        private final long begunAt;
        private final StartCall call;
        private final Long jobId;
        private boolean used;

        Intent(SimProcess process, long begunAt, StartCall call, Long jobId) {
            this.process = process;
            this.begunAt = begunAt;
            this.call = call;
            this.jobId = jobId;
        }

        /** Whether a request is what was intended. */
        boolean allows(StartCall sent, Long toJob) {
            return call.equals(sent) && (toJob == null || toJob.equals(jobId));
        }
    }

    /** A trace of its own for each command, by which requests are known. */
    String trace(String commandId) {
        String trace = String.format(Locale.ROOT, "00-%032x-%016x-01", idsByTrace.size() + 1, 1);
        idsByTrace.put(trace, commandId);
        return trace;
    }

    /** The command whose trace a request belongs to. */
    String traced(String trace) {
        return idsByTrace.get(trace);
    }

    /** What must hold, after the end, of those that share a run. */
    void checkSharing() {
        sharing.check();
    }

    Known command(String id) {
        return commands.get(id);
    }

    Map<String, Known> commands() {
        return commands;
    }

    List<String> deadLetters(String source) {
        return deadLetters.getOrDefault(source, List.of());
    }

    /** Whether it was committed by then that the run is a command's. */
    boolean isRunKnown(long runId, long by) {
        return runsKnown.getOrDefault(runId, Long.MAX_VALUE) <= by;
    }

    /** The commands that are open and want a job, or may want it. */
    Set<String> openOf(long jobId) {
        return commands.values().stream()
                .filter(known -> known.last != null && known.last.unfinished())
                .filter(known ->
                        known.lastOrder == null || known.lastOrder.jobId() == null || known.lastOrder.jobId() == jobId)
                .map(known -> known.id)
                .collect(Collectors.toSet());
    }

    Map<String, List<String>> deadLetters() {
        return deadLetters;
    }

    boolean isTaken(int partition, long offset) {
        return positions.getOrDefault(partition, -1L) >= offset;
    }

    String idOf(String cause) {
        int end = cause.indexOf(']');
        return end < 0 ? null : idsByMarker.get(cause.substring(0, end + 1));
    }

    void committed(Transaction transaction) {
        Map<String, Integer> eventsBefore = new HashMap<>();
        for (ProducerRecord<byte[], byte[]> record : transaction.records) {
            if (record.topic().equals(SimConfig.DEAD_LETTERS)) {
                String source = text(record.headers(), "dlq-partition") + "@" + text(record.headers(), "dlq-offset");
                deadLetters.computeIfAbsent(source, key -> new ArrayList<>()).add(text(record.headers(), "dlq-reason"));
            } else if (Observers.isFollow(record)) {
                world.observers().found(record);
            } else if (record.topic().equals(SimConfig.COMMANDS)) {
                passedOn(record);
            } else if (!record.topic().equals(SimConfig.LEDGER)) {
                String event = text(record.headers(), "ce_id");
                String id = event.substring(0, event.lastIndexOf('/'));
                int sequence = Integer.parseInt(event.substring(id.length() + 1));
                Known known = commands.computeIfAbsent(id, Known::new);
                eventsBefore.putIfAbsent(id, known.events);
                told(id, known, sequence, text(record.headers(), "ce_type"), record.value());
                List<String> faults = EventShapes.faults(record.value());
                world.check(faults.isEmpty(), "an event is not as docs/schemas says: %s", faults);
            }
        }
        for (ProducerRecord<byte[], byte[]> record : transaction.records) {
            if (record.topic().equals(SimConfig.LEDGER)) {
                written(transaction, record, eventsBefore);
            }
        }
        neighbours.committed(transaction.process);
        cancelled(transaction);
        sharing.committed();
        world.check(eventsBefore.isEmpty(), "events of %s without their entry in the same transaction", eventsBefore);
    }

    /** A record is on its way to another partition, for good. */
    void passedOn(ProducerRecord<byte[], byte[]> record) {
        Matcher origin = ORIGIN.matcher(text(record.headers(), PassedOn.HEADER));
        String source = origin.find() ? origin.group(1) : "nowhere";
        world.check(passedOn.put(source, record) == null, "record %s is passed on twice", source);
        world.coverage()
                .count(
                        "kafka",
                        (record.key() == null ? "passed on by its job" : "passed on by its key")
                                + (new String(record.value(), StandardCharsets.UTF_8).contains("\"command_id\"")
                                        ? ""
                                        : ", without an id"));
    }

    /** The partition that a record was passed on to; -1: it was not. */
    int passedOnTo(String source) {
        ProducerRecord<byte[], byte[]> record = passedOn.get(source);
        return record == null ? -1 : record.partition();
    }

    /** Whether a record was taken for good, wherever it was passed on to. */
    boolean isTaken(Orders.Order order) {
        if (!isTaken(order.lies(), order.offset())) {
            return false;
        }
        ProducerRecord<byte[], byte[]> record = passedOn.get(order.source());
        return record == null
                || world.broker().readCommitted(SimConfig.COMMANDS, record.partition()).stream()
                        .anyMatch(it ->
                                it.headers().equals(record.headers()) && isTaken(record.partition(), it.offset()));
    }

    private void written(
            Transaction transaction, ProducerRecord<byte[], byte[]> record, Map<String, Integer> eventsBefore) {
        String key = new String(record.key(), StandardCharsets.UTF_8);
        try {
            if (key.equals("p:")) {
                Position position = EntryCodec.readPosition(record.value());
                Long before = positions.put(record.partition(), position.offset());
                world.check(
                        before == null || before <= position.offset(),
                        "the position of partition %d goes back from %d to %d",
                        record.partition(),
                        before,
                        position.offset());
                String cluster = clusterOf(record.partition(), transaction);
                world.check(
                        cluster.equals(position.cluster()),
                        "partition %d of the ledger began in %s and is said to have begun in %s",
                        record.partition(),
                        cluster,
                        position.cluster());
            } else if (Observers.isCursor(record)) {
                world.observers().cursor(record);
            } else if (key.startsWith("c:") && record.value() != null) {
                String id = key.substring(2);
                eventsBefore.remove(id);
                entry(transaction, record.partition(), id, EntryCodec.readEntry(record.value()));
            }
        } catch (LedgerException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The entry remembers the events that were told, whoever has told them. */
    private void timeline(Known known, RunEntry entry) {
        List<Timeline.Told> timeline = entry.timeline();
        world.check(
                (timeline.size() == known.types.size() || timeline.size() >= LONG_TIMELINE)
                        && timeline.stream()
                                .allMatch(told -> told.sequence() < known.types.size()
                                        && known.types
                                                .get(told.sequence())
                                                .equals("org.dbtrelay."
                                                        + told.type().wireName())),
                "%s remembers %s of its events %s",
                known.id,
                timeline,
                known.types);
    }

    /** The cluster of who has written there first. */
    private String clusterOf(int partition, Transaction transaction) {
        return clusters.computeIfAbsent(partition, _ -> Instance.clusterOf(transaction.process));
    }

    private void entry(Transaction transaction, int partition, String id, RunEntry entry) {
        Known known = commands.computeIfAbsent(id, Known::new);
        RunEntry before = known.last;
        if (before == null) {
            String ledger = clusterOf(partition, transaction) + "/" + SimConfig.LEDGER;
            idsByMarker.put(CauseMarker.of(SimConfig.NAME, ledger, id).text(), id);
        }
        known.last = entry;
        if (entry.state() instanceof RunState.WithRun withRun) {
            runsKnown.putIfAbsent(withRun.run().runId(), world.scheduler().now());
        }
        known.knewJob =
                before != null && before.resolved() != null && before.resolved().jobId() != null;
        known.partition = partition;
        known.entries++;
        timeline(known, entry);
        world.check(
                known.entries
                        < MOST_ENTRIES
                                * (world.areClocksWrong() ? 5 : world.lasting() != null ? 2 : 1)
                                * (1 + known.attempts),
                "%s changes and changes: %s",
                id,
                entry);
        if (entry.resolved() != null) {
            known.resolved = known.resolved == null ? entry.resolved() : known.resolved;
            known.lastOrder = entry.resolved();
        }
        world.coverage()
                .count(
                        "task",
                        Tasks.name(known.resolved) + " + "
                                + entry.state().getClass().getSimpleName());
        world.coverage().count("state", entry.state().getClass().getSimpleName());
        world.trace().say(transaction.process.name(), "%s is now %s", id, entry.state());
        world.check(
                known.events == entry.nextSequence(),
                "%s has told %d events, its entry says %d",
                id,
                known.events,
                entry.nextSequence());
        if (before != null && before.state() instanceof RunState.Finished) {
            world.check(
                    before.state().equals(entry.state()), "%s goes on after its end: %s, then %s", id, before, entry);
        }
        known.follows |= entry.state() instanceof RunState.WithRun with
                && (before == null
                        || before.state() instanceof RunState.Waiting
                        || (before.state() instanceof RunState.Joined
                                && isOfNoCommand(with.run().runId())));
        sharing.entry(known, before);
        if (entry.state() instanceof RunState.Starting starting
                && (before == null || !before.state().equals(entry.state()))) {
            known.intents.add(new Intent(
                    transaction.process,
                    transaction.begunAt,
                    starting.call(),
                    entry.openCommand().jobId()));
            world.check(
                    world.areClocksWrong() || world.scheduler().now() >= known.retryAt,
                    "%s starts another run %d ms before its pause is over",
                    id,
                    (known.retryAt - world.scheduler().now()) / 1_000_000);
            neighbours.starts(known);
        }
    }

    private void told(String id, Known known, int sequence, String type, byte[] value) {
        world.trace().say("events", "%s/%d %s", id, sequence, type);
        world.check(sequence == known.events, "%s tells number %d after %d events", id, sequence, known.events);
        known.events = sequence + 1;
        known.types.add(type);
        if (OUTCOMES.contains(type)) {
            world.check(known.outcome == null, "%s has two outcomes: %s and %s", id, known.outcome, type);
            known.outcome = type;
            known.endedAt = world.scheduler().now();
            known.failure = type.startsWith("org.dbtrelay.run.") ? Told.of(value) : null;
            known.toldInFull = known.failure != null && known.failure.isFull();
            numbered(id, known, type, value);
        } else if (type.equals("org.dbtrelay.run.failure_explained")) {
            explained(id, known, value);
        } else if (type.equals("org.dbtrelay.run.attempt_failed")) {
            attemptFailed(id, known, value);
        } else if (type.startsWith("org.dbtrelay.artifact.")) {
            world.check(known.outcome != null, "%s tells of an artifact before its outcome", id);
            artifact(id, known, type, value);
        } else if (type.equals("org.dbtrelay.run.stray")) {
            world.coverage().count("assumption", "a second run, told of");
            known.course = -1;
            stray(id, value);
        } else if (COURSE.contains(type)) {
            int step = COURSE.indexOf(type);
            world.check(known.outcome == null, "%s tells %s after its outcome", id, type);
            if (step == 0) {
                known.acceptedAt = world.scheduler().now();
            }
            world.check(step > known.course, "%s goes back to %s", id, type);
            known.course = step;
            numbered(id, known, type, value);
        }
    }

    private boolean isOfNoCommand(long runId) {
        SimRun run = world.cloud().find(runId);
        return run != null && run.commandId == null;
    }

    /** A run of the command has the number that follows from those that failed before it; only a failure may be told as theirs. */
    private void numbered(String id, Known known, String type, byte[] value) {
        try {
            JsonNode data = JSON.readTree(value);
            JsonNode attempt = data.path("attempt");
            boolean isNext = attempt.isMissingNode() || attempt.isNull() || attempt.asInt() == known.attempts + 1;
            boolean isLast = attempt.asInt() == known.attempts
                    && (type.equals("org.dbtrelay.run.failed") || type.equals("org.dbtrelay.run.abandoned"));
            // A reused run may be older than one that has failed, but never that one.
            boolean isOld = attempt.asInt() > known.attempts
                    && known.failedRuns.contains(data.path("run_id").asLong());
            world.check(!isOld, "%s tells %s of run %s, which had failed before", id, type, data.path("run_id"));
            world.check(isNext || isLast, "%s tells %s of its run %s after %d", id, type, attempt, known.attempts);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** In order, no more than are wished for, each of a newer run, and only for a cause for which the command wants another. */
    private void attemptFailed(String id, Known known, byte[] value) {
        try {
            JsonNode data = JSON.readTree(value);
            OnFailure onFailure =
                    known.lastOrder == null ? null : known.lastOrder.options().onFailure();
            world.check(known.outcome == null, "%s tells of a failed run after its outcome", id);
            world.check(onFailure != null, "%s tells of a failed run as if there were to be another", id);
            known.attempts++;
            world.check(
                    data.path("attempt").asInt() == known.attempts,
                    "%s tells of its failed run %s as number %d",
                    id,
                    data.path("attempt"),
                    known.attempts);
            world.check(
                    onFailure == null || known.attempts <= onFailure.retries(),
                    "%s wants another run after %d have failed: %s",
                    id,
                    known.attempts,
                    onFailure);
            long runId = data.path("run_id").asLong();
            world.check(known.failedRuns.add(runId), "%s tells twice that run %d failed", id, runId);
            SimRun run = world.cloud().find(runId);
            boolean any = onFailure != null && onFailure.when() == OnFailure.When.ANY;
            world.check(run == null || run.passes || any, "%s wants another run after one that failed for good", id);
            world.coverage()
                    .count(
                            "failure",
                            "another run follows: "
                                    + data.path("retry_reason").path("kind").asText());
            known.retryAt = Duration.between(
                            SimTime.EPOCH,
                            Instant.parse(data.path("will_retry_at").asText()))
                    .toNanos();
            known.course = 0;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Nobody who waits for another run goes on to wait when he is asked to end. */
    private void cancelled(Transaction transaction) {
        for (ProducerRecord<byte[], byte[]> record : transaction.records) {
            String key = record.topic().equals(SimConfig.LEDGER) && record.value() != null
                    ? new String(record.key(), StandardCharsets.UTF_8)
                    : "";
            Known cancel = key.startsWith("c:") ? commands.get(key.substring(2)) : null;
            if (cancel != null
                    && cancel.entries == 1
                    && cancel.last.unfinished()
                    && cancel.resolved.task() instanceof Task.Cancel task
                    && task.waitsForCommand() != null) {
                Known target = commands.get(task.waitsForCommand());
                boolean goesOn = target != null
                        && target.last != null
                        && target.partition == cancel.partition
                        && (target.state() instanceof RunState.Retrying || target.state() instanceof RunState.Judging);
                world.check(!goesOn, "%s is to end, and waits for another run", task.waitsForCommand());
            }
        }
    }

    /** Once, and that of the step that has made it. */
    private void artifact(String id, Known known, String type, byte[] value) {
        try {
            JsonNode data = JSON.readTree(value);
            String path = data.path("path").asText();
            JsonNode step = data.path("step");
            world.check(known.artifacts.add(path + " " + step), "%s tells of an artifact twice: %s", id, data);
            if (type.equals("org.dbtrelay.artifact.ready")) {
                known.artifactsReady.add(path);
                SimRun run = world.cloud().find(data.path("run_id").asLong());
                world.check(
                        run == null
                                || !path.equals("catalog.json")
                                || step.isNull()
                                || step.asInt() == run.catalogStep(),
                        "%s tells of the catalog of a step that made none: %s",
                        id,
                        data);
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** At most once, after a failure, and more than was told before. */
    private void explained(String id, Known known, byte[] value) {
        Told told = Told.of(value);
        world.check(known.failure != null, "%s explains what was not told of as a failure: %s", id, known.outcome);
        world.check(!known.explained, "%s explains its failure twice", id);
        world.check(
                known.failure == null || told.tellsMoreThan(known.failure),
                "%s explains its failure, and tells no more than before: %s, then %s",
                id,
                known.failure,
                told);
        known.explained = true;
        known.failure = told;
    }

    /** Only what was really started for the command is a stray run of it. */
    private void stray(String id, byte[] event) {
        try {
            long runId = JSON.readTree(event).path("run_id").asLong();
            SimRun run = world.cloud().find(runId);
            world.check(
                    run != null && id.equals(run.commandId),
                    "%s tells of the run %d as its own, which it has not started",
                    id,
                    runId);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * A process has let a request go that starts a run: there must be an intent of its own for just this one.
     *
     * @param cause null: it has none
     */
    void released(SimProcess process, String id, StartCall call, Long jobId, String cause) {
        Known known = id == null ? null : commands.get(id);
        world.trace().say(process.name(), "sends a %s for %s", call, id);
        world.check(
                cause == null || (id != null && id.equals(idOf(cause))),
                "%s sends a trigger for %s with the cause %s",
                process.name(),
                id,
                cause);
        Intent intent = known == null
                ? null
                : known.intents.reversed().stream()
                        .filter(it -> it.process == process && !it.used && it.allows(call, jobId))
                        .findFirst()
                        .orElse(null);
        world.check(intent != null, "%s sends a %s for %s without a committed intent", process.name(), call, id);
        if (intent != null) {
            intent.used = true;
            long late = world.scheduler().now() - intent.begunAt;
            world.check(
                    late < SEND_WINDOW,
                    "%s sends a %s for %s %d ms after it was decided",
                    process.name(),
                    call,
                    id,
                    late / 1_000_000);
        }
    }

    private static String text(Headers headers, String name) {
        Header header = headers.lastHeader(name);
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }
}
