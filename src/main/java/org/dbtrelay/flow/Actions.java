package org.dbtrelay.flow;

import static org.dbtrelay.metrics.RelayLog.pair;

import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import org.dbtrelay.artifact.ArtifactCollector;
import org.dbtrelay.dbtcloud.DbtCloudException;
import org.dbtrelay.dbtcloud.budget.Priority;
import org.dbtrelay.dbtcloud.connection.Connections;
import org.dbtrelay.dbtcloud.connection.DbtCloudClient;
import org.dbtrelay.dbtcloud.runs.Retryability;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.metrics.RelayMetrics;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.decide.Input;
import org.dbtrelay.run.decide.StartCheck;
import org.dbtrelay.run.job.CallFailure;
import org.dbtrelay.run.job.JobLookup;
import org.dbtrelay.run.job.JobRunStatus;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.job.Target;
import org.jspecify.annotations.Nullable;

/** Makes the calls that were decided, each on a virtual thread of its own, and brings each answer back as an input. */
@Singleton
class Actions {

    private static final RelayLog LOG = RelayLog.of(Actions.class);

    private final Connections connections;
    private final ArtifactCollector artifacts;
    private final RunEnds ends;
    private final Clock clock;
    private final RelayMetrics metrics;
    private final SharedCalls shared = new SharedCalls();

    Actions(Connections connections, ArtifactCollector artifacts, RunEnds ends, Clock clock, RelayMetrics metrics) {
        this.connections = connections;
        this.artifacts = artifacts;
        this.ends = ends;
        this.clock = clock;
        this.metrics = metrics;
    }

    /** Makes a call; its answer goes into the inbox. */
    void perform(Action.Call action, Consumer<Input> inbox) {
        shared.call(action, inbox, answers -> make(action, answers));
    }

    private void make(Action.Call action, Consumer<Input> inbox) {
        switch (action) {
            case Action.LookUpJob lookUp -> call(action, inbox, client -> lookUp(client, lookUp));
            case Action.ReadJob read ->
                call(
                        action,
                        inbox,
                        client -> new Input.JobFound(
                                read.commandId(),
                                client.jobs()
                                        .read(
                                                read.target().accountId(),
                                                read.jobId(),
                                                read.urgent() ? Priority.LOOK_UP : Priority.POLL)));
            case Action.SearchMarker search -> call(action, inbox, client -> search(client, search));
            case Action.ReadEnd read -> call(action, inbox, client -> ends.end(client, read));
            case Action.ExplainEnd explain -> ends.later(explain, inbox);
            case Action.CancelRun cancel ->
                call(action, inbox, client -> cancel(client, cancel, cancel.runId(), cancel.traceparent()));
            // Its effect shows when the relay lists the job's runs again, so nobody waits for the answer.
            case Action.CancelOther cancel ->
                call(action, _ -> {}, client -> cancel(client, cancel, cancel.runId(), cancel.traceparent()));
            case Action.ReadRun read -> call(action, inbox, client -> readRun(client, read));
            case Action.ReadNewestRun read -> call(action, inbox, client -> readNewest(client, read));
            case Action.ListInFlight list ->
                call(
                        action,
                        inbox,
                        client -> new Input.RunsInFlight(
                                list.commandId(),
                                client.runs().inFlight(list.target().accountId(), list.jobId()),
                                list.check().answered(clock.instant())));
            case Action.SearchRetry search -> call(action, inbox, client -> search(client, search));
            case Action.CancelQueued cancel -> call(action, inbox, client -> cancelQueued(client, cancel));
            case Action.CollectArtifacts collect -> call(action, inbox, client -> collected(collect, client));
        }
    }

    private Input collected(Action.CollectArtifacts action, DbtCloudClient client)
            throws DbtCloudException, InterruptedException {
        Input.ArtifactsCollected collected =
                artifacts.collect(action.commandId(), client, action.run(), action.artifacts(), action.begun());
        if (action.run().finishedAt() != null) {
            Duration sinceEnd = Duration.between(action.run().finishedAt(), clock.instant());
            collected.ready().forEach(_ -> metrics.artifactCame(sinceEnd));
        }
        return collected;
    }

    private static Input lookUp(DbtCloudClient client, Action.LookUpJob action) throws DbtCloudException {
        return switch (client.jobs().lookUp(action.target().accountId(), action.names())) {
            case JobLookup.Found found -> new Input.JobFound(action.commandId(), found.job());
            case JobLookup.None none ->
                new Input.JobRejected(action.commandId(), RejectReason.JOB_NOT_FOUND, none.message());
            case JobLookup.Several several ->
                new Input.JobRejected(action.commandId(), RejectReason.JOB_AMBIGUOUS, several.message());
        };
    }

