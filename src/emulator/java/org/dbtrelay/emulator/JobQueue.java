package org.dbtrelay.emulator;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.SequencedSet;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The runs of one job: one executes at a time, in the order of creation, the others wait at status 1. Guarded by
 * {@link RunLife}.
 */
final class JobQueue {
    /** All runs of the job by id. */
    final NavigableMap<Long, Run> runs = new TreeMap<>();
    /** Plans for the next runs, before the job's own. */
    final Deque<RunPlan> nextPlans = new ArrayDeque<>();

    int planned;
    /** When the next call of {@link #settle} does something; kept by {@link RunLife}. {@link Instant#MAX}: never by itself. */
    Instant due = Instant.MAX;

    final long jobId;
    private final SequencedSet<Run> waiting = new LinkedHashSet<>();
    private @Nullable Run current;
    private Instant freeSince = Instant.MIN;

    JobQueue(long jobId) {
        this.jobId = jobId;
    }

    void enter(Run run) {
        runs.put(run.id, run);
        waiting.add(run);
    }

    /** Lets time pass until {@code now}: ends the run that executes and starts the next ones, as often as due. */
    void settle(Instant now, double speed) {
        while (true) {
            if (current != null) {
                if (!current.isOver(now)) {
                    return;
                }
                freeSince = Objects.requireNonNull(current.endsAt, "a run that is over has an end");
                current = null;
            }
            if (waiting.isEmpty()) {
                return;
            }
            Run next = waiting.getFirst();
            Instant when = turnOf(next);
            if (when.isAfter(now)) {
                return;
            }
            waiting.removeFirst();
            next.dequeue(when, speed);
            current = next;
        }
    }

    /** When {@link #settle} is to be called next. */
    Instant nextChange() {
        if (current != null) {
            return current.endsAt == null ? Instant.MAX : current.endsAt;
        }
        return waiting.isEmpty() ? Instant.MAX : turnOf(waiting.getFirst());
    }

    private Instant turnOf(Run next) {
        Instant ready = next.createdAt.plus(next.plan.queued());
        return ready.isBefore(freeSince) ? freeSince : ready;
    }

    /** Takes a run out of the queue before its turn; false if it was not waiting. */
    boolean leave(Run run) {
        return waiting.remove(run);
    }

    /** Makes a waiting run the one that executes; whatever executes now is overtaken by force. */
    void promote(Run run) {
        waiting.remove(run);
        current = run;
    }

    /** The run that executes, which all waiting ones are blocked by; null if there is none. */
    @Nullable
    Run current() {
        return current;
    }

    long newestId() {
        return runs.isEmpty() ? 0 : runs.lastKey();
    }
}
