package org.dbtrelay.dbtcloud.runs;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * Finds the run of a trigger whose answer was lost, by the marker in its cause. "Not found" may lead to a second trigger, so
 * a run whose cause cannot be told is never passed over.
 */
public final class CauseSearch {

    private final RunCalls lists;

    static final int AT_ONCE = 2_000;

    /** New runs can push so many pages of old ones before the next. */
    private static final int MOST_STALE_PAGES = 3;

    private final MissingTriggers untold;

    /** Searches the given lists. */
    public CauseSearch(RunCalls lists, Monotonic monotonic) {
        this.lists = lists;
        this.untold = new MissingTriggers(lists, monotonic);
    }

    /**
     * Reads the job's runs, newest first, down to the page with a run that is below both bounds; there is no other limit. Two
     * bounds, because each alone rests on something: the time on two clocks that agree, the id on ids that grow. A marked run
     * below them that shares a page with them counts too: it can only be of the same command.
     *
     * @param except ids of runs of the command that are known: it is none of them, and no retry of one, which may show its cause
     * @return the oldest run whose cause has the marker in front; one that only quotes it is another's
     */
    public Optional<RunSnapshot> find(
            long accountId,
            long jobId,
            String marker,
            @Nullable Long aboveRunId,
            Instant notCreatedBefore,
            Set<Long> except)
            throws DbtCloudException {
        RunSnapshot oldest = null;
        List<RunSnapshot> causeless = new ArrayList<>();
        boolean tellsOthers = false;
        Progress progress = new Progress();
        for (RunQuery next = RunQuery.withTriggers(jobId); next != null; ) {
            RunPage page = lists.page(accountId, Priority.LOOK_UP, next);
            page.mustBeWhole(jobId);
            progress.check(page);
            boolean reachedBound = false;
            for (RunSnapshot run : page.runs()) {
                boolean within = isWithin(run, aboveRunId, notCreatedBefore);
                reachedBound |= !within;
                tellsOthers |= run.triggerCause() != null;
                if (run.triggerCause() == null && within) {
                    causeless.add(run);
                }
                oldest = older(oldest, run, marker, except);
            }
            next = reachedBound ? null : next.after(page);
        }
        for (RunSnapshot run : untold.readSingly(causeless, tellsOthers)) {
            oldest = older(oldest, run, marker, except);
        }
        return Optional.ofNullable(oldest);
    }

    /** The same, where no run of the command is known. */
    public Optional<RunSnapshot> find(
            long accountId, long jobId, String marker, @Nullable Long aboveRunId, Instant notCreatedBefore)
            throws DbtCloudException {
        return find(accountId, jobId, marker, aboveRunId, notCreatedBefore, Set.of());
    }

    private static @Nullable RunSnapshot older(
            @Nullable RunSnapshot oldest, RunSnapshot run, String marker, Set<Long> except) {
        String cause = run.triggerCause();
        boolean isKnown = except.contains(run.runId()) || (!except.isEmpty() && run.retryingRunId() != null);
        return cause != null && cause.startsWith(marker) && !isKnown && (oldest == null || run.runId() < oldest.runId())
                ? run
                : oldest;
    }

    /**
     * Reads the account's runs, newest first, down to the page with one that is older than the bound.
     *
     * @param some takes them, at most {@value #AT_ONCE} at a time: a busy hour has tens of thousands. Rows shift to the next page
     *     while new runs come in, so a run can come twice.
     */
    public void each(long accountId, String prefix, Instant notCreatedBefore, Consumer<List<RunSnapshot>> some)
            throws DbtCloudException {
        Map<Long, RunSnapshot> found = new LinkedHashMap<>();
        Progress progress = new Progress();
        for (RunQuery next = RunQuery.withTriggers(null); next != null; ) {
            RunPage page = lists.page(accountId, Priority.SWEEP, next);
            progress.check(page);
            // A page that tells no time of its runs would not tell the bound either: the account's whole past would be
            // read.
            boolean reachedBound = page.runs().stream().allMatch(run -> run.createdAt() == null);
            for (RunSnapshot run : page.runs()) {
                reachedBound |= !isWithin(run, null, notCreatedBefore);
                if (run.triggerCause() != null && run.triggerCause().startsWith(prefix)) {
                    found.put(run.runId(), run);
                }
                if (found.size() == AT_ONCE) {
                    some.accept(List.copyOf(found.values()));
                    found.clear();
                }
            }
            next = reachedBound ? null : next.after(page);
        }
        if (!found.isEmpty()) {
            some.accept(List.copyOf(found.values()));
        }
    }

    /**
     * What a listing has shown so far. It has no other end than its bounds, so a server that does not look at the offset would be asked
     * for ever, also when nobody waits for the answer any more.
     */
    private static final class Progress {
        private long lowest = Long.MAX_VALUE;
        private long highest = Long.MIN_VALUE;
        private int stalePages;

        /** Throws after some pages in a row whose runs were there before. */
        void check(RunPage page) throws DbtCloudException {
            long low = lowest;
            long high = highest;
            for (RunSnapshot run : page.runs()) {
                lowest = Math.min(lowest, run.runId());
                highest = Math.max(highest, run.runId());
            }
            stalePages = low == lowest && high == highest ? stalePages + 1 : 0;
            if (stalePages > MOST_STALE_PAGES) {
                throw new DbtCloudException(
                        new CallFailure.Unclear("dbt Cloud listed the same runs again, page after page."));
            }
        }
    }

    private static boolean isWithin(RunSnapshot run, @Nullable Long aboveRunId, Instant notCreatedBefore) {
        boolean above = aboveRunId != null && run.runId() > aboveRunId;
        boolean young = run.createdAt() == null || !run.createdAt().isBefore(notCreatedBefore);
        return above || young;
    }
}
