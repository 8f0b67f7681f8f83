package org.dbtrelay.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.dbtrelay.dbtcloud.budget.ManualSuspension.Switched;
import org.dbtrelay.flow.CommandViews;
import org.dbtrelay.flow.WaitReason;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.job.RunSnapshot;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.Share;
import org.dbtrelay.run.state.Timeline;
import org.jspecify.annotations.Nullable;

/**
 * The state of a command, over HTTP.
 *
 * @param origin {@code command}, or {@code observed} for a run that no command has started
 * @param outcome the type of the event that ended it; null while it has not ended
 * @param suspendedScope which of {@code job} and {@code connection} a person has suspended, if it waits for the end of that; else null
 * @param suspendedSince since when
 * @param notBefore when a waiting command is tried again, may be started again after its job was, or its window closes as far as is known
 *     now; or when the pause before another run is over
 * @param coalescedInto the id of the command that starts, or has started, the run for this one; null: none does
 * @param coalesced how many other commands its run is for, or would be if it began now
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
        @Nullable String suspendedScope,
        @Nullable Instant suspendedSince,
        @Nullable String suspendedBy,
        @Nullable String suspendedReason,
        @Nullable Instant notBefore,
        @Nullable String coalescedInto,
        @Nullable Integer coalesced,
        @Nullable Instant deadline,
        @Nullable String outcome,
        @Nullable String reason,
        int eventsTold,

        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable List<Told> timeline,

        @JsonRawValue @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
        String events) {

    /** What a person has suspended. */
    enum Scope {
        JOB,
        CONNECTION;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** A suspension by a person, and of what. */
    record Suspension(Scope scope, Switched switched) {}

    /** That an event was told, over HTTP. */
    public record Told(int sequence, String type, Instant at) {

        static Told of(Timeline.Told told) {
            return new Told(told.sequence(), told.type().wireName(), told.at());
        }
    }

    /**
     * A command as it stands.
     *
     * @param suspension of its job or its connection, if that is what it waits for
     */
    static CommandState of(CommandViews.View view, @Nullable Suspension suspension, boolean withEvents) {
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
                entry.connection(),
                resolved == null ? null : Long.valueOf(resolved.accountId()),
                entry.jobId(),
                resolved == null ? null : resolved.jobName(),
                run != null ? Long.valueOf(run.runId()) : finished != null ? finished.runId() : null,
                run == null ? null : run.status().label(),
                run == null ? null : run.url(),
                attempt(entry.state()),
                suspension != null
                        ? SUSPENDED
                        : view.waitsFor() == null ? null : view.waitsFor().label(),
                view.ahead() == 0 ? null : view.ahead(),
                suspension == null ? null : suspension.scope().label(),
                suspension == null ? null : suspension.switched().since(),
                suspension == null ? null : suspension.switched().by(),
                suspension == null ? null : suspension.switched().reason(),
                view.windowClosesAt() == null ? notBefore(entry.state()) : view.windowClosesAt(),
                coalescedInto(view),
                coalesced(view),
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
            case RunState.Joined joined -> null;
            case RunState.Starting starting -> null;
            case RunState.Searching searching -> null;
            case RunState.Finished finished -> null;
        };
    }

    private static @Nullable String coalescedInto(CommandViews.View view) {
        @Nullable Share share = view.entry().share();
        return share != null && share.into() != null
                ? share.into()
                : view.entry().state() instanceof RunState.Joined ? view.leader() : null;
    }

    /** As its events say it; before there is a run, as many as have joined by now. */
    private static @Nullable Integer coalesced(CommandViews.View view) {
        @Nullable Share share = view.entry().share();
        boolean waits = view.entry().state() instanceof RunState.Waiting;
        int joined = share == null ? 0 : waits ? view.sharing() : share.joined();
        return joined == 0 ? null : joined;
    }

    private static @Nullable Instant notBefore(RunState state) {
        return switch (state) {
            case RunState.Waiting waiting -> waiting.notBefore();
            case RunState.Retrying retrying -> retrying.at();
            case RunState.Joined joined -> null;
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
            case RunState.Joined joined -> null;
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
