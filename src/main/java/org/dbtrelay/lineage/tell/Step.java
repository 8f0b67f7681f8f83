package org.dbtrelay.lineage.tell;

import java.time.Instant;

/**
 * A step of a run that ran a command of dbt.
 *
 * @param index from 1, as dbt Cloud counts
 * @param command of dbt, without secrets
 * @param status as that of a run, in a word
 * @param begun by dbt Cloud's clock
 * @param ended when the next step began, or the run ended
 * @param builds whether it builds or tests nodes
 * @param catalogStep the step whose catalog tells of what it has built; 0: none does
 */
public record Step(
        int index, String command, String status, Instant begun, Instant ended, boolean builds, int catalogStep) {}
