package org.dbtrelay.dbtcloud;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.dbtrelay.dbtcloud.RunLists.Page;
import org.dbtrelay.run.CallFailure;
import org.dbtrelay.run.RunSnapshot;
import org.jboss.logging.Logger;

/**
 * Looks at many runs of an account with few requests. A list filtered by {@code pk__in} shows 100 at a time. The filter is
 * documented, but no client is known to use it, and dbt Cloud answers 400 to parameters it does not like; where it is
 * refused or not honoured, the account's runs in flight are listed along an id cursor instead, and only the runs that have
 * left that list are read singly. So a round in which nothing has changed costs about as many requests either way.
 */
final class BatchPoll {

    private static final Logger LOG = Logger.getLogger(BatchPoll.class);

    /** After this time a refused {@code pk__in} is tried once more. */
    static final Duration REFUSAL_LASTS = Duration.ofHours(1);

    private final RunLists lists;
    private final Clock clock;
    private final Map<Long, Instant> withoutPkIn = new ConcurrentHashMap<>();

    BatchPoll(RunLists lists, Clock clock) {
        this.lists = lists;
        this.clock = clock;
    }

    /**
     * One look at each of the runs.
     *
     * @throws DbtCloudException if nothing at all was answered
     */
    PollAnswer runs(long accountId, Collection<Long> runIds) throws DbtCloudException {
        Round round = new Round(accountId, runIds);
        try {
            if (round.open.size() > 1) {
                round.readLists();
            }
            round.readSingly();
        } catch (DbtCloudException e) {
            if (round.seen.isEmpty() && round.missing.isEmpty()) {
                throw e;
            }
            return round.answer(Optional.of(e.failure()));
        }
        return round.answer(Optional.ofNullable(round.firstFailure));
    }

    private boolean takesPkIn(long accountId) {
        Instant until = withoutPkIn.get(accountId);
        return until == null || !until.isAfter(clock.instant());
    }

    private void pkInRefused(long accountId, String why) {
        withoutPkIn.put(accountId, clock.instant().plus(REFUSAL_LASTS));
        LOG.infof("pk__in not usable, listing runs in flight instead account=%d reason=%s", accountId, why);
    }

    private static boolean isAboutPkIn(CallFailure failure) {
        return failure instanceof CallFailure.Refused(String detail, int status, String field)
                && status == 400
                && ("pk__in".equals(field) || detail.contains("pk__in") || detail.contains("Additional properties"));
    }

    /** The work of one call. */
    private final class Round {
        private final long accountId;
        private final SortedSet<Long> open;
        private final List<RunSnapshot> seen = new ArrayList<>();
        private final List<Long> missing = new ArrayList<>();
        private @org.jspecify.annotations.Nullable CallFailure firstFailure;

        Round(long accountId, Collection<Long> runIds) {
            this.accountId = accountId;
            this.open = new TreeSet<>(runIds);
        }

        PollAnswer answer(Optional<CallFailure> failure) {
            return new PollAnswer(seen, missing, failure);
        }

        void readLists() throws DbtCloudException {
            if (takesPkIn(accountId)) {
                List<Long> ids = List.copyOf(open);
                for (int from = 0; from < ids.size() && takesPkIn(accountId); from += RunQuery.LARGEST_PAGE) {
                    readByIds(ids.subList(from, Math.min(ids.size(), from + RunQuery.LARGEST_PAGE)));
                }
            }
            if (!takesPkIn(accountId)) {
                readInFlight();
            }
        }

        private void readByIds(List<Long> ids) throws DbtCloudException {
            Page page;
            try {
                page = lists.page(accountId, Priority.POLL, RunQuery.withIds(ids));
            } catch (DbtCloudException e) {
                if (!isAboutPkIn(e.failure())) {
                    throw e;
                }
                pkInRefused(accountId, "refused");
                return;
            }
            boolean honoured = page.runs().stream().allMatch(run -> ids.contains(run.runId()));
            if (!honoured) {
                pkInRefused(accountId, "ignored");
            }
            page.runs().forEach(this::take);
        }

        /** Stops when the cursor has passed the last asked run, or when single reads have become cheaper. */
        private void readInFlight() throws DbtCloudException {
            int pages = 0;
            boolean more = !open.isEmpty();
            long cursor = more ? open.first() - 1 : 0;
            while (more && pages < open.size()) {
                Page page = lists.page(accountId, Priority.POLL, RunQuery.inFlightAbove(cursor));
                pages++;
                long last =
                        page.runs().stream().mapToLong(RunSnapshot::runId).max().orElse(cursor);
                page.runs().forEach(this::take);
                more = last > cursor && !page.isLast(0) && !open.isEmpty() && last < open.last();
                cursor = last;
            }
        }

        private void take(RunSnapshot run) {
            if (open.remove(run.runId())) {
                seen.add(run);
            }
        }

        /** What no list has shown; a 404 is the only proof that dbt Cloud does not show a run. */
        void readSingly() throws DbtCloudException {
            for (Long id : List.copyOf(open)) {
                try {
                    seen.add(lists.run(accountId, id, Priority.POLL, null));
                } catch (DbtCloudException e) {
                    switch (e.failure()) {
                        case CallFailure.NotFound _ -> missing.add(id);
                        case CallFailure.Unclear unclear -> firstFailure = unclear;
                        case CallFailure.Refused refused -> firstFailure = refused;
                        case CallFailure.NotSent _, CallFailure.Limited _, CallFailure.Suspended _ -> throw e;
                    }
                }
            }
        }
    }
}
