package org.dbtrelay.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import org.dbtrelay.dbtcloud.budget.ManualSuspension.Switched;
import org.dbtrelay.flow.CommandViews;
import org.dbtrelay.flow.WaitReason;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.Timeline;
import org.jspecify.annotations.Nullable;

/**
 * The state of a command, over HTTP.
 *
 * @param origin {@code command}, or {@code observed} for a run that no command has started
 * @param outcome the type of the event that ended it; null while it has not ended
 * @param suspendedSince since when a person has suspended its job or its connection, which it waits for; null: none has
 * @param notBefore when a waiting command is tried again, or the pause before another run is over
 * @param eventsTold how many events have been told of it
 * @param timeline when its events were told, as the ledger remembers it, oldest first; only of one command
 * @param events the newest of them that this process knows, a JSON array as it stands in the topics
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record CommandState(
        String commandId,
        String origin,
        int partition,
        String state,
        Instant acceptedAt,
        @Nullable String command,
        @Nullable String connection,
        @Nullable Long accountId,
        @Nullable Long jobId,
        @Nullable String jobName,
        @Nullable Long runId,
        @Nullable String runStatus,
        @Nullable String runUrl,
        @Nullable Integer attempt,
        @Nullable String waitsFor,
        @Nullable Integer ahead,
        @Nullable Instant suspendedSince,
        @Nullable String suspendedBy,
        @Nullable String suspendedReason,
        @Nullable Instant notBefore,
        @Nullable Instant deadline,
        @Nullable String outcome,
        @Nullable String reason,
        int eventsTold,

        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable List<Told> timeline,

        @JsonRawValue @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
        String events) {

    /** That an event was told, over HTTP. */
    public record Told(int sequence, String type, Instant at) {

        static Told of(Timeline.Told told) {
            return new Told(told.sequence(), told.type().wireName(), told.at());
        }
    }

    /**
     * A command as it stands.
     *
     * @param suspended who has suspended its connection or its job, if that is what it waits for
     */
    static CommandState of(CommandViews.View view, @Nullable Switched suspended, boolean withEvents) {
        RunEntry entry = view.entry();
        @Nullable ResolvedCommand resolved = entry.resolved();
        @Nullable RunSnapshot run = run(entry);
        RunState.@Nullable Finished finished = entry.state() instanceof RunState.Finished end ? end : null;
        return new CommandState(
                entry.commandId(),
                entry.origin().wireName(),
                view.partition(),
                entry.state().label(),
                entry.acceptedAt(),
                resolved == null ? null : resolved.task().verb(),
                resolved == null ? null : resolved.connection(),
                resolved == null ? null : Long.valueOf(resolved.accountId()),
                resolved == null ? null : resolved.jobId(),
                resolved == null ? null : resolved.jobName(),
                run != null ? Long.valueOf(run.runId()) : finished != null ? finished.runId() : null,
                run == null ? null : run.status().label(),
                run == null ? null : run.url(),
                attempt(entry.state()),
                suspended != null
                        ? SUSPENDED
                        : view.waitsFor() == null ? null : view.waitsFor().label(),
                view.ahead() == 0 ? null : view.ahead(),
                suspended == null ? null : suspended.since(),
                suspended == null ? null : suspended.by(),
                suspended == null ? null : suspended.reason(),
                notBefore(entry.state()),
                resolved == null ? null : resolved.options().deadline(),
                finished == null ? null : finished.outcome().wireName(),
                finished == null ? null : finished.reason(),
                entry.nextSequence(),
                withEvents ? entry.timeline().stream().map(Told::of).toList() : null,
                withEvents ? array(view) : null);
    }

    private static final String SUSPENDED = WaitReason.SUSPENDED.label();

    CommandQuery.Place place() {
        return new CommandQuery.Place(acceptedAt, commandId);
    }

    /** The run that it has, or the last one that has failed if it pauses before another. */
    private static @Nullable RunSnapshot run(RunEntry entry) {
        return switch (entry.state()) {
            case RunState.WithRun withRun -> withRun.run();
            case RunState.Retrying retrying -> entry.failedRun();
            case RunState.Waiting waiting -> null;
            case RunState.Starting starting -> null;
            case RunState.Searching searching -> null;
            case RunState.Finished finished -> null;
        };
    }

    private static @Nullable Instant notBefore(RunState state) {
        return switch (state) {
            case RunState.Waiting waiting -> waiting.notBefore();
            case RunState.Retrying retrying -> retrying.at();
            case RunState.WithRun withRun -> null;
            case RunState.Starting starting -> null;
            case RunState.Searching searching -> null;
            case RunState.Finished finished -> null;
        };
    }

    private static @Nullable Integer attempt(RunState state) {
        return switch (state) {
            case RunState.Waiting waiting -> waiting.starts().attempts();
            case RunState.Starting starting -> starting.attempt();
            case RunState.Searching searching -> searching.attempt();
            case RunState.Retrying retrying -> null;
            case RunState.WithRun withRun -> null;
            case RunState.Finished finished -> null;
        };
    }

    private static String array(CommandViews.View view) {
        return view.events().stream()
                .map(event -> new String(event, StandardCharsets.UTF_8))
                .collect(Collectors.joining(",", "[", "]"));
    }
}
