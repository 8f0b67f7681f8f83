package org.dbtrelay.run.command;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dbtrelay.run.job.FailurePatterns;
import org.jspecify.annotations.Nullable;

/**
 * The permissions and defaults of the configuration, as values.
 *
 * @param deployment {@code relay.name}, part of the marker
 * @param ledger the name of the ledger, part of what the marker's token is made of
 * @param maxCommandAge older records are dead letters
 * @param retention how long a finished id is remembered
 * @param unclearWait W of the ledger protocol: after it, a run that was not found was not started
 * @param sendWindow T_send: a trigger is not sent later than this after its intent was decided
 * @param cancelPatience how long after its deadline a command waits for the end of a run that it cancels
 * @param artifactPatience how long artifacts of an ended run are waited for
 * @param longestPollGap no run is polled less often, unless its poll interval is longer
 * @param connections by name
 * @param defaults the terms where neither the command, nor its job, nor its connection says anything
 * @param jobs what is configured about the terms of a job, by its id
 * @param patterns by which a failure is transient
 * @param observed the connections whose runs are observed, by name
 */
public record Policy(
        String deployment,
        String ledger,
        Duration maxCommandAge,
        Duration retention,
        Duration unclearWait,
        Duration sendWindow,
        Duration cancelPatience,
        Duration artifactPatience,
        Duration longestPollGap,
        Map<String, ForConnection> connections,
        RunOptions.Defaults defaults,
        Map<Long, RequestedOptions> jobs,
        FailurePatterns patterns,
        Map<String, Observed> observed) {

    public Policy {
        observed = Map.copyOf(observed);
        connections = Map.copyOf(connections);
        jobs = Map.copyOf(jobs);
    }

    /**
     * This policy for a ledger that began in the given Kafka cluster. Deployments in two clusters may well have the same names,
     * and one dbt Cloud account; their runs are not each other's.
     *
     * @param clusterId Kafka's id of the cluster; null: a build that did not ask for it has begun what is unfinished
     */
    public Policy inCluster(@Nullable String clusterId) {
        return new Policy(
                deployment,
                clusterId == null ? ledger : clusterId + "/" + ledger,
                maxCommandAge,
                retention,
                unclearWait,
                sendWindow,
                cancelPatience,
                artifactPatience,
                longestPollGap,
                connections,
                defaults,
                jobs,
                patterns,
                observed);
    }

    /**
     * The terms of a command: its own wishes go before those of its job, those before its connection's.
     *
     * @param jobId null as long as the job is not known
     */
    public RunOptions options(RequestedOptions requested, String connection, @Nullable Long jobId, Instant acceptedAt) {
        RequestedOptions ofJob =
                jobId == null ? RequestedOptions.NONE : jobs.getOrDefault(jobId, RequestedOptions.NONE);
        @Nullable ForConnection of = connections.get(connection);
        return requested
                .or(ofJob)
                .or(of == null ? RequestedOptions.NONE : of.requested())
                .over(defaults, acceptedAt);
    }

    /**
     * The terms of the command that follows an observed run: those of its connection's observation. One whose connection is not observed
     * any more is followed to its end all the same.
     */
    public RequestedOptions observing(String connection) {
        @Nullable Observed of = observed.get(connection);
        return of == null ? UNOBSERVED : of.requested();
    }

    private static final RequestedOptions UNOBSERVED =
            new RequestedOptions(null, Duration.ofDays(3), false, null, null, List.of());

    /**
     * The permissions of commands on one connection.
     *
     * @param jobs null: any
     * @param accounts those that a command may name, the connection's own among them
     * @param runConfigFields null: all that dbt Cloud documents
     * @param maxInFlight how many runs may be in flight at once, per partition; null: any number
     * @param maxInFlightPerJob likewise, of one job
     * @param requested what it says about the terms of its commands
     */
    public record ForConnection(
            long accountId,
            @Nullable Set<Long> jobs,
            Set<Long> accounts,
            boolean stepsOverride,
            boolean schemaOverride,
            @Nullable Set<String> runConfigFields,
            @Nullable Integer maxInFlight,
            @Nullable Integer maxInFlightPerJob,
            RequestedOptions requested) {}
}
