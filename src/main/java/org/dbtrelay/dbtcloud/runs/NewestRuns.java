package org.dbtrelay.dbtcloud.runs;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.jspecify.annotations.Nullable;

/**
 * The highest run id of each job that this process has heard of. A start keeps it as a bound: a run below it
 * was there before.
 */
public final class NewestRuns {

    /** An older bound is as safe, but makes a search for a lost trigger read more of the job's runs. */
    private static final Duration FRESH = Duration.ofMinutes(5);

    /** Commands can name any number of jobs, also such as dbt Cloud does not have. */
    private static final int REMEMBERED = 10_000;

    private record Job(long accountId, long jobId) {}

    private record Heard(long runId, Instant at) {}

    private final RunCalls lists;
    private final Clock clock;
    private final Map<Job, Heard> heard = new ConcurrentHashMap<>();
    private final Map<Job, CompletableFuture<Long>> underWay = new ConcurrentHashMap<>();

    /** Knows no run yet. */
    public NewestRuns(RunCalls lists, Clock clock) {
        this.lists = lists;
        this.clock = clock;
    }

    /** A run of the job was just made. */
    void heardOf(long accountId, long jobId, long runId) {
        if (heard.size() >= REMEMBERED) {
            heard.clear();
        }
        heard.merge(
                new Job(accountId, jobId),
                new Heard(runId, clock.instant()),
                (before, now) -> new Heard(Math.max(before.runId(), now.runId()), now.at()));
    }

    /** The highest run id that is known without asking; null if none is known, or it is old. */
    public @Nullable Long known(long accountId, long jobId) {
        Heard last = heard.get(new Job(accountId, jobId));
        return last == null || last.at().plus(FRESH).isBefore(clock.instant()) ? null : Long.valueOf(last.runId());
    }

    /** Asks dbt Cloud, once for all that ask at the same time; 0 if the job has no run. */
    public long ask(long accountId, long jobId) throws DbtCloudException {
        Job job = new Job(accountId, jobId);
        CompletableFuture<Long> mine = new CompletableFuture<>();
        CompletableFuture<Long> others = underWay.putIfAbsent(job, mine);
        if (others != null) {
            return answer(others);
        }
        try {
            long runId = lists.page(accountId, Priority.LOOK_UP, RunQuery.newest(jobId)).runs().stream()
                    .mapToLong(run -> run.runId())
                    .max()
                    .orElse(0);
            heardOf(accountId, jobId, runId);
            mine.complete(runId);
        } catch (DbtCloudException | RuntimeException | Error e) {
            // Others that ask for the same job wait for this answer.
            mine.completeExceptionally(e);
        } finally {
            underWay.remove(job);
        }
        return answer(mine);
    }

    private static long answer(CompletableFuture<Long> asked) throws DbtCloudException {
        try {
            return asked.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof DbtCloudException failure) {
                throw new DbtCloudException(failure.failure(), failure);
            }
            throw e;
        }
    }
}
