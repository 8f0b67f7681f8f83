package org.dbtrelay.watch;

import static org.dbtrelay.metrics.RelayLog.pair;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.scheduler.Scheduler;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.runs.PollResult;
import org.dbtrelay.flow.PollSchedule;
import org.dbtrelay.ledger.Owners;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.Target;

/** Polls the runs in flight: those of an account that are due, up to a hundred with one request. */
@ApplicationScoped
public class Poller {

    private static final RelayLog LOG = RelayLog.of(Poller.class);
    private static final int FIRST = 1;
    private static final String TICK = "1s";

    /** A run that is due before the middle between two ticks is polled at the first of them, so it is never a whole tick late. */
    private static final Duration HALF_A_TICK = Duration.ofMillis(500);

    private final Owners owners;
    private final PollSchedule watches;
    private final Connections connections;
    private final Clock clock;
    private final RelayMetrics metrics;
    private final UnderWay<Target> rounds = new UnderWay<>();

    Poller(Owners owners, PollSchedule watches, Connections connections, Clock clock, RelayMetrics metrics) {
        this.owners = owners;
        this.watches = watches;
        this.connections = connections;
        this.clock = clock;
        this.metrics = metrics;
    }

    /** Begins a round for each account that has runs due and no round under way. */
    @Scheduled(every = TICK, concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
    @RunOnVirtualThread
    void tick() {
        owners.tick();
        watches.accounts().forEach(this::pollNow);
    }

    /** Runs before anything else stops: a tick that begins while the container closes fails, and its error would mean nothing. */
    void onShutdown(@Observes @Priority(FIRST) ShutdownEvent event, Scheduler scheduler) {
        if (scheduler.isStarted()) {
            scheduler.pause();
        }
    }

    /** Begins a round for an account at once; a round that is under way also polls the runs that have become due meanwhile. */
    public void pollNow(Target target) {
        rounds.begin(target, () -> round(target));
    }

    private void round(Target target) {
        boolean wholeList = connections
                .find(target.connection())
                .map(client -> !client.polls().takesPkIn(target.accountId()))
                .orElse(false);
        List<PollSchedule.Watched> due = watches.takeDue(target, clock.instant().plus(HALF_A_TICK), wholeList);
        while (!due.isEmpty()) {
            deliver(due, check(target, due));
            due = wholeList ? List.of() : watches.takeDue(target, clock.instant(), false);
        }
    }

    private PollResult check(Target target, List<PollSchedule.Watched> due) {
        Instant now = clock.instant();
        due.stream()
                .filter(watched -> watched.due().isBefore(now))
                .forEach(watched -> metrics.polledLate(Duration.between(watched.due(), now)));
        return connections
                .find(target.connection())
                .map(client -> check(client, target, due))
                .orElseGet(() -> failed(new CallFailure.NotSent("the connection is not configured any more")));
    }

    private PollResult check(DbtCloudClient client, Target target, List<PollSchedule.Watched> due) {
        try {
            PollResult answer = client.polls()
                    .runs(
                            target.accountId(),
                            due.stream()
                                    .map(PollSchedule.Watched::runId)
                                    .distinct()
                                    .toList());
            metrics.polled(answer.seen().size());
            answer.seen().forEach(client.names()::want);
            answer.failure().ifPresent(failure -> report(target, due.size(), failure));
            return answer;
        } catch (DbtCloudException e) {
            report(target, due.size(), e.failure());
            return failed(e.failure());
        } catch (RuntimeException | Error e) {
            LOG.error("Internal error: a poll stopped", e, pair(LogKey.CONNECTION, target.connection()));
            return failed(new CallFailure.NotSent(e.getClass().getSimpleName()));
        }
    }

    private static PollResult failed(CallFailure failure) {
        return new PollResult(List.of(), List.of(), Optional.of(failure));
    }

    private void deliver(List<PollSchedule.Watched> due, PollResult answer) {
        Map<Long, RunSnapshot> seen = new HashMap<>();
        answer.seen().forEach(run -> seen.put(run.runId(), run));
        Set<Long> missing = new HashSet<>(answer.missing());
        CallFailure failure = answer.failure().orElse(new CallFailure.Unclear("the run was not in the answer"));
        for (PollSchedule.Watched watched : due) {
            RunSnapshot run = seen.get(watched.runId());
            if (run != null && run.status().isTerminal()) {
                metrics.endSeen(watched.isHinted());
            }
            watched.inbox()
                    .accept(
                            run != null
                                    ? new Input.RunObserved(watched.commandId(), run)
                                    : missing.contains(watched.runId())
                                            ? new Input.RunNotFound(watched.commandId(), watched.runId())
                                            : new Input.CallFailed(watched.watch(), failure));
        }
    }

    private static void report(Target target, int runs, CallFailure failure) {
        LOG.warn(
                "Runs could not be polled; they will be polled again",
                pair(LogKey.CONNECTION, target.connection()),
                pair(LogKey.COUNT, runs),
                pair(LogKey.DETAIL, failure.detail()));
    }
}
