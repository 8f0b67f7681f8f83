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
 * The highest run id of each account that this process has heard of. A start keeps it as a bound: a run below it was there
 * before. The run of any job serves, because the runs of an account have their ids from one sequence; so a relay that starts
 * runs all the time never has to ask.
 */
public final class NewestRuns {

    /** As far as a search goes back by time anyway: an older bound is as safe, but lets the search read more. */
    private static final Duration FRESH = Duration.ofMinutes(15);

    private record Heard(long runId, Instant at) {}

    private final RunCalls lists;
    private final Clock clock;
    private final Map<Long, Heard> heard = new ConcurrentHashMap<>();
    private final Map<Long, CompletableFuture<Long>> underWay = new ConcurrentHashMap<>();

    /** Knows no run yet. */
    public NewestRuns(RunCalls lists, Clock clock) {
        this.lists = lists;
        this.clock = clock;
    }

    /** A run of the account was just made. */
    void heardOf(long accountId, long runId) {
        heard.merge(
                accountId,
                new Heard(runId, clock.instant()),
                (before, now) -> new Heard(Math.max(before.runId(), now.runId()), now.at()));
    }

    /** The highest run id that is known without asking; null if none is known, or it is old. */
    public @Nullable Long known(long accountId) {
        @Nullable Heard last = heard.get(accountId);
        return last == null || last.at().plus(FRESH).isBefore(clock.instant()) ? null : Long.valueOf(last.runId());
    }

    /** Asks dbt Cloud, once for all that ask at the same time; 0 if the account has no run. */
    public long ask(long accountId) throws DbtCloudException {
        CompletableFuture<Long> mine = new CompletableFuture<>();
        @Nullable CompletableFuture<Long> others = underWay.putIfAbsent(accountId, mine);
        if (others != null) {
            return answer(others);
        }
        try {
            long runId = lists.page(accountId, Priority.LOOK_UP, RunQuery.newest(null)).runs().stream()
                    .mapToLong(run -> run.runId())
                    .max()
                    .orElse(0);
            heardOf(accountId, runId);
            mine.complete(runId);
        } catch (DbtCloudException | RuntimeException | Error e) {
            // Others that ask for the same account wait for this answer.
            mine.completeExceptionally(e);
        } finally {
            underWay.remove(accountId);
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
