package org.dbtrelay.run.state;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.CancelReason;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.WantedArtifact;
import org.jspecify.annotations.Nullable;

/**
 * The state of a command. Each state carries the values that are legal in it, and nothing else.
 *
 * <pre>
 *   Waiting ─▶ Starting ─▶ Following ─▶ Collecting ─▶ Finished
 *      ▲          │           │  └▶ Cancelling ─┘
 *      │└ Searching ◀┘ unclear ├ found: adopted
 *      └── Retrying ◀─ Judging ◀┘ failed, and another run may follow
 *
 *   Joined ─▶ Following, when the command that leads has a run, or ─▶ Waiting, to lead
 * </pre>
 */
public sealed interface RunState {

    /** The word for it, in the ledger, over HTTP and in the log. */
    default String label() {
        return switch (this) {
            case Waiting waiting -> "waiting";
            case Starting starting -> "starting";
            case Searching searching -> "looking";
            case Following following -> "following";
            case Cancelling cancelling -> "cancelling";
            case Judging judging -> "judging";
            case Retrying retrying -> "retrying";
            case Joined joined -> "joined";
            case Collecting collecting -> "collecting";
            case Finished finished -> "finished";
        };
    }

    /** States of a command whose run is in flight. */
    sealed interface WithRun extends RunState {
        /** The run as it was last seen. */
        RunSnapshot run();
    }

    /**
     * Accepted, and nothing of it is on its way to dbt Cloud.
     *
     * @param failures how many times in a row dbt Cloud could not be reached; sets the back-off
     * @param notBefore do nothing until then; null: at once
     */
    record Waiting(
            StartAttempts starts, int failures, @Nullable Instant notBefore) implements RunState {}

    /**
     * The intent is recorded: from here on a POST may have been sent.
     *
     * @param failures how many times in a row dbt Cloud could not be reached before
     */
    record Starting(StartAttempts starts, StartCall call, int failures) implements RunState {
        /** The number of the intent, from 1. */
        public int attempt() {
            return starts.attempts();
        }
    }

    /**
     * A POST may or may not have started a run: the relay searches for it until W is over, and never sent again before.
     *
     * @param since when this owner began to be in doubt, by its own clock
     * @param searches how many searches found nothing, or failed
     * @param nextSearch when the next search is due; null: one is under way
     */
    record Searching(
            StartAttempts starts,
            StartCall call,
            Instant since,
            int searches,
            @Nullable Instant nextSearch) implements RunState {

        /** In doubt from now on; the first search is under way. */
        public static Searching begin(StartAttempts starts, StartCall call, Instant now) {
            return new Searching(starts, call, now, 0, null);
        }

        /** One more search has found nothing. */
        public Searching searchAgainAt(Instant at) {
            return new Searching(starts, call, since, searches + 1, at);
        }

        public boolean isDue(Instant now) {
            return nextSearch != null && !nextSearch.isAfter(now);
        }

        /** The number of the intent, from 1. */
        public int attempt() {
            return starts.attempts();
        }
    }

    /** States in which the relay polls the run. */
    sealed interface InFlight extends WithRun {
        /** dbt Cloud has answered 404 since then; null: it knows the run. */
        @Nullable
        Instant missingSince();

        /** The same, with dbt Cloud answering 404 from now on. */
        InFlight missing(Instant now);
    }

    /**
     * The run is known and watched.
     *
     * @param changedAt when its status was last seen to change; sets the gap to the next poll
     * @param missingSince dbt Cloud has answered 404 since then; null: it knows the run
     */
    record Following(
            RunSnapshot run, Instant changedAt, @Nullable Instant missingSince) implements InFlight {
        @Override
        public Following missing(Instant now) {
            return new Following(run, changedAt, now);
        }
    }

    /**
     * The run is to be cancelled, which is done when dbt Cloud says so.
     *
     * @param askedAt when it was last asked to
     * @param tries how many times it was asked to
     * @param missingSince dbt Cloud has answered 404 since then; null: it knows the run
     * @param trouble why the last cancel that failed did so; null: none has failed
     */
    record Cancelling(
            RunSnapshot run,
            CancelReason reason,
            Instant askedAt,
            int tries,
            @Nullable Instant missingSince,
            @Nullable String trouble)
            implements InFlight {

        /** The relay repeats a cancellation that shows no effect for so long. */
        private static final Duration CANCEL_AGAIN = Duration.ofMinutes(1);

        @Override
        public Cancelling missing(Instant now) {
            return new Cancelling(run, reason, askedAt, tries, now, trouble);
        }

        /** dbt Cloud knows the run. */
        public Cancelling seen() {
            return missingSince == null ? this : new Cancelling(run, reason, askedAt, tries, null, trouble);
        }

        public Cancelling askedAgain(Instant now) {
            return new Cancelling(run, reason, now, tries + 1, missingSince, trouble);
        }

        public Cancelling failed(String why) {
            return new Cancelling(run, reason, askedAt, tries, missingSince, why);
        }

        /** A cancellation that was answered, or should have been, has shown no effect for long enough. */
        public boolean isToAskAgain(Instant now) {
            return !askedAt.plus(CANCEL_AGAIN).isAfter(now);
        }

        /** The last cancel failed, and its back-off is over. */
        public boolean isToTryAgain(Instant now) {
            return trouble != null && !askedAt.plus(BackOff.after(tries)).isAfter(now);
        }
    }

