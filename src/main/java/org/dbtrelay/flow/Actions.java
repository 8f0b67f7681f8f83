package org.dbtrelay.flow;

import static org.dbtrelay.metrics.RelayLog.pair;

import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import org.dbtrelay.artifact.ArtifactCollector;
import org.dbtrelay.artifact.FailureReader;
import org.dbtrelay.dbtcloud.Connections;
import org.dbtrelay.dbtcloud.DbtCloudClient;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.Priority;
import org.dbtrelay.dbtcloud.RequestBudget.Permit;
import org.dbtrelay.dbtcloud.RunWithSteps;
import org.dbtrelay.dbtcloud.TriggerRequest;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.run.Action;
import org.dbtrelay.run.CallFailure;
import org.dbtrelay.run.CancelReason;
import org.dbtrelay.run.Input;
import org.dbtrelay.run.JobLookup;
import org.dbtrelay.run.JobRunStatus;
import org.dbtrelay.run.RejectReason;
import org.dbtrelay.run.RunFailure;
import org.dbtrelay.run.RunSnapshot;
import org.jspecify.annotations.Nullable;

/** Does what was decided, each action on a virtual thread of its own, and brings the answer back as an input. */
@Singleton
class Actions {

    private static final RelayLog LOG = RelayLog.of(Actions.class);

    private final Connections connections;
    private final ArtifactCollector artifacts;
    private final FailureReader failures;
    private final Clock clock;
    private final RelayMetrics metrics;

    Actions(
            Connections connections,
            ArtifactCollector artifacts,
            FailureReader failures,
            Clock clock,
            RelayMetrics metrics) {
        this.connections = connections;
        this.artifacts = artifacts;
        this.failures = failures;
        this.clock = clock;
        this.metrics = metrics;
    }

    /** Sends a trigger, if its window is still open by then. */
    void start(Action.Start action, @Nullable Permit permit, SendWindow window, Consumer<Input> inbox) {
        Thread.startVirtualThread(() -> inbox.accept(trigger(action, permit, window)));
    }

    /** Does anything else. */
    void perform(Action action, Reservations reservations, Consumer<Input> inbox) {
        switch (action) {
            case Action.ReserveStart reserve -> reserve(reserve, reservations, inbox);
            case Action.LookUpJob lookUp -> call(action, lookUp.target(), inbox, client -> lookUp(client, lookUp));
            case Action.ReadJob read ->
                call(
                        action,
                        read.target(),
                        inbox,
                        client -> new Input.JobFound(
                                read.commandId(), client.job(read.target().accountId(), read.jobId())));
            case Action.SearchMarker search -> call(action, search.target(), inbox, client -> search(client, search));
            case Action.ReadEnd read -> call(action, read.target(), inbox, client -> readEnd(client, read));
            case Action.CancelRun cancel ->
                call(
                        action,
                        cancel.target(),
                        inbox,
                        client -> new Input.Observed(
                                cancel.commandId(),
                                client.cancel(cancel.target().accountId(), cancel.runId())));
            case Action.Collect collect ->
                call(
                        action,
                        collect.target(),
                        inbox,
                        client -> artifacts.collect(collect.commandId(), client, collect.run(), collect.artifacts()));
            case Action.Start start -> throw new IllegalArgumentException("a start needs its window");
            case Action.Watch watch -> throw new IllegalArgumentException("the watches take this");
            case Action.WakeAt wake -> throw new IllegalArgumentException("the flow wakes by itself");
        }
    }

    /** Holds no thread while the budget has nothing to give. */
    private void reserve(Action.ReserveStart action, Reservations reservations, Consumer<Input> inbox) {
        Optional<DbtCloudClient> client = connections.find(action.target().connection());
        if (client.isEmpty()) {
            inbox.accept(new Input.CallFailed(action.commandId(), gone(action.target())));
            return;
        }
        reservations.await(
                action.commandId(),
                client.get().reserve(action.target().accountId(), Priority.TRIGGER),
                () -> inbox.accept(new Input.MayStart(action.commandId())));
    }

    private Input trigger(Action.Start action, @Nullable Permit permit, SendWindow window) {
        Optional<DbtCloudClient> client = connections.find(action.target().connection());
        if (client.isEmpty() || permit == null) {
            return new Input.StartFailed(action.commandId(), action.attempt(), gone(action.target()));
        }
        try (permit) {
            RunSnapshot run = client.get()
                    .trigger(
                            new TriggerRequest(
                                    action.target().accountId(),
                                    action.jobId(),
                                    action.cause(),
                                    action.overrides().steps(),
                                    action.overrides().schema(),
                                    action.overrides().runConfig()),
                            permit,
                            window::isOpen);
            LOG.info(
                    "Run started",
                    pair(LogKey.COMMAND_ID, action.commandId()),
                    pair(LogKey.JOB_ID, action.jobId()),
                    pair(LogKey.RUN_ID, run.runId()));
            return new Input.Started(action.commandId(), action.attempt(), run);
        } catch (DbtCloudException e) {
            report(trouble(e.failure()), action.commandId(), action.target(), e.failure());
            return e.failure() instanceof CallFailure.Refused refused
                    ? refused(action, client.get(), refused)
                    : new Input.StartFailed(action.commandId(), action.attempt(), e.failure());
        } catch (RuntimeException e) {
            LOG.error(
                    "A fault of the relay left the fate of a trigger open",
                    e,
                    pair(LogKey.COMMAND_ID, action.commandId()));
            return new Input.StartFailed(
                    action.commandId(),
                    action.attempt(),
                    new CallFailure.Unclear(e.getClass().getSimpleName()));
        }
    }

