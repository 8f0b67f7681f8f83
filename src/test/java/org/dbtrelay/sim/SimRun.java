package org.dbtrelay.sim;

/** A run of the simulated dbt Cloud: what will become of it is known from the start. Times are simulated nanoseconds. */
final class SimRun {
    final long id;
    final long jobId;
    final String cause;
    final long createdAt;
    final long visibleAt;
    final long readableAt;
    final long startingAt;
    final long runningAt;
    final long vanishesAt;
    final int ending;
    long endsAt;
    long savedAt;
    long cancelledAt = Long.MAX_VALUE;

    SimRun(
            long id,
            long jobId,
            String cause,
            long createdAt,
            long visibleAt,
            long readableAt,
            long startingAt,
            long runningAt,
            long endsAt,
            long savedAt,
            long vanishesAt,
            int ending) {
        this.id = id;
        this.jobId = jobId;
        this.cause = cause;
        this.createdAt = createdAt;
        this.visibleAt = visibleAt;
        this.readableAt = readableAt;
        this.startingAt = startingAt;
        this.runningAt = runningAt;
        this.endsAt = endsAt;
        this.savedAt = savedAt;
        this.vanishesAt = vanishesAt;
        this.ending = ending;
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

    /** A cancellation takes effect after the delay, if the run has not ended by then. */
    void cancel(long effectAt) {
        if (effectAt < endsAt && cancelledAt == Long.MAX_VALUE) {
            cancelledAt = effectAt;
            savedAt = effectAt;
        }
    }
}