    /**
     * The run has failed, and it is not known yet why: that decides whether there is another run, so its end is not told yet.
     *
     * @param previous the status that was told last; null: it is the same, or none was told
     * @param until when patience is over
     * @param tries how often the end was read since
     */
    record Judging(RunSnapshot run, @Nullable JobRunStatus previous, Instant until, int tries) implements WithRun {

        private static final Duration LAST_TRY = Duration.ofMinutes(1);

        /** When it is over, whether or not anything was answered: a last try may be under way at the end of patience. */
        public Instant over() {
            return until.plus(LAST_TRY);
        }

        /** When the end is to be read again: soon if the answer came after patience but tells of a time before, for that is the last read. */
        public Instant again(Instant asOf, Instant now) {
            return now.plus(BackOff.after(asOf.isBefore(until) && !now.isBefore(until) ? 0 : tries));
        }

        /** The end was read once more. */
        public Judging readAgain() {
            return new Judging(run, previous, until, tries + 1);
        }
    }

    /**
     * The run has failed, which is told, and the pause before another run is not over. The run is in the entry.
     *
     * @param at when the pause is over
     */
    record Retrying(Instant at) implements RunState {}

    /** Another command starts the run that this one wants, too: it has no turn, no slot and no request of its own. */
    record Joined() implements RunState {}

    /**
     * The run has ended and its end is told; its artifacts are still to come, or why it failed.
     *
     * @param outcome the type of the one event that has ended it
     * @param reason the wire name of its reason; null if it has none
     * @param remaining the artifacts that have not been told of yet; their steps are not chosen as long as no step is known
     * @param until when patience is over; moves on while dbt Cloud cannot be asked
     * @param tries how often they were asked for
     * @param askedAt when something was last asked for
     * @param latest {@code until} moves no further
     * @param nextCollect when the artifacts are to be asked for again; null: they are being asked for, or cannot be yet
     * @param explaining the parts of the end itself that are still to be read; null: all was told
     */
    record Collecting(
            RunSnapshot run,
            EventType outcome,
            @Nullable String reason,
            List<WantedArtifact> remaining,
            Instant until,
            int tries,
            Instant askedAt,
            Instant latest,
            @Nullable Instant nextCollect,
            @Nullable Explaining explaining)
            implements WithRun {

        /** Time without dbt Cloud does not count against patience, but nothing stays open for ever. */
        private static final Duration AWAY = Duration.ofHours(1);

        private static final Duration LAST_TRY = Duration.ofMinutes(1);

        public Collecting {
            remaining = List.copyOf(remaining);
        }

        /** The run's end is told at a time, and patience begins. */
        public static Collecting begin(
                RunSnapshot run,
                EventType outcome,
                @Nullable String reason,
                List<WantedArtifact> remaining,
                @Nullable Explaining explaining,
                Instant now,
                Duration patience) {
            Instant until = now.plus(patience);
            return new Collecting(run, outcome, reason, remaining, until, 0, now, until.plus(AWAY), null, explaining);
        }

        /** When it is over, whether or not anything was answered: a last try may be under way at the end of patience. */
        public Instant over() {
            return latest.plus(LAST_TRY);
        }

        /**
         * When something is to be asked for again: soon if the answer came after patience but tells of a time before, for that is the
         * last time.
         *
         * @param failures how often it was asked for in vain before
         */
        public Instant again(int failures, Instant asOf, Instant now) {
            return now.plus(BackOff.after(asOf.isBefore(until) && !now.isBefore(until) ? 0 : failures));
        }

        /** Nothing is left to be told. */
        public boolean isDone() {
            return remaining.isEmpty() && explaining == null;
        }

        /** The artifacts can be asked for: it is known which steps they are of. */
        public boolean canCollect() {
            return !remaining.isEmpty()
                    && (explaining == null || !explaining.missing().contains(RunEnd.Part.STEPS));
        }

        /** It is time to ask for the artifacts again. */
        public boolean isToCollect(Instant now) {
            return canCollect() && nextCollect != null && !nextCollect.isAfter(now);
        }

        public Collecting with(List<WantedArtifact> left) {
            return new Collecting(run, outcome, reason, left, until, tries, askedAt, latest, nextCollect, explaining);
        }

        public Collecting with(@Nullable Explaining left) {
            return new Collecting(run, outcome, reason, remaining, until, tries, askedAt, latest, nextCollect, left);
        }

        public Collecting collectAgainAt(Instant at) {
            return new Collecting(run, outcome, reason, remaining, until, tries + 1, askedAt, latest, at, explaining);
        }

        /**
         * Something was asked for. If dbt Cloud could not be asked at all, because the account is shut out, the connection
         * refused or nothing can be sent, the time that went by is given back.
         */
        public Collecting asked(@Nullable CallFailure failure, Instant now) {
            Instant moved = until;
            if (failure != null && failure.cutsOff() && askedAt.isBefore(now)) {
                moved = until.plus(Duration.between(askedAt, now));
                moved = moved.isAfter(latest) ? latest : moved;
            }
            return new Collecting(run, outcome, reason, remaining, moved, tries, now, latest, nextCollect, explaining);
        }
    }