    private Input search(DbtCloudClient client, Action.SearchMarker action) throws DbtCloudException {
        Instant begun = clock.instant();
        Optional<RunSnapshot> run = client.searches()
                .find(
                        action.target().accountId(),
                        action.jobId(),
                        action.marker(),
                        action.aboveRunId(),
                        action.notCreatedBefore(),
                        action.except());
        return lookedUp(action.commandId(), action.attempt(), begun, run);
    }

    private Input search(DbtCloudClient client, Action.SearchRetry action) throws DbtCloudException {
        Instant begun = clock.instant();
        Optional<RunSnapshot> run = client.retries()
                .find(action.target().accountId(), action.jobId(), action.retriedRunId(), action.aboveRunId());
        return lookedUp(action.commandId(), action.attempt(), begun, run);
    }

    private Input lookedUp(String commandId, int attempt, Instant begun, Optional<RunSnapshot> run) {
        run.ifPresent(found -> {
            metrics.adopted();
            LOG.info(
                    "Run adopted: it was started by a call whose answer was lost",
                    pair(LogKey.COMMAND_ID, commandId),
                    pair(LogKey.RUN_ID, found.runId()));
        });
        return new Input.SearchResult(commandId, attempt, begun, run.orElse(null));
    }

    private static Input readRun(DbtCloudClient client, Action.ReadRun action) throws DbtCloudException {
        try {
            return read(action.commandId(), client.retries().of(action.target().accountId(), action.runId()), null);
        } catch (DbtCloudException e) {
            if (e.failure() instanceof CallFailure.NotFound) {
                return new Input.RunNotFound(action.commandId(), action.runId());
            }
            throw e;
        }
    }

    private Input readNewest(DbtCloudClient client, Action.ReadNewestRun action) throws DbtCloudException {
        return client.retries()
                .ofNewest(action.target().accountId(), action.jobId())
                .map(newest -> read(action.commandId(), newest, action.check().answered(clock.instant())))
                .orElseGet(() -> new Input.RunRead(
                        action.commandId(), null, false, null, action.check().answered(clock.instant())));
    }

    private static Input read(String commandId, Retryability read, @Nullable StartCheck check) {
        return new Input.RunRead(commandId, read.run(), read.canRetry(), read.notSupportedReason(), check);
    }

    private static Input cancel(DbtCloudClient client, Action.Call action, long runId, @Nullable String traceparent)
            throws DbtCloudException {
        return new Input.RunObserved(
                action.commandId(), client.runs().cancel(action.target().accountId(), runId, traceparent));
    }

    /** Reads the run first: one that has begun meanwhile is left alone. */
    private static Input cancelQueued(DbtCloudClient client, Action.CancelQueued cancel) throws DbtCloudException {
        long accountId = cancel.target().accountId();
        RunSnapshot run = client.runs().run(accountId, cancel.runId(), Priority.CANCEL);
        if (run.status() == JobRunStatus.Known.QUEUED) {
            run = client.runs().cancel(accountId, cancel.runId(), null);
        }
        return new Input.RunObserved(cancel.commandId(), run);
    }

    private void call(Action.Call action, Consumer<Input> inbox, Request request) {
        Target target = action.target();
        Optional<DbtCloudClient> client = connections.find(target.connection());
        if (client.isEmpty()) {
            inbox.accept(new Input.CallFailed(action, CallFailureLog.gone(target)));
            return;
        }
        Thread.startVirtualThread(() -> inbox.accept(answer(action, client.get(), request)));
    }

    private Input answer(Action.Call action, DbtCloudClient client, Request request) {
        try {
            return request.on(client);
        } catch (DbtCloudException e) {
            CallFailureLog.report(
                    "A call to dbt Cloud failed and will be made again",
                    action.commandId(),
                    action.target(),
                    e.failure());
            return new Input.CallFailed(action, e.failure());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Input.CallFailed(action, new CallFailure.NotSent("interrupted"));
        } catch (RuntimeException | Error e) {
            LOG.error(
                    "Internal error: a call stopped; it will be made again",
                    e,
                    pair(LogKey.COMMAND_ID, action.commandId()),
                    pair(LogKey.ACTION, action.getClass().getSimpleName()));
            return new Input.CallFailed(
                    action, new CallFailure.NotSent(e.getClass().getSimpleName()));
        }
    }

    /** The request of a call, which gives an input. */
    private interface Request {
        Input on(DbtCloudClient client) throws DbtCloudException, InterruptedException;
    }
}
