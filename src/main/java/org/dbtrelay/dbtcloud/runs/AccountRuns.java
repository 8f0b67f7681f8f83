package org.dbtrelay.dbtcloud.runs;

import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.run.job.RunSnapshot;

/** All runs of an account, whoever has started them: what an observer lists. */
public final class AccountRuns {

    /** Clocks differ: the range of the first listing ends beyond the present. */
    private static final Duration BEYOND = Duration.ofDays(1);

    private final RunCalls lists;
    private final Clock clock;

    /** Lists over one connection. */
    public AccountRuns(RunCalls lists, Clock clock) {
        this.lists = lists;
        this.clock = clock;
    }

    /**
     * A page of the list, with triggers and jobs.
     *
     * @param runs oldest first, by id
     * @param unreadable how many rows could not be read
     * @param isLast whether the list ends with it
     */
    public record Page(List<RunSnapshot> runs, int unreadable, boolean isLast) {
        public Page {
            runs = List.copyOf(runs);
        }
    }

    /** The first hundred runs above an id. */
    public Page above(long accountId, long runId) throws DbtCloudException {
        RunPage page = lists.page(accountId, Priority.OBSERVE, RunQuery.allAbove(runId));
        return new Page(
                page.runs().stream()
                        .filter(run -> run.runId() > runId)
                        .sorted(Comparator.comparingLong(RunSnapshot::runId))
                        .toList(),
                page.unreadable(),
                page.isLast());
    }

    /** The highest run id of the account; 0 if it has no run. */
    public long newest(long accountId) throws DbtCloudException {
        return lists.page(accountId, Priority.OBSERVE, RunQuery.newest(null)).runs().stream()
                .mapToLong(RunSnapshot::runId)
                .max()
                .orElse(0);
    }

    /** The lowest id of the runs that were created within the given time; empty if there was none. */
    public OptionalLong firstWithin(long accountId, Duration back) throws DbtCloudException {
        return lists
                .page(
                        accountId,
                        Priority.OBSERVE,
                        RunQuery.firstWithin(
                                clock.instant().minus(back), clock.instant().plus(BEYOND)))
                .runs()
                .stream()
                .mapToLong(RunSnapshot::runId)
                .min();
    }
}
