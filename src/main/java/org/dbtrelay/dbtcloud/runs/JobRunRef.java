package org.dbtrelay.dbtcloud.runs;

/** A reference to a run: ids of runs are an account's (Airflow's {@code JobRunInfo}). */
public record JobRunRef(long accountId, long runId) {}
