package org.dbtrelay.run.observe;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.dbtrelay.run.command.Observed;
import org.dbtrelay.run.job.CauseMarker;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * Decides which runs of an account are told of that no command of this deployment has started, for one claim. Pure but for what it
 * remembers: the runs above its cursor that it has seen.
 *
 * <p>A list can show a run late, so the cursor stays behind: it passes a run only when a listing that began {@link Observed#overlap} after
 * the run was first seen has come past it, for by then every older run shows. Both times are of the clock of this claim, so nothing
 * depends on dbt Cloud's. Runs whose ids are not in the order of their creation are covered by {@link Observed#overlapRuns}.
 *
 * <p>A run that is listed again is not told again: this claim remembers it, and after a claim the id of its command does.
 */
public final class Observation {

    /** A row that cannot be read may be of any run; but it must not hold up the cursor for ever. */
    private static final Duration UNREADABLE_PATIENCE = Duration.ofMinutes(15);

    private final Observed observed;
    private final String deployment;
    private final NavigableMap<Long, Seen> seen = new TreeMap<>();
    private @Nullable ObserveCursor cursor;

    /** The listing that is under way. */
    private long next;

    private @Nullable Long listingBegunNanos;
    private boolean listingWhole = true;
    private boolean isFull;
    private @Nullable Long unreadableSinceNanos;
    private Instant caughtUpAt;

    /**
     * Goes on at a cursor.
     *
     * @param deployment whose marker makes a run ours
     * @param cursor null: it has not begun yet
     */
    public Observation(Observed observed, String deployment, @Nullable ObserveCursor cursor, Instant now) {
        this.observed = observed;
        this.deployment = deployment;
        this.cursor = cursor;
        this.next = cursor == null ? 0 : cursor.above();
        this.caughtUpAt = cursor == null ? now : cursor.at();
    }

    private static final class Seen {
        private final long firstNanos;
        private long lastNanos;
        private boolean done;

        Seen(long firstNanos) {
            this.firstNanos = firstNanos;
        }
    }

    /**
     * What follows from a page.
     *
     * @param found the runs to follow, oldest first
     * @param cursor to be recorded with them; null: it stays
     * @param wantsMore whether the listing goes on at once, with the next page
     */
    public record Step(List<RunSnapshot> found, @Nullable ObserveCursor cursor, boolean wantsMore) {
        static final Step NOTHING = new Step(List.of(), null, false);

        public Step {
            found = List.copyOf(found);
        }
    }

    /** Above which id the next page is to be listed; null: it has not begun, and wants a cursor first. */
    public @Nullable Long above() {
        return cursor == null ? null : Long.valueOf(next);
    }

    /** Below this everything is dealt with for good. */
    public long floor() {
        return cursor == null ? 0 : cursor.above();
    }

    /** Whether everything that the listing has met so far is dealt with. */
    public boolean isWhole() {
        return listingWhole && !isFull;
    }

    /** Up to when every run that dbt Cloud listed is dealt with. */
    public Instant caughtUpAt() {
        return caughtUpAt;
    }

    /** Begins, unless it has: everything up to the cursor counts as dealt with. */
    public Step begin(ObserveCursor first) {
        if (cursor != null) {
            return Step.NOTHING;
        }
        cursor = first;
        next = first.above();
        return new Step(List.of(), first, true);
    }

    /** Takes a page; one that was asked for at another place is late, and counts for nothing. */
    public Step take(ListedRuns listed, Instant now) {
        if (cursor == null || listed.above() != next) {
            return Step.NOTHING;
        }
        if (listingBegunNanos == null) {
            listingBegunNanos = listed.askedNanos();
            listingWhole = true;
        }
        List<RunSnapshot> found = new ArrayList<>();
        boolean full = false;
        long last = next;
        for (ListedRun row : listed.runs()) {
            RunSnapshot run = row.run();
            Seen known = seen.computeIfAbsent(run.runId(), id -> new Seen(listed.answeredNanos()));
            known.lastNanos = listed.answeredNanos();
            if (!known.done) {
                switch (whose(row)) {
                    case NOBODYS_TO_TELL -> known.done = true;
                    case UNDECIDED -> listingWhole = false;
                    case TO_BE_TOLD -> {
                        full |= found.size() >= listed.room();
                        if (!full) {
                            found.add(run);
                            known.done = true;
                        }
                    }
                }
            }
            if (full) {
                behind(run);
                break;
            }
            last = Math.max(last, run.runId());
        }
        unreadable(listed);
        boolean ends = !full && (listed.isLast() || last == next);
        @Nullable Long passed = passed(last);
        next = last;
        if (ends) {
            end(listed.askedAt());
        }
        ObserveCursor before = cursor;
        if (passed != null) {
            cursor = cursor.movedTo(passed, now);
            seen.headMap(passed, true).clear();
        }
        if (ends) {
            next = cursor.above();
        }
        isFull = full;
        boolean changes = !found.isEmpty() || !before.equals(cursor);
        if (changes && passed == null) {
            cursor = cursor.movedTo(cursor.above(), now);
        }
        return new Step(found, changes ? cursor : null, !ends && !full);
    }

    private enum Whose {
        TO_BE_TOLD,
        NOBODYS_TO_TELL,
        UNDECIDED
    }

    /**
     * A run with our marker is that of a command, unless it is a retry: that may show the cause of the run that it resumes. Of a retry, and
     * of a run whose trigger is not told, the ledger knows whose it is.
     */
    private Whose whose(ListedRun row) {
        if (row.standing() == ListedRun.Standing.TOLD || !observed.filter().takes(row.run())) {
            return Whose.NOBODYS_TO_TELL;
        }
        if (!isToBeAsked(row.run())) {
            return isMarked(row.run()) ? Whose.NOBODYS_TO_TELL : Whose.TO_BE_TOLD;
        }
        return switch (row.standing()) {
            case NOT_ASKED, OPEN -> Whose.UNDECIDED;
            case TOLD, OURS -> Whose.NOBODYS_TO_TELL;
            case OTHERS -> Whose.TO_BE_TOLD;
        };
    }

    private boolean isMarked(RunSnapshot run) {
        return CauseMarker.in(run.triggerCause(), deployment).isPresent();
    }

    /** Whether only the ledger knows whose a run is. */
    public static boolean isToBeAsked(RunSnapshot run) {
        return run.retryingRunId() != null || run.triggerCause() == null;
    }

    private void behind(RunSnapshot oldest) {
        if (oldest.createdAt() != null && oldest.createdAt().isBefore(caughtUpAt)) {
            caughtUpAt = oldest.createdAt();
        }
    }

    private void unreadable(ListedRuns listed) {
        if (listed.unreadable() > 0) {
            listingWhole = false;
            if (unreadableSinceNanos == null) {
                unreadableSinceNanos = listed.answeredNanos();
            }
        }
    }

    /** The listing has come to its end. */
    private void end(Instant askedAt) {
        seen.values().removeIf(this::isGone);
        if (listingWhole) {
            caughtUpAt = askedAt;
            unreadableSinceNanos = null;
        }
        listingBegunNanos = null;
    }

    /**
     * How far the cursor may go, when the listing has come up to an id; null: no further. It passes nothing that is not dealt with, and
     * nothing behind which an older run may still show up.
     */
    private @Nullable Long passed(long upTo) {
        if (listingBegunNanos == null || waitsForUnreadable()) {
            return null;
        }
        int left = seen.size() - observed.overlapRuns();
        @Nullable Long passed = null;
        for (Map.Entry<Long, Seen> each : seen.headMap(upTo, true).entrySet()) {
            Seen run = each.getValue();
            if (left-- <= 0
                    || (!run.done && !isGone(run))
                    || listingBegunNanos - run.firstNanos < observed.overlap().toNanos()) {
                return passed;
            }
            passed = each.getKey();
        }
        return passed;
    }

    /** Whether dbt Cloud lists a run no more that still was to be dealt with; a list that lags behind may leave it out for a while. */
    private boolean isGone(Seen run) {
        return !run.done
                && listingBegunNanos != null
                && listingBegunNanos - run.lastNanos >= observed.overlap().toNanos();
    }

    private boolean waitsForUnreadable() {
        return unreadableSinceNanos != null
                && listingBegunNanos != null
                && listingBegunNanos - unreadableSinceNanos < UNREADABLE_PATIENCE.toNanos();
    }
}
