package org.dbtrelay.flow;

import static org.dbtrelay.metrics.RelayLog.pair;

import jakarta.inject.Singleton;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.JobSwitches;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.budget.RequestBudget.Permit;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.runs.RunStarts;
import org.dbtrelay.dbtcloud.runs.TriggerRequest;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayTraces;
import org.dbtrelay.run.command.JobObstacle;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobOfConnection;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.StartCall;
import org.jspecify.annotations.Nullable;

/** Starts runs: asks the budget before the intent is recorded, and sends the trigger after it. */
@Singleton
class Triggers {

    private static final RelayLog LOG = RelayLog.of(Triggers.class);

    private final Connections connections;

    private final JobSwitches jobSwitches;
    private final RelayTraces traces;

    Triggers(Connections connections, JobSwitches jobSwitches, RelayTraces traces) {
        this.connections = connections;
        this.jobSwitches = jobSwitches;
        this.traces = traces;
    }

    /** Sends a trigger, if its window is still open by then. */
    void start(Action.Start action, @Nullable Permit permit, SendWindow window, Consumer<Input> inbox) {
        Thread.startVirtualThread(() -> inbox.accept(answer(action, permit, window)));
    }

    /**
     * Gives a command its permit if nothing has to be waited for: so its intent can be committed with its acceptance.
     *
     * @return null: not now; {@link #reserve} waits
     */
    Input.@Nullable StartReserved reserveAtOnce(Action.ReserveStart action, Reservations reservations) {
        long accountId = action.target().accountId();
        @Nullable
        RunStarts starts = connections
                .find(action.target().connection())
                .map(DbtCloudClient::starts)
                .orElse(null);
        @Nullable Long newest = starts == null ? null : starts.newest().known(accountId);
        @Nullable
        Permit permit = starts == null || newest == null ? null : starts.reserveAtOnce(accountId, priority(action));
        if (permit == null) {
            return null;
        }
        reservations.hold(action.commandId(), permit);
        return new Input.StartReserved(action.commandId(), action.call(), newest, action.check());
    }

    /** The bound of a later search has to be known before the intent; the relay asks for it if it knows none. */
    void reserve(Action.ReserveStart action, Reservations reservations, Consumer<Input> inbox) {
        Optional<DbtCloudClient> found = connections.find(action.target().connection());
        if (found.isEmpty()) {
            inbox.accept(new Input.CallFailed(action, CallFailureLog.gone(action.target())));
            return;
        }
        DbtCloudClient client = found.get();
        @Nullable Long known = client.starts().newest().known(action.target().accountId());
        if (known != null) {
            reserve(action, client, known, reservations, inbox);
            return;
        }
        Thread.startVirtualThread(() -> {
            try {
                reserve(action, client, newestRunId(action, client), reservations, inbox);
            } catch (RuntimeException | Error e) {
                inbox.accept(fault(action, e));
            }
        });
    }

    /** After any internal error the command goes on, and its reservation is given back. */
    private static Input fault(Action.ReserveStart action, Throwable e) {
        LOG.error(
                "Internal error: a call stopped; it will be made again",
                e,
                pair(LogKey.COMMAND_ID, action.commandId()),
                pair(LogKey.ACTION, Action.ReserveStart.class.getSimpleName()));
        return new Input.CallFailed(action, new CallFailure.NotSent(e.getClass().getSimpleName()));
    }

    /** Holds no thread while the budget has nothing to give. */
    private static void reserve(
            Action.ReserveStart action,
            DbtCloudClient client,
            @Nullable Long newestRunId,
            Reservations reservations,
            Consumer<Input> inbox) {
        reservations.await(
                action.commandId(),
                client.starts().reserve(action.target().accountId(), priority(action)),
                () -> inbox.accept(
                        new Input.StartReserved(action.commandId(), action.call(), newestRunId, action.check())),
                failure -> inbox.accept(fault(action, failure)));
    }

    /** A start that had its permit and gave it back for another check has waited already. */
    private static Priority priority(Action.ReserveStart action) {
        return action.check() != null && action.check().again() ? Priority.TRIGGER_AFTER_CHECK : Priority.TRIGGER;
    }

    private static @Nullable Long newestRunId(Action.ReserveStart action, DbtCloudClient client) {
        try {
            return client.starts().newest().ask(action.target().accountId());
        } catch (DbtCloudException e) {
            CallFailureLog.report(
                    "The account's newest run could not be read; a search for a lost trigger would go by time alone",
                    action.commandId(),
                    action.target(),
                    e.failure());
            return null;
        }
    }

