package org.dbtrelay.sim;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.dbtrelay.ledger.entry.EntryCodec;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.run.command.Origin;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.observe.ObserveCursor;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;

/**
 * Runs that dbt Cloud's scheduler, people and other deployments start, and what must hold of an account that is observed: each run that
 * is wanted has one sequence of events with the right end, and none that a command has started has a second one.
 */
final class Observers {

    private static final long SECOND = 1_000_000_000;

    /** Every configuration observes these jobs, and some all. */
    private static final Set<Long> JOBS = Set.of(1L, 2L, 3L);

    private static final List<String> CAUSES = List.of(
            "Scheduled",
            "[relay:neighbour:0123456789abcdef] of another deployment",
            "see [relay:sim:0123456789abcdef]",
            "[relay:simile:0123456789abcdef] of a name that begins like ours",
            "Kicked off from UI");

    private final World world;
    private final Plan plan;
    private final SplittableRandom random;
    private final Set<String> found = new HashSet<>();
    private ObserveCursor first;
    private ObserveCursor last;

    Observers(World world, Plan plan) {
        this.world = world;
        this.plan = plan;
        this.random = new SplittableRandom(plan.seed() * 53 + 17);
    }

    static boolean isFollow(ProducerRecord<byte[], byte[]> record) {
        return record.topic().equals(SimConfig.COMMANDS) && record.headers().lastHeader(Origin.HEADER) != null;
    }

    static boolean isCursor(ProducerRecord<byte[], byte[]> record) {
        return record.topic().equals(SimConfig.LEDGER)
                && new String(record.key(), StandardCharsets.UTF_8).startsWith("o:");
    }

