package org.dbtrelay.run.state;

import java.time.Instant;
import org.dbtrelay.run.job.Target;

/**
 * The last intent of a command that has led to a run or may have.
 *
 * @param at when it was decided
 */
public record JobStart(Target target, long jobId, Instant at) {}