    /** dbt Cloud's words for a deactivated job are not documented, so the job is asked. */
    private Input refused(Action.Start action, DbtCloudClient client, CallFailure.Refused refused) {
        RejectReason reason = RejectReason.REFUSED_BY_DBT_CLOUD;
        try {
            if (client.job(action.target().accountId(), action.jobId()).deactivated()) {
                reason = RejectReason.JOB_DEACTIVATED;
            }
        } catch (DbtCloudException e) {
            report(
                    "A job whose trigger was refused could not be read",
                    action.commandId(),
                    action.target(),
                    e.failure());
        }
        return new Input.StartRefused(action.commandId(), action.attempt(), reason, refused.detail());
    }

    private static Input lookUp(DbtCloudClient client, Action.LookUpJob action) throws DbtCloudException {
        return switch (client.lookUp(action.target().accountId(), action.names())) {
            case JobLookup.Found found -> new Input.JobFound(action.commandId(), found.job());
            case JobLookup.None none ->
                new Input.JobRefused(action.commandId(), RejectReason.JOB_NOT_FOUND, none.message());
            case JobLookup.Several several ->
                new Input.JobRefused(action.commandId(), RejectReason.JOB_AMBIGUOUS, several.message());
        };
    }

    private Input search(DbtCloudClient client, Action.SearchMarker action) throws DbtCloudException {
        Instant begun = clock.instant();
        Optional<RunSnapshot> run = client.findByCause(
                action.target().accountId(), action.jobId(), action.marker(), null, action.notCreatedBefore());
        run.ifPresent(found -> {
            metrics.adopted();
            LOG.info(
                    "Run adopted: it was started by a trigger whose answer was lost",
                    pair(LogKey.COMMAND_ID, action.commandId()),
                    pair(LogKey.RUN_ID, found.runId()));
        });
        return new Input.LookedUp(action.commandId(), action.attempt(), begun, run.orElse(null));
    }

    private Input readEnd(DbtCloudClient client, Action.ReadEnd action) throws DbtCloudException, InterruptedException {
        RunWithSteps ended = client.runWithSteps(action.target().accountId(), action.runId());
        @Nullable RunFailure failure = failed(ended.run()) ? failures.read(client, ended.run(), ended.steps()) : null;
        return new Input.Ended(action.commandId(), ended.run(), ended.steps(), failure);
    }

    /** A run that ran into a time-out is cancelled in dbt Cloud's words, and a failure in everybody else's. */
    private static boolean failed(RunSnapshot run) {
        return run.status() == JobRunStatus.Known.ERROR
                || (run.status() == JobRunStatus.Known.CANCELLED && CancelReason.of(run) == CancelReason.TIMED_OUT);
    }

    private void call(Action action, Action.Target target, Consumer<Input> inbox, Call call) {
        Optional<DbtCloudClient> client = connections.find(target.connection());
        if (client.isEmpty()) {
            inbox.accept(new Input.CallFailed(action.commandId(), gone(target)));
            return;
        }
        Thread.startVirtualThread(() -> inbox.accept(answer(action, target, client.get(), call)));
    }

    private Input answer(Action action, Action.Target target, DbtCloudClient client, Call call) {
        try {
            return call.on(client);
        } catch (DbtCloudException e) {
            report("A call to dbt Cloud failed and will be made again", action.commandId(), target, e.failure());
            return new Input.CallFailed(action.commandId(), e.failure());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Input.CallFailed(action.commandId(), new CallFailure.NotSent("interrupted"));
        } catch (RuntimeException e) {
            LOG.error(
                    "A fault of the relay stopped a call; it will be made again",
                    e,
                    pair(LogKey.COMMAND_ID, action.commandId()),
                    pair(LogKey.ACTION, action.getClass().getSimpleName()));
            return new Input.CallFailed(
                    action.commandId(), new CallFailure.NotSent(e.getClass().getSimpleName()));
        }
    }

    private static String trouble(CallFailure failure) {
        return switch (failure) {
            case CallFailure.Refused refused -> "dbt Cloud refused a trigger; the command is rejected";
            case CallFailure.NotFound notFound -> "dbt Cloud refused a trigger; the command is rejected";
            case CallFailure.Unclear unclear -> "A trigger had no clear answer; its run is looked for";
            case CallFailure.NotSent notSent -> "A trigger could not be sent; it will be sent again";
            case CallFailure.Limited limited -> "A trigger could not be sent; it will be sent again";
            case CallFailure.Suspended suspended -> "A trigger could not be sent; it will be sent again";
        };
    }

    private static void report(String message, String commandId, Action.Target target, CallFailure failure) {
        LOG.warn(
                message,
                pair(LogKey.COMMAND_ID, commandId),
                pair(LogKey.CONNECTION, target.connection()),
                pair(LogKey.REASON, failure.getClass().getSimpleName()),
                pair(LogKey.DETAIL, failure.detail()));
    }

    private static CallFailure gone(Action.Target target) {
        return new CallFailure.NotSent("the connection '" + target.connection() + "' is not configured any more");
    }

    /** A call that gives an input. */
    private interface Call {
        Input on(DbtCloudClient client) throws DbtCloudException, InterruptedException;
    }
}
