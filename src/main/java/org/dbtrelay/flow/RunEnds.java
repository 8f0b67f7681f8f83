package org.dbtrelay.flow;

import static org.dbtrelay.metrics.RelayLog.pair;

import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.dbtrelay.artifact.FailureReader;
import org.dbtrelay.config.Monotonic;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.RunEnd;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.Target;

/**
 * Reads how runs have ended. The event that tells of an end waits for its details, but not for long: what has not come by then
 * is asked for later. Nothing of this is recorded before the event is; after a crash the end is seen and read again.
 */
@Singleton
class RunEnds {

    private static final RelayLog LOG = RelayLog.of(RunEnds.class);

    // Read after 0, 1, 3, 6 and 9 seconds: the last time shortly before the end must be told.
    private static final Duration FIRST_GAP = Duration.ofSeconds(1);
    private static final Duration SECOND_GAP = Duration.ofSeconds(2);
    private static final Duration LONGEST_GAP = Duration.ofSeconds(3);

    private final Connections connections;
    private final FailureReader reader;
    private final Clock clock;
    private final Monotonic monotonic;

    RunEnds(Connections connections, FailureReader reader, Clock clock, Monotonic monotonic) {
        this.connections = connections;
        this.reader = reader;
        this.clock = clock;
        this.monotonic = monotonic;
    }

    /** The end as it is known when there is no more to come or its time is over, whichever is first, however long an answer takes. */
    Input end(DbtCloudClient client, Action.ReadEnd action) throws InterruptedException {
        AtomicReference<RunEnd> best = new AtomicReference<>(RunEnd.unread(action.run(), null));
        CompletableFuture<RunEnd> complete = new CompletableFuture<>();
        Thread.startVirtualThread(() -> readUntilComplete(client, action, best, complete));
        RunEnd end;
        try {
            end = monotonic.get(complete, Action.END_HELD_BACK);
        } catch (TimeoutException e) {
            end = best.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("this future never fails", e);
        }
        return new Input.RunEnded(action.commandId(), end);
    }

    private void readUntilComplete(
            DbtCloudClient client,
            Action.ReadEnd action,
            AtomicReference<RunEnd> best,
            CompletableFuture<RunEnd> complete) {
        long begun = monotonic.nanos();
        Duration gap = FIRST_GAP;
        try {
            while (true) {
                RunEnd read = read(client, action.commandId(), action.target(), action.run());
                if (read.tellsMoreThan(best.get().missing())) {
                    best.set(read);
                }
                if (read.isSettled()) {
                    return;
                }
                Duration left = Action.END_HELD_BACK.minusNanos(monotonic.nanos() - begun);
                if (left.compareTo(gap) <= 0) {
                    return;
                }
                monotonic.pause(gap);
                gap = gap.equals(FIRST_GAP) ? SECOND_GAP : LONGEST_GAP;
            }
        } catch (InterruptedException e) {
            // The process ends; the end will be read again.
            Thread.currentThread().interrupt();
        } finally {
            // There is nothing more to come.
            complete.complete(best.get());
        }
    }

    /** Reads once more when it is due. */
    void later(Action.ExplainEnd action, Consumer<Input> inbox) {
        Duration delay = Duration.between(clock.instant(), action.due());
        monotonic.after(delay.isNegative() ? Duration.ZERO : delay, () -> {
            try {
                Instant begun = clock.instant();
                inbox.accept(new Input.EndExplained(action.commandId(), action.attempt(), begun, explained(action)));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private RunEnd explained(Action.ExplainEnd action) throws InterruptedException {
        Optional<DbtCloudClient> client = connections.find(action.target().connection());
        return client.isPresent()
                ? read(client.get(), action.commandId(), action.target(), action.run())
                : RunEnd.unread(action.run(), CallFailureLog.gone(action.target()));
    }

    private RunEnd read(DbtCloudClient client, String commandId, Target target, RunSnapshot run)
            throws InterruptedException {
        try {
            RunEnd end = reader.read(client, run);
            if (end.trouble() != null) {
                CallFailureLog.report(
                        "A call to dbt Cloud failed and will be made again", commandId, target, end.trouble());
            }
            return end;
        } catch (RuntimeException | Error e) {
            LOG.error(
                    "Internal error: a call stopped; it will be made again",
                    e,
                    pair(LogKey.COMMAND_ID, commandId),
                    pair(LogKey.ACTION, Action.ReadEnd.class.getSimpleName()));
            return RunEnd.unread(run, new CallFailure.NotSent(e.getClass().getSimpleName()));
        }
    }
}
