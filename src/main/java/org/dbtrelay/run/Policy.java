package org.dbtrelay.run;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is allowed and what holds where a command is silent, as values.
 *
 * @param deployment {@code relay.name}, part of the marker
 * @param ledgerTopic part of what the marker's token is made of
 * @param maxCommandAge older records are dead letters
 * @param retention how long a finished id is remembered
 * @param unclearWait W of the ledger protocol: after it, a run that was not found was not started
 * @param sendWindow T_send: a trigger is not sent later than this after its intent was decided
 * @param artifactPatience how long artifacts of an ended run are waited for
 * @param connections by name
 * @param defaults for every job that is not in {@code jobs}
 * @param jobs by job id
 */
public record Policy(
        String deployment,
        String ledgerTopic,
        Duration maxCommandAge,
        Duration retention,
        Duration unclearWait,
        Duration sendWindow,
        Duration artifactPatience,
        Map<String, ForConnection> connections,
        Defaults defaults,
        Map<Long, Defaults> jobs) {

    public Policy {
        connections = Map.copyOf(connections);
        jobs = Map.copyOf(jobs);
    }

    /** What holds for a job, known or not. */
    public Defaults forJob(@Nullable Long jobId) {
        return jobId == null ? defaults : jobs.getOrDefault(jobId, defaults);
    }

    /**
     * What commands may ask of a connection.
     *
     * @param jobs null: any
     * @param accounts those that a command may name, the connection's own among them
     * @param runConfigFields null: all that dbt Cloud documents
     */
    public record ForConnection(
            long accountId,
            @Nullable Set<Long> jobs,
            Set<Long> accounts,
            boolean stepsOverride,
            boolean schemaOverride,
            @Nullable Set<String> runConfigFields) {}

    /**
     * What holds where a command is silent.
     *
     * @param cancelAtDeadline else a run is abandoned at its deadline
     * @param parkUnclear see {@link Order}
     */
    public record Defaults(
            Duration pollInterval,
            Duration timeout,
            boolean cancelAtDeadline,
            boolean parkUnclear,
            List<String> artifacts) {}
}
