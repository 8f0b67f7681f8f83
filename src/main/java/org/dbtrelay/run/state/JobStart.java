package org.dbtrelay.run.state;

import java.time.Instant;
import org.dbtrelay.run.job.Target;
import org.jspecify.annotations.Nullable;

/**
 * The last intent of a command that has led to a run or may have.
 *
 * @param at when it was decided
 * @param answeredAt when its run was known, so dbt Cloud had started it by then; null: no run is known
 */
public record JobStart(
        Target target, long jobId, Instant at, @Nullable Instant answeredAt) {

    /** The intent has led to a run. */
    public JobStart answered(Instant now) {
        return new JobStart(target, jobId, at, now);
    }

    /** The run was started no later, as far as is known: a request may be on its way for as long as the read time-out. */
    public Instant latest() {
        return answeredAt == null ? at : answeredAt;
    }
}
