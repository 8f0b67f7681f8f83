package org.dbtrelay.watch;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.runs.AccountRuns;
import org.dbtrelay.flow.Observations;
import org.dbtrelay.flow.ObservedAccount;
import org.dbtrelay.ledger.StartedRuns;
import org.dbtrelay.ledger.entry.LedgerException;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.observe.ListedRun;
import org.dbtrelay.run.observe.ListedRuns;
import org.dbtrelay.run.observe.ObserveCursor;
import org.jspecify.annotations.Nullable;

/**
 * Lists the runs of the accounts that this instance observes, a page with each tick at most, and gives each page to the owner of the
 * partition that has the account's cursor. It decides nothing and remembers only when it listed.
 */
@ApplicationScoped
public class RunLister {

    private static final RelayLog LOG = RelayLog.of(RunLister.class);

    private final Observations observations;
    private final StartedRuns ledger;
    private final Connections connections;
    private final int most;
    private final Clock clock;
    private final Monotonic monotonic;
    private final RelayMetrics metrics;
    private final Map<String, Listing> listings = new ConcurrentHashMap<>();
    private final UnderWay<String> underWay = new UnderWay<>();

    /** The connections whose ids were checked since the start. */
    private final Set<String> checked = ConcurrentHashMap.newKeySet();

    RunLister(
            Observations observations,
            StartedRuns ledger,
            Connections connections,
            RelayConfig config,
            Clock clock,
            Monotonic monotonic,
            RelayMetrics metrics) {
        this.observations = observations;
        this.ledger = ledger;
        this.connections = connections;
        this.most = config.commands().maxObserved();
        this.clock = clock;
        this.monotonic = monotonic;
        this.metrics = metrics;
    }

    /**
     * The last page that was given to an owner.
     *
     * @param claim of that owner
     * @param pages how many it has taken when it has taken this one
     * @param nextNanos when the next listing is due, unless the owner wants more at once
     * @param failed nothing came of the last listing: what its owner wants waits until the next one is due
     * @param ids of the runs in it
     */
    private record Listing(long claim, long pages, long nextNanos, boolean failed, Set<Long> ids) {}

    /** Begins a page for each account that is due and of which none is under way. */
    @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    @RunOnVirtualThread
    void tick() {
        List<ObservedAccount> all = observations.all();
        if (all.isEmpty() && listings.isEmpty()) {
            return;
        }
        Instant now = clock.instant();
        for (ObservedAccount account : all) {
            metrics.observeLag(
                    account.target().connection(),
                    Duration.between(account.state().caughtUpAt(), now));
            if (isDue(account)) {
                begin(account);
            }
        }
        forgetOthers(all);
    }

    /** What another instance observes now. */
    private void forgetOthers(List<ObservedAccount> all) {
        for (String connection : List.copyOf(listings.keySet())) {
            if (all.stream().noneMatch(account -> account.target().connection().equals(connection))) {
                listings.remove(connection);
                metrics.observeLag(connection, Duration.ZERO);
            }
        }
        if (all.isEmpty() && isIdle()) {
            ledger.close();
        }
    }

    /** Whether no listing is under way. */
    boolean isIdle() {
        return underWay.isNone();
    }

    private boolean isDue(ObservedAccount account) {
        @Nullable Listing last = listings.get(account.target().connection());
        if (last == null || last.claim() != account.claim()) {
            return true;
        }
        ObservedAccount.State state = account.state();
        // The owner has not taken the last page yet.
        boolean isTaken = state.pages() >= last.pages();
        boolean wantsMore = state.wantsMore() && !last.failed();
        return isTaken && (wantsMore || monotonic.nanos() - last.nextNanos() >= 0);
    }

    /** Something has happened to a run that no command here has: the accounts of this id are due at once. */
    public void listNow(long accountId) {
        for (ObservedAccount account : observations.all()) {
            if (account.target().accountId() == accountId) {
                listings.computeIfPresent(
                        account.target().connection(),
                        (name, last) ->
                                new Listing(last.claim(), last.pages(), monotonic.nanos(), last.failed(), last.ids()));
            }
        }
    }

