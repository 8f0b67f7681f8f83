package org.dbtrelay.run.decide;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * How long the runs of each job usually take, by the last ones that have ended in this partition. Nothing but the number of
 * polls depends on it, so a claim begins without it and learns anew.
 */
final class UsualDurations {

    /** Commands can name any number of jobs; the ones longest unused are forgotten. */
    private static final int JOBS = 10_000;

    private static final int RUNS = 16;

    /** Fewer say little about the next one. */
    private static final int ENOUGH = 4;

    /** Of ten runs one may end unusually early, as a run that fails at its first model does. */
    private static final int ONE_IN = 10;

    private record Job(long accountId, long jobId) {}

    private final Map<Job, Deque<Duration>> ended = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Job, Deque<Duration>> eldest) {
            return size() > JOBS;
        }
    };

    /** A run has ended; it counts if dbt Cloud tells both its times. */
    void ended(RunSnapshot run) {
        @Nullable Instant startedAt = run.startedAt();
        @Nullable Instant finishedAt = run.finishedAt();
        if (startedAt == null || finishedAt == null) {
            return;
        }
        Deque<Duration> durations =
                ended.computeIfAbsent(new Job(run.accountId(), run.jobId()), any -> new ArrayDeque<>(RUNS));
        if (durations.size() == RUNS) {
            durations.removeFirst();
        }
        durations.addLast(Duration.between(startedAt, finishedAt));
    }

    /** The time before which hardly any run of the job has ended; zero: too little is known. */
    Duration shortest(long accountId, long jobId) {
        @Nullable Deque<Duration> durations = ended.get(new Job(accountId, jobId));
        return durations == null || durations.size() < ENOUGH
                ? Duration.ZERO
                : durations.stream()
                        .sorted()
                        .skip(durations.size() / ONE_IN)
                        .findFirst()
                        .orElse(Duration.ZERO);
    }
}
