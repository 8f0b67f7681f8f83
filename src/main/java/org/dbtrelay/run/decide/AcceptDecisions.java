package org.dbtrelay.run.decide;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.dbtrelay.run.command.Command;
import org.dbtrelay.run.command.JobSelector;
import org.dbtrelay.run.command.Origin;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.command.Policy;
import org.dbtrelay.run.command.RejectReason;
import org.dbtrelay.run.command.RequestedOptions;
import org.dbtrelay.run.command.ResolvedCommand;
import org.dbtrelay.run.command.Task;
import org.dbtrelay.run.command.TraceContext;
import org.dbtrelay.run.event.DeadLetter;
import org.dbtrelay.run.event.DeadLetterReason;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.JobNames;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.RunState;
import org.dbtrelay.run.state.StartAttempts;
import org.dbtrelay.run.state.Timeline;
import org.jspecify.annotations.Nullable;

/** A command has come in. It is accepted if it is new, young enough and allowed. */
final class AcceptDecisions {

    private AcceptDecisions() {}

    static Decision decide(
            @Nullable RunEntry known, Input.CommandReceived input, Instant now, Policy policy, JobQueues queues) {
        if (known != null) {
            return known.commandHash().equals(input.hash())
                    ? Decision.NOTHING
                    : Decision.deadLetter(
                            new DeadLetter(
                                    DeadLetterReason.ID_CONFLICT,
                                    "command_id was used before by a command of another content; a new command needs a new id"));
        }
        if (input.recordTime().plus(policy.maxCommandAge()).isBefore(now)) {
            return Decision.deadLetter(new DeadLetter(
                    DeadLetterReason.EXPIRED,
                    "the record's time " + input.recordTime() + " is longer ago than relay.commands.max-age ("
                            + policy.maxCommandAge() + ")"));
        }
        return switch (input.command()) {
            case Command.Unfit unfit -> rejected(input, null, null, unfit.reason(), unfit.message(), now);
            case Command.Fit fit -> fit(input, fit, now, policy, queues);
        };
    }

    private static Decision fit(
            Input.CommandReceived input, Command.Fit command, Instant now, Policy policy, JobQueues queues) {
        Command.Head head = command.head();
        Policy.@Nullable ForConnection connection = policy.connections().get(head.connection());
        @Nullable Long jobId = command.task().namedJob() instanceof JobSelector.ById(long id) ? Long.valueOf(id) : null;
        if (connection == null) {
            return rejected(
                    input,
                    null,
                    jobId,
                    RejectReason.UNKNOWN_CONNECTION,
                    "connection: there is no '" + head.connection() + "'; configured are "
                            + new TreeSet<>(policy.connections().keySet()),
                    now);
        }
        long accountId = head.accountId() == null ? connection.accountId() : head.accountId();
        @Nullable String forbidden = forbidden(command, connection, accountId, jobId);
        if (forbidden != null) {
            return rejected(input, accountId, jobId, RejectReason.FORBIDDEN, forbidden, now);
        }
        ResolvedCommand resolved = resolved(command, accountId, jobId, now, policy);
        RunState.Waiting state = new RunState.Waiting(StartAttempts.NONE, 0, null);
        RunEntry entry = entry(input, now, 0, resolved, state, null);
        DecisionBuilder builder = DecisionBuilder.of(entry, now).accepted();
        if (resolved.isExpired(now)) {
            return builder.rejected(
                    RejectReason.EXPIRED,
                    "expires_at " + resolved.expiresAt() + " had passed when the command came in");
        }
        CommonDecisions.next(CommonDecisions.bounds(builder, resolved), entry);
        return StartDecisions.enterQueue(builder, state, queues, now);
    }