    private void begin(ObservedAccount account) {
        String connection = account.target().connection();
        @Nullable DbtCloudClient client = connections.find(connection).orElse(null);
        if (client != null) {
            underWay.begin(connection, () -> take(client, account));
        }
    }

    private void take(DbtCloudClient client, ObservedAccount account) {
        String connection = client.name();
        ObservedAccount.State state = account.state();
        @Nullable Listing before = listings.get(connection);
        Set<Long> ids = before == null || before.claim() != account.claim() ? Set.of() : before.ids();
        long next = monotonic.nanos() + account.observed().interval().toNanos();
        listings.put(connection, new Listing(account.claim(), state.pages(), next, true, ids));
        try {
            @Nullable Set<Long> listed = list(client, account, state, ids);
            if (listed != null) {
                listings.computeIfPresent(
                        connection,
                        (name, last) -> new Listing(last.claim(), state.pages() + 1, last.nextNanos(), false, listed));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Gives the owner one page.
     *
     * @param ids of the page before
     * @return those of this one; null: there is nothing to take
     */
    private @Nullable Set<Long> list(
            DbtCloudClient client, ObservedAccount account, ObservedAccount.State state, Set<Long> ids)
            throws InterruptedException {
        try {
            @Nullable Long above = state.above();
            if (checked.add(client.name())) {
                ObservedIds.beginCheck(client, account);
            }
            if (above == null) {
                account.offer(new Input.ObservationBegins(account.claim(), first(client, account)));
                return Set.of();
            }
            ListedRuns page = page(client, account, state, above, ids);
            account.offer(new Input.RunsListed(account.claim(), page));
            return page.runs().stream().map(row -> row.run().runId()).collect(Collectors.toSet());
        } catch (DbtCloudException e) {
            later(account, e.failure().detail());
        } catch (LedgerException e) {
            later(account, e.getMessage());
        } catch (RuntimeException | Error e) {
            LOG.error(
                    "Internal error: a listing of runs stopped",
                    e,
                    pair(LogKey.CONNECTION, account.target().connection()));
        }
        return null;
    }

    private static void later(ObservedAccount account, @Nullable String why) {
        LOG.warn(
                "The runs of an account could not be listed; the next listing does it",
                pair(LogKey.CONNECTION, account.target().connection()),
                pair(LogKey.DETAIL, why));
    }

    /** The topic may have grown, so that another partition had the cursor before. */
    private ObserveCursor first(DbtCloudClient client, ObservedAccount account)
            throws DbtCloudException, LedgerException, InterruptedException {
        String connection = account.target().connection();
        long accountId = account.target().accountId();
        ledger.catchUp(observations.floors());
        Optional<ObserveCursor> before = ledger.cursor(connection, accountId);
        if (before.isPresent()) {
            return before.get();
        }
        AccountRuns runs = client.accountRuns();
        Duration since = account.observed().since();
        long above = since == null
                ? runs.newest(accountId)
                : runs.firstWithin(accountId, since).orElse(runs.newest(accountId) + 1) - 1;
        return new ObserveCursor(connection, accountId, above, clock.instant());
    }

    private ListedRuns page(
            DbtCloudClient client, ObservedAccount account, ObservedAccount.State state, long above, Set<Long> ids)
            throws DbtCloudException, LedgerException, InterruptedException {
        Instant askedAt = clock.instant();
        long asked = monotonic.nanos();
        AccountRuns.Page page = client.accountRuns().above(account.target().accountId(), above);
        long answered = monotonic.nanos();
        ledger.wrote(account.takeWritten());
        // The ledger is read after the list, unless all of it was dealt with before.
        boolean reads = page.runs().stream().anyMatch(run -> !state.isWhole() || !ids.contains(run.runId()));
        if (reads) {
            ledger.catchUp(observations.floors());
        }
        List<ListedRun> rows = new ArrayList<>();
        for (RunSnapshot run : page.runs()) {
            rows.add(new ListedRun(run, reads ? ledger.of(run) : ListedRun.Standing.NOT_ASKED));
        }
        return new ListedRuns(
                account.target().connection(),
                above,
                rows,
                page.unreadable(),
                page.isLast(),
                reads ? Math.max(0, most - ledger.followed()) : 0,
                asked,
                answered,
                askedAt);
    }
}
