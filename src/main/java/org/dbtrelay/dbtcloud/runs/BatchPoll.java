package org.dbtrelay.dbtcloud.runs;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.http.Parallel;
import org.dbtrelay.dbtcloud.http.Parallel.Outcome;
import org.dbtrelay.dbtcloud.paging.Listing;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * Polls many runs of an account with few requests. A list filtered by {@code pk__in} shows 100 at a time. The filter is
 * documented, but no client is known to use it, and dbt Cloud answers 400 to parameters it does not like; where it is
 * refused or not honoured, the account's runs in flight are listed along an id cursor instead, and only the runs that have
 * left that list are read singly. So a round in which nothing has changed costs about as many requests either way.
 */
public final class BatchPoll {

    private static final RelayLog LOG = RelayLog.of(BatchPoll.class);

    /** After this time a refused {@code pk__in} is tried once more. */
    static final Duration REFUSAL_LASTS = Duration.ofHours(1);

    private final RunCalls lists;
    private final Clock clock;
    private final Map<Long, Instant> refusedUntil = new ConcurrentHashMap<>();
    private final Set<Long> honoured = ConcurrentHashMap.newKeySet();

    /** Has asked no account yet. */
    public BatchPoll(RunCalls lists, Clock clock) {
        this.lists = lists;
        this.clock = clock;
    }

    /**
     * Polls each of the runs once.
     *
     * @throws DbtCloudException if nothing at all was answered
     */
    public PollResult runs(long accountId, Collection<Long> runIds) throws DbtCloudException {
        Round round = new Round(accountId, runIds);
        if (round.open.size() > 1) {
            round.readLists();
        }
        round.readSingly();
        return round.answer();
    }

    /** Whether the account's runs can be asked for by their ids, as far as is known. */
    public boolean takesPkIn(long accountId) {
        Instant until = refusedUntil.get(accountId);
        return until == null || !until.isAfter(clock.instant());
    }

    private static boolean isAboutPkIn(CallFailure failure) {
        return failure instanceof CallFailure.Refused(String detail, int status, String field)
                && status == 400
                && ("pk__in".equals(field) || detail.contains("pk__in") || detail.contains("Additional properties"));
    }

    /** The work of one call. */
    private final class Round {
        private final long accountId;

        /** The ids of the runs that still have to be read. */
        private final TreeSet<Long> open;

        private final List<RunSnapshot> seen = new ArrayList<>();
        private final List<Long> missing = new ArrayList<>();
        private @Nullable DbtCloudException failure;

        Round(long accountId, Collection<Long> runIds) {
            this.accountId = accountId;
            this.open = new TreeSet<>(runIds);
        }

        PollResult answer() throws DbtCloudException {
            if (failure != null && seen.isEmpty() && missing.isEmpty()) {
                throw failure;
            }
            return new PollResult(seen, missing, Optional.ofNullable(failure).map(DbtCloudException::failure));
        }

        void readLists() throws DbtCloudException {
            List<List<Long>> chunks = chunks();
            if (!honoured.contains(accountId) && takesPkIn(accountId)) {
                // The first request of an account tells whether the others are worth sending.
                readByIds(chunks.subList(0, 1));
                chunks = chunks.subList(1, chunks.size());
            }
            if (takesPkIn(accountId)) {
                readByIds(chunks);
            }
            if (!takesPkIn(accountId)) {
                readInFlight();
            }
        }

        private List<List<Long>> chunks() {
            List<Long> ids = List.copyOf(open);
            List<List<Long>> chunks = new ArrayList<>();
            for (int from = 0; from < ids.size(); from += Listing.LARGEST_PAGE) {
                chunks.add(ids.subList(from, Math.min(ids.size(), from + Listing.LARGEST_PAGE)));
            }
            return chunks;
        }

        private void readByIds(List<List<Long>> chunks) throws DbtCloudException {
            for (Outcome<List<Long>, RunPage> outcome :
                    Parallel.all(chunks, ids -> lists.page(accountId, Priority.POLL, RunQuery.withIds(ids)))) {
                switch (outcome) {
                    case Outcome.Done(List<Long> ids, RunPage page) -> {
                        boolean asAsked = page.runs().stream().allMatch(run -> ids.contains(run.runId()));
                        if (asAsked) {
                            honoured.add(accountId);
                        } else {
                            goWithoutPkIn("ignored");
                        }
                        page.runs().forEach(this::take);
                    }
                    case Outcome.Failed(List<Long> ids, DbtCloudException e) -> {
                        if (isAboutPkIn(e.failure())) {
                            goWithoutPkIn("refused");
                        } else {
                            giveUp(ids, e);
                        }
                    }
                }
            }
        }

        private void goWithoutPkIn(String why) {
            honoured.remove(accountId);
            refusedUntil.put(accountId, clock.instant().plus(REFUSAL_LASTS));
            LOG.info(
                    "pk__in not usable, listing runs in flight instead",
                    pair(LogKey.ACCOUNT_ID, accountId),
                    pair(LogKey.REASON, why));
        }

        /** Stops when the cursor has passed the last asked run, or when single reads have become cheaper. */
        private void readInFlight() {
            int pages = 0;
            RunQuery next = open.isEmpty() ? null : RunQuery.inFlightAbove(open.first() - 1);
            while (next != null && pages < open.size()) {
                RunPage page;
                try {
                    page = lists.page(accountId, Priority.POLL, next);
                } catch (DbtCloudException e) {
                    giveUp(List.copyOf(open), e);
                    return;
                }
                pages++;
                page.runs().forEach(this::take);
                long last =
                        page.runs().stream().mapToLong(RunSnapshot::runId).max().orElse(0);
                next = open.isEmpty() || last >= open.last() ? null : next.after(page);
            }
        }

        /** Reads the runs that no list has shown; a 404 is the only proof that dbt Cloud does not show a run. */
        void readSingly() throws DbtCloudException {
            for (Outcome<Long, RunSnapshot> outcome :
                    Parallel.all(List.copyOf(open), id -> lists.run(accountId, id, Priority.POLL, null))) {
                switch (outcome) {
                    case Outcome.Done(Long _, RunSnapshot run) -> take(run);
                    case Outcome.Failed(Long id, DbtCloudException e) -> {
                        if (e.failure() instanceof CallFailure.NotFound) {
                            open.remove(id);
                            missing.add(id);
                        } else {
                            giveUp(List.of(id), e);
                        }
                    }
                }
            }
        }

        private void take(RunSnapshot run) {
            if (open.remove(run.runId())) {
                seen.add(run);
            }
        }

        private void giveUp(List<Long> ids, DbtCloudException e) {
            open.removeAll(Set.copyOf(ids));
            if (failure == null) {
                failure = e;
            }
        }
    }
}
