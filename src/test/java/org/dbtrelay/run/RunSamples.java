package org.dbtrelay.run;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Commands, runs and policies to decide about. The command is {@code c1}, the job 7, the run 99. */
final class RunSamples {

    static final Instant T0 = Instant.parse("2026-11-22T10:00:00Z");
    static final JobSelector BY_NAMES = new JobSelector.ByNames(new JobNames("p", "e", "j"));

    private RunSamples() {}

    static Input commanded(Command command) {
        return new Input.Commanded(command, new CommandHash(1, 2), T0);
    }

    static Command.Trigger trigger(JobSelector job) {
        return trigger(null, job, Overrides.NONE);
    }

    static Command.Trigger trigger(@Nullable Long accountId, JobSelector job, Overrides overrides) {
        return new Command.Trigger(
                "c1", "default", accountId, job, "because", overrides, null, null, null, null, null, "{\"a\":1}", null);
    }

    static RunSnapshot run(JobRunStatus status) {
        return run(status, null, T0);
    }

    static RunSnapshot run(JobRunStatus status, @Nullable String message, @Nullable Instant createdAt) {
        return new RunSnapshot(
                99,
                1,
                2L,
                3L,
                7,
                "daily",
                status,
                message,
                "https://x/99",
                createdAt,
                null,
                null,
                null,
                true,
                null,
                null);
    }

    static Policy policy(Policy.ForConnection connection) {
        return policy(connection, true, false);
    }

    static Policy policy(Policy.ForConnection connection, boolean cancelAtDeadline, boolean park) {
        return new Policy(
                "test",
                "ledger",
                Duration.ofDays(7),
                Duration.ofDays(8),
                Duration.ofSeconds(155),
                Duration.ofSeconds(5),
                Duration.ofMinutes(5),
                Map.of("default", connection),
                new Policy.Defaults(
                        Duration.ofSeconds(10), Duration.ofHours(24), cancelAtDeadline, park, List.of("manifest.json")),
                Map.of());
    }

    static Policy.ForConnection anything() {
        return new Policy.ForConnection(1, null, Set.of(1L), true, true, null);
    }

    static RunEvent.OfCommand ofCommand(RunEvent event) {
        return (RunEvent.OfCommand) event.body();
    }

    static RunEvent.OfRun ofRun(RunEvent event) {
        return (RunEvent.OfRun) event.body();
    }
}
