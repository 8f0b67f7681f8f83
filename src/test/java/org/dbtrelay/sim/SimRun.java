package org.dbtrelay.sim;

/** A run of the simulated dbt Cloud: what will become of it is known from the start. Times are simulated nanoseconds. */
final class SimRun {
    final long id;
    final long jobId;
    final String cause;

    /** The command whose request has started it; null: a person has. */
    final String commandId;

    /** The run that it resumes; null: none. */
    final Long retryOf;

    final long createdAt;
    long visibleAt;
    long readableAt;
    long startingAt;
    long runningAt;
    long endsAt;
    long savedAt;
    long vanishesAt = Long.MAX_VALUE;
    long cancelledAt = Long.MAX_VALUE;
    int ending = 10;

    /** How long after its end the log of its step is empty, and after all is saved its results cannot be read. */
    long logLag;

    long resultsLag;

    /** dbt Cloud's word for why it cannot be retried although it has failed; null: nothing speaks against it. */
    String notRetryable;

    /** Whether its failure, if it is one, is of a kind that passes by itself; else a test has found something. */
    boolean passes;

    /** How many requests to cancel it have come in. */
    int cancels;

    /** The step whose catalog was asked for before that of any other; null: none was. */
    private Integer firstAsked;

    private int ofFirst;
    private int ofOther;

    SimRun(long id, long jobId, String cause, String commandId, Long retryOf, long createdAt) {
        this.id = id;
        this.jobId = jobId;
        this.cause = cause;
        this.commandId = commandId;
        this.retryOf = retryOf;
        this.createdAt = createdAt;
    }

    /** dbt Cloud's code at a time. */
    int statusAt(long time) {
        if (time >= cancelledAt) {
            return 30;
        }
        if (time >= endsAt) {
            return ending;
        }
        return time >= runningAt ? 3 : time >= startingAt ? 2 : 1;
    }

    boolean hasEndedAt(long time) {
        return statusAt(time) >= 10;
    }

    /** Whether it has failed in everybody's words: dbt Cloud cancels what runs into its time-out. */
    boolean failedAt(long time) {
        return statusAt(time) == 20 || timedOutAt(time);
    }

    boolean timedOutAt(long time) {
        return statusAt(time) == 30 && cancelledAt == Long.MAX_VALUE && id % 2 == 0;
    }

    /** For a while after its end some runs show no steps, a few of them for longer than the relay's patience. */
    boolean hasStepsAt(long time) {
        return id % 3 != 0 || time >= endedAt() + (id % 2 == 0 ? logLag / 2 : 4 * logLag);
    }

    /** For a while after their end the step of some failed runs is still called running. */
    boolean isStepSettledAt(long time) {
        return id % 5 != 0 || hasLogAt(time);
    }

    /** A run that succeeds can have a second step, for the docs. */
    boolean hasDocs() {
        return ending == 10 && cancelledAt == Long.MAX_VALUE && id % 7 < 4;
    }

    /** The number of the step that leaves a catalog: of dbt v2 the first, which builds, else that of the docs; 0: none does. */
    int catalogStep() {
        boolean isV2 = ending == 10 && cancelledAt == Long.MAX_VALUE && id % 11 < 5;
        return isV2 ? 1 : hasDocs() ? 2 : 0;
    }

    /** The catalog of this step is asked for; of the last step, if there is no number. */
    void catalogAsked(Integer step) {
        if (step == null) {
            return;
        }
        firstAsked = firstAsked == null ? step : firstAsked;
        if (isOther(step)) {
            ofOther++;
        } else {
            ofFirst++;
        }
    }

    /** Whether it is not the step whose catalog was asked for first. */
    boolean isOther(Integer step) {
        return step != null && !step.equals(firstAsked);
    }

    /** Whether the other step was asked at most once each time that the first one was. */
    boolean isOtherAskedOnce() {
        return ofOther <= ofFirst;
    }

    boolean hasLogAt(long time) {
        return time >= endedAt() + logLag;
    }

    boolean hasResultsAt(long time) {
        return time >= savedAt + resultsLag;
    }

    long endedAt() {
        return Math.min(endsAt, cancelledAt);
    }

    /** A cancellation takes effect after the delay, if the run has not ended by then. */
    void cancel(long effectAt) {
        if (effectAt < endsAt && cancelledAt == Long.MAX_VALUE) {
            cancelledAt = effectAt;
            savedAt = effectAt;
        }
    }

    /** Nobody could have found it within the time that is taken for granted. */
    boolean wasHidden() {
        return visibleAt - createdAt >= SimConfig.LAG.toNanos() || vanishesAt < Long.MAX_VALUE;
    }
}