    /** The cursor as it would be if it moved with what is found, and not behind it. */
    static ProducerRecord<byte[], byte[]> movedWith(
            ProducerRecord<byte[], byte[]> record, List<ProducerRecord<byte[], byte[]>> batch) {
        try {
            ObserveCursor cursor = EntryCodec.readCursor(record.value());
            long found = batch.stream()
                    .filter(Observers::isFollow)
                    .map(Observers::id)
                    .mapToLong(id -> Long.parseLong(id.substring(id.lastIndexOf('/') + 1)))
                    .max()
                    .orElse(0);
            ObserveCursor moved = new ObserveCursor(
                    cursor.connection(), cursor.accountId(), Math.max(found, cursor.above()), cursor.at());
            return new ProducerRecord<>(record.topic(), record.partition(), record.key(), EntryCodec.write(moved));
        } catch (LedgerException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String id(ProducerRecord<byte[], byte[]> record) {
        return new String(record.headers().lastHeader(Origin.HEADER).value(), StandardCharsets.UTF_8);
    }

    void begin() {
        if (!plan.observes()) {
            return;
        }
        int runs = 2 + random.nextInt(8);
        for (int i = 0; i < runs; i++) {
            String cause = CAUSES.get(random.nextInt(CAUSES.size()));
            long job = random.nextInt(8) == 0 ? 6 : 1 + random.nextInt(3);
            world.scheduler().after(random.nextLong(plan.troubleUntil() + 20 * SECOND), () -> {
                SimRun run = world.cloud().create(job, cause, null, null);
                world.trace().say("strangers", "start run %d of job %d", run.id, job);
                if (random.nextInt(12) == 0) {
                    run.vanishesAt = world.scheduler().now() + random.nextLong(60 * SECOND);
                }
            });
        }
    }

    /** A cursor is written for good. */
    void cursor(ProducerRecord<byte[], byte[]> record) {
        try {
            ObserveCursor cursor = EntryCodec.readCursor(record.value());
            world.trace().say("ledger", "the cursor is %s", cursor);
            world.check(
                    last == null || last.above() <= cursor.above() || world.mutant() != Mutant.NONE,
                    "the cursor of an observer goes back from %s to %s",
                    last,
                    cursor);
            first = first == null ? cursor : first;
            last = cursor;
        } catch (LedgerException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A command for an observed run is written for good. */
    void found(ProducerRecord<byte[], byte[]> record) {
        String id = id(record);
        world.trace().say("observer", "finds %s", id);
        world.coverage().count("observed", found.add(id) ? "found" : "found again, and known");
    }

    /** Whether all is told that is to be told. */
    boolean isDone() {
        return !plan.observes()
                || isExcused()
                || (first != null
                        && world.scheduler().now() > plan.troubleUntil() + 60 * SECOND
                        && world.cloud().runs().stream().allMatch(run -> !isWanted(run) || isTold(run))
                        && found.stream().allMatch(this::isOver));
    }

    private boolean isOver(String id) {
        Truth.Known known = world.truth().command(id);
        return known != null && known.last != null && known.last.state() instanceof RunState.Finished;
    }

    /** dbt Cloud never lists, or nothing is said about when. */
    private boolean isExcused() {
        return world.lasting() != null && world.lasting().jobId() == null;
    }

    private boolean isWanted(SimRun run) {
        return run.commandId == null
                && first != null
                && run.id > first.above()
                && JOBS.contains(run.jobId)
                && !run.wasHidden()
                && (world.lasting() == null || !world.lasting().concerns(run.jobId))
                && adopter(run) == null;
    }

    private boolean isTold(SimRun run) {
        return isOver(Origin.idOf(SimConfig.ACCOUNT, run.id));
    }

    /** The command that takes the run for its own; null: none does. */
    private Truth.Known adopter(SimRun run) {
        return world.truth().commands().values().stream()
                .filter(known -> known.last != null && known.last.origin() == Origin.COMMAND && known.last.started())
                .filter(known -> Long.valueOf(run.id).equals(runOf(known.last)) || known.failedRuns.contains(run.id))
                .findFirst()
                .orElse(null);
    }

    private static Long runOf(RunEntry entry) {
        return switch (entry.state()) {
            case RunState.WithRun state -> Long.valueOf(state.run().runId());
            case RunState.Finished state -> state.runId();
            case RunState.Waiting _,
                    RunState.Starting _,
                    RunState.Searching _,
                    RunState.Retrying _,
                    RunState.Joined _ -> null;
        };
    }

    void check() {
        if (!plan.observes()) {
            return;
        }
        for (SimRun run : world.cloud().runs()) {
            String id = Origin.idOf(SimConfig.ACCOUNT, run.id);
            Truth.Known told = world.truth().command(id);
            boolean isOurs = run.commandId != null;
            Truth.Known adopter = adopter(run);
            world.check(
                    !isOurs || told == null || adopter == null,
                    "the run %d of %s is told of by %s, too",
                    run.id,
                    run.commandId,
                    id);
            world.check(
                    !isOurs || told == null || run.retryOf != null,
                    "the run %d was started for %s and is observed",
                    run.id,
                    run.commandId);
            world.check(
                    !isWanted(run) || isExcused() || told != null,
                    "the run %d of job %d is missing",
                    run.id,
                    run.jobId);
            if (told != null) {
                world.coverage().count("observed", isOurs ? "a retry that its command gave up" : "told");
                ended(run, told);
            }
        }
    }

    private void ended(SimRun run, Truth.Known told) {
        boolean excused = isExcused()
                || run.vanishesAt < Long.MAX_VALUE
                || run.wasHidden()
                || world.areClocksWrong()
                || (world.lasting() != null && world.lasting().concerns(run.jobId))
                || plan.maxEventBytes() < 10_000;
        world.check(
                excused || (told.outcome != null && told.last.state() instanceof RunState.Finished),
                "%s has no end: %s",
                told.id,
                told.last);
        if (excused || !(told.last.state() instanceof RunState.Finished finished)) {
            return;
        }
        long end = run.endedAt();
        EventType right = switch (run.statusAt(end)) {
            case 10 -> EventType.RUN_SUCCEEDED;
            case 20 -> EventType.RUN_FAILED;
            default -> EventType.RUN_CANCELLED;
        };
        world.check(
                finished.outcome() == right, "%s has ended as %s, and its run %d otherwise", told.id, finished, run.id);
    }
}
