package org.dbtrelay.watch;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.scheduler.Scheduled;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.config.RelayConfig;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.flow.PollSchedule;
import org.dbtrelay.ledger.Owners;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.CauseMarker;
import org.dbtrelay.run.job.Target;

/**
 * Periodically lists the runs of the last hour that carry this deployment's marker, to find two runs of one command even where all that
 * should prevent them has failed. It ignores the runs of other deployments.
 */
@ApplicationScoped
public class Sweep {

    private static final RelayLog LOG = RelayLog.of(Sweep.class);
    private static final Duration SWEPT_TIME = Duration.ofHours(1);

    private final Owners owners;
    private final PollSchedule watches;
    private final Connections connections;
    private final Policy policy;
    private final Duration interval;
    private final Clock clock;
    private final Monotonic monotonic;
    private final UnderWay<Target> sweeps = new UnderWay<>();
    private long begun;

    Sweep(
            Owners owners,
            PollSchedule watches,
            Connections connections,
            Policy policy,
            RelayConfig config,
            Clock clock,
            Monotonic monotonic) {
        this.owners = owners;
        this.watches = watches;
        this.connections = connections;
        this.policy = policy;
        this.interval = config.ledger().sweepInterval();
        this.clock = clock;
        this.monotonic = monotonic;
        this.begun = monotonic.nanos();
    }

    /** Begins a sweep of each account if one is due, unless the account's last sweep still goes on: none waits for another. */
    @Scheduled(every = "1s", concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    @RunOnVirtualThread
    void tick() {
        long now = monotonic.nanos();
        if (now - begun < interval.toNanos()) {
            return;
        }
        begun = now;
        if (owners.ownsPartitions()) {
            accounts().forEach(this::begin);
        }
    }

    private Set<Target> accounts() {
        Set<Target> accounts = new HashSet<>(watches.accounts());
        for (String name : connections.names()) {
            connections.find(name).ifPresent(client -> accounts.add(new Target(name, client.defaultAccountId())));
        }
        return accounts;
    }

    private void begin(Target target) {
        sweeps.begin(target, () -> connections.find(target.connection()).ifPresent(client -> sweep(client, target)));
    }

    private void sweep(DbtCloudClient client, Target target) {
        try {
            client.searches()
                    .each(
                            target.accountId(),
                            CauseMarker.prefix(policy.deployment()),
                            clock.instant().minus(SWEPT_TIME),
                            marked -> owners.offerToAll(new Input.SweepResult(target, marked)));
        } catch (DbtCloudException e) {
            LOG.warn(
                    "The runs of an account could not be swept for second runs; the next sweep does it",
                    pair(LogKey.CONNECTION, target.connection()),
                    pair(LogKey.DETAIL, e.failure().detail()));
        } catch (RuntimeException | Error e) {
            LOG.error("Internal error: a sweep stopped", e, pair(LogKey.CONNECTION, target.connection()));
        }
    }
}