    /**
     * The parts of a run's end that could not be told with it.
     *
     * @param untold parts that were missing then
     * @param missing parts that were missing when it was last read
     * @param tries how often it was read since
     */
    record Explaining(Set<RunEnd.Part> untold, Set<RunEnd.Part> missing, int tries) {
        public Explaining {
            untold = RunEnd.Part.inOrder(untold);
            missing = RunEnd.Part.inOrder(missing);
        }
    }

    /**
     * Over. Only what is needed to know the id again is kept, and what a person looks for it by. A million of them may be in
     * memory, so this is no record: it holds numbers in place of objects.
     */
    final class Finished implements RunState {

        /** Ids of dbt Cloud are greater. */
        private static final long NONE = 0;

        private static final long NANOS_PER_SECOND = 1_000_000_000;

        private final EventType outcome;
        private final @Nullable String reason;
        private final @Nullable String connection;
        private final long runId;
        private final long jobId;
        private final long atNanos;

        /**
         * As it ends.
         *
         * @param outcome the type of the one event that ended it
         * @param reason the wire name of its reason; null if it has none
         * @param runId null if there was no run
         * @param at with which it ended, between the years 1678 and 2262
         * @param connection null: an earlier build has finished it
         * @param jobId null: it was never known, or likewise
         */
        public Finished(
                EventType outcome,
                @Nullable String reason,
                @Nullable Long runId,
                Instant at,
                @Nullable String connection,
                @Nullable Long jobId) {
            this.outcome = outcome;
            this.reason = reason;
            // Few names in many entries.
            this.connection = connection == null ? null : connection.intern();
            this.runId = runId == null ? NONE : runId;
            this.jobId = jobId == null ? NONE : jobId;
            this.atNanos = Math.addExact(Math.multiplyExact(at.getEpochSecond(), NANOS_PER_SECOND), at.getNano());
        }

        public EventType outcome() {
            return outcome;
        }

        public @Nullable String reason() {
            return reason;
        }

        public @Nullable Long runId() {
            return runId == NONE ? null : Long.valueOf(runId);
        }

        public Instant at() {
            return Instant.ofEpochSecond(
                    Math.floorDiv(atNanos, NANOS_PER_SECOND), Math.floorMod(atNanos, NANOS_PER_SECOND));
        }

        public @Nullable String connection() {
            return connection;
        }

        public @Nullable Long jobId() {
            return jobId == NONE ? null : Long.valueOf(jobId);
        }

        /**
         * Whether the id need not be remembered any more. Nobody asks for the wake-up at that time: all are remembered
         * equally long, so who keeps the finished entries in order knows whose turn it is.
         */
        public boolean isForgotten(Instant now, Duration retention) {
            return !now.isBefore(at().plus(retention));
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Finished that
                    && outcome == that.outcome
                    && Objects.equals(reason, that.reason)
                    && Objects.equals(connection, that.connection)
                    && runId == that.runId
                    && jobId == that.jobId
                    && atNanos == that.atNanos;
        }

        @Override
        public int hashCode() {
            return Objects.hash(outcome, reason, connection, runId, jobId, atNanos);
        }

        @Override
        public String toString() {
            return "Finished[outcome=%s, reason=%s, runId=%s, at=%s, connection=%s, jobId=%s]"
                    .formatted(outcome, reason, runId(), at(), connection, jobId());
        }
    }
}