    private static ResolvedCommand resolved(
            Command.Fit command, long accountId, @Nullable Long jobId, Instant now, Policy policy) {
        Command.Head head = command.head();
        RequestedOptions requested =
                Origin.of(head.id()) == Origin.OBSERVED ? policy.observing(head.connection()) : command.requested();
        boolean settled = jobId != null || command.task() instanceof Task.Cancel;
        @Nullable TraceContext trace = head.trace();
        return new ResolvedCommand(
                command.task(),
                head.connection(),
                accountId,
                jobId,
                command.task().namedJob() instanceof JobSelector.ByNames(JobNames names) ? names.jobName() : null,
                head.expiresAt(),
                settled ? null : requested,
                policy.options(requested, head.connection(), jobId, now),
                head.context(),
                trace == null ? null : trace.traceparent(),
                trace == null ? null : trace.tracestate());
    }

    /** The reason why the policy forbids the command, with the key that would allow it; null: it allows it. */
    private static @Nullable String forbidden(
            Command.Fit command, Policy.ForConnection connection, long accountId, @Nullable Long jobId) {
        String name = command.head().connection();
        String keys = "relay.policy.connections." + name;
        if (accountId != connection.accountId() && !connection.accounts().contains(accountId)) {
            return "account_id: the connection '" + name + "' is not allowed to use account " + accountId + "; " + keys
                    + ".accounts would allow it";
        }
        if (jobId != null) {
            @Nullable String forbiddenJob = CommonDecisions.forbiddenJob(connection, name, jobId);
            if (forbiddenJob != null) {
                return forbiddenJob;
            }
        }
        return command.task() instanceof Task.Trigger trigger
                ? forbiddenOverride(trigger.overrides(), connection, keys)
                : null;
    }

    private static @Nullable String forbiddenOverride(
            Overrides overrides, Policy.ForConnection connection, String keys) {
        if (overrides.steps() != null && !connection.stepsOverride()) {
            return "steps_override: arbitrary dbt commands are off; " + keys + ".allow-steps-override would allow them";
        }
        if (overrides.schema() != null && !connection.schemaOverride()) {
            return "schema_override: is off; " + keys + ".allow-schema-override would allow it";
        }
        Set<String> allowed =
                connection.runConfigFields() == null ? Overrides.DOCUMENTED_RUN_CONFIG : connection.runConfigFields();
        for (String field : new TreeSet<>(overrides.runConfigFields())) {
            if (!allowed.contains(field)) {
                return "additional_run_config: '" + field + "' is not among the fields allowed, "
                        + new TreeSet<>(allowed) + "; " + keys + ".allowed-run-config would allow it";
            }
        }
        return null;
    }

    /** A rejection is remembered like an outcome, so that the same record again tells nothing new. */
    private static Decision rejected(
            Input.CommandReceived input,
            @Nullable Long accountId,
            @Nullable Long jobId,
            RejectReason reason,
            String message,
            Instant now) {
        Command.Head head = input.command().head();
        RunEvent event = new RunEvent(
                EventType.COMMAND_REJECTED,
                head.id(),
                0,
                now,
                head.connection(),
                accountId,
                jobId,
                null,
                head.context(),
                head.trace(),
                null,
                null,
                new RunEvent.OfCommand(input.command().verb(), reason, message, null));
        RunState finished = new RunState.Finished(
                EventType.COMMAND_REJECTED, reason.wireName(), null, now, head.connection(), jobId);
        String told = Timeline.add(null, 0, EventType.COMMAND_REJECTED, now, now);
        return new Decision(
                entry(input, now, 1, null, finished, told), null, List.of(event), List.of(), List.of(), null);
    }

    private static RunEntry entry(
            Input.CommandReceived input,
            Instant now,
            int nextSequence,
            @Nullable ResolvedCommand resolved,
            RunState state,
            @Nullable String told) {
        return new RunEntry(
                input.command().head().id(),
                input.offset(),
                input.hash(),
                now,
                nextSequence,
                false,
                false,
                List.of(),
                null,
                null,
                null,
                resolved,
                state,
                told);
    }
}
