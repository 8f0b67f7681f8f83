package org.dbtrelay.run.command;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.dbtrelay.run.job.FailurePattern;
import org.dbtrelay.run.job.FailurePatterns;

/**
 * Builds policies for tests. Unless something else is set, there is no connection, a run is polled every 10 s for a day at most, and no
 * failure is transient.
 */
public final class SamplePolicy {

    private Map<String, Policy.ForConnection> connections = Map.of();
    private RunOptions.Defaults defaults = new RunOptions.Defaults(
            Duration.ofSeconds(10), Duration.ofHours(24), null, false, IfRunning.QUEUE, List.of("manifest.json"));
    private Map<Long, RequestedOptions> jobs = Map.of();
    private FailurePatterns patterns = FailurePatterns.NONE;

    /** With one connection, {@code default}. */
    public static SamplePolicy of(Policy.ForConnection connection) {
        SamplePolicy policy = new SamplePolicy();
        policy.connections = Map.of("default", connection);
        return policy;
    }

    public SamplePolicy defaults(RunOptions.Defaults value) {
        defaults = value;
        return this;
    }

    /** With options for one job. */
    public SamplePolicy job(long jobId, RequestedOptions options) {
        jobs = Map.of(jobId, options);
        return this;
    }

    public SamplePolicy patterns(FailurePattern... values) {
        patterns = new FailurePatterns(List.of(values));
        return this;
    }

    public Policy build() {
        return new Policy(
                "test",
                "ledger",
                Duration.ofDays(7),
                Duration.ofDays(8),
                Duration.ofSeconds(155),
                Duration.ofSeconds(5),
                Duration.ofMinutes(15),
                Duration.ofMinutes(5),
                Duration.ofMinutes(1),
                connections,
                defaults,
                jobs,
                patterns,
                Map.of());
    }
}