    private Input answer(Action.Start action, @Nullable Permit permit, SendWindow window) {
        try (permit) {
            Optional<DbtCloudClient> client = connections.find(action.target().connection());
            return client.isEmpty() || permit == null
                    ? new Input.StartFailed(action.commandId(), action.attempt(), CallFailureLog.gone(action.target()))
                    : trigger(action, client.get(), permit, window);
        } catch (RuntimeException | Error e) {
            LOG.error(
                    "Internal error: it is unclear whether a trigger was sent",
                    e,
                    pair(LogKey.COMMAND_ID, action.commandId()));
            return new Input.StartFailed(
                    action.commandId(),
                    action.attempt(),
                    new CallFailure.Unclear(e.getClass().getSimpleName()));
        }
    }

    private Input trigger(Action.Start action, DbtCloudClient client, Permit permit, SendWindow window) {
        try {
            RunSnapshot run = traced(action, client, permit, window);
            LOG.info(
                    "Run started",
                    pair(LogKey.COMMAND_ID, action.commandId()),
                    pair(LogKey.JOB_ID, action.jobId()),
                    pair(LogKey.RUN_ID, run.runId()));
            return new Input.Started(action.commandId(), action.attempt(), run);
        } catch (DbtCloudException e) {
            CallFailureLog.report(trouble(e.failure()), action.commandId(), action.target(), e.failure());
            if (e.failure() instanceof CallFailure.NotFound) {
                // Its names may mean another job by now.
                client.jobs().forget(action.target().accountId(), action.jobId());
            }
            return e.failure() instanceof CallFailure.Refused refused
                    ? refused(action, client, refused)
                    : new Input.StartFailed(action.commandId(), action.attempt(), e.failure());
        }
    }

    private RunSnapshot traced(Action.Start action, DbtCloudClient client, Permit permit, SendWindow window)
            throws DbtCloudException {
        String name = switch (action.call()) {
            case StartCall.Trigger trigger -> "trigger";
            case StartCall.Retry retry -> "retry run";
        };
        try (RelayTraces.Part part = traces.calling(name, client.name(), action.commandId(), action.traceparent())) {
            try {
                RunSnapshot run = call(action, part.traceparent(), client, permit, window);
                part.ofRun(run.runId());
                return run;
            } catch (DbtCloudException e) {
                part.failed(e.failure().detail());
                throw e;
            }
        }
    }

    private RunSnapshot call(
            Action.Start action, @Nullable String traceparent, DbtCloudClient client, Permit permit, SendWindow window)
            throws DbtCloudException {
        long accountId = action.target().accountId();
        BooleanSupplier allowed = jobSwitches.guard(new JobOfConnection(client.name(), action.jobId()), window::isOpen);
        return switch (action.call()) {
            case StartCall.Trigger trigger ->
                client.starts()
                        .trigger(
                                new TriggerRequest(
                                        accountId,
                                        action.jobId(),
                                        action.cause(),
                                        action.overrides().steps(),
                                        action.overrides().schema(),
                                        action.overrides().runConfig(),
                                        traceparent),
                                permit,
                                allowed);
            case StartCall.Retry(long runId) ->
                client.starts().retryRun(accountId, runId, traceparent, permit, allowed);
        };
    }

    /** dbt Cloud's words for a job that it does not run for a trigger are not documented, so the job is asked. */
    private Input refused(Action.Start action, DbtCloudClient client, CallFailure.Refused refused) {
        RejectReason reason = RejectReason.REFUSED_BY_DBT_CLOUD;
        String message = refused.detail();
        try {
            @Nullable
            JobObstacle obstacle =
                    JobObstacle.of(client.jobs().read(action.target().accountId(), action.jobId(), Priority.LOOK_UP));
            if (obstacle != null) {
                reason = obstacle.reason();
                message = obstacle.message() + "; " + refused.detail();
            }
        } catch (DbtCloudException e) {
            CallFailureLog.report(
                    "A job whose trigger was refused could not be read",
                    action.commandId(),
                    action.target(),
                    e.failure());
        } catch (RuntimeException | Error e) {
            LOG.error(
                    "Internal error: a call stopped that would only have explained a refused trigger",
                    e,
                    pair(LogKey.COMMAND_ID, action.commandId()));
        }
        return new Input.StartRefused(action.commandId(), action.attempt(), reason, message);
    }

    private static String trouble(CallFailure failure) {
        return switch (failure) {
            case CallFailure.Refused refused -> "dbt Cloud refused a trigger; the command is rejected";
            case CallFailure.NotFound notFound -> "dbt Cloud refused a trigger; the command is rejected";
            case CallFailure.Unclear unclear -> "A trigger had no clear answer; the relay searches for its run";
            case CallFailure.NotSent notSent -> "A trigger could not be sent; it will be sent again";
            case CallFailure.Limited limited -> "A trigger could not be sent; it will be sent again";
            case CallFailure.Suspended suspended -> "A trigger could not be sent; it will be sent again";
        };
    }
}
