package org.dbtrelay.run;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A command has come in: is it new, young enough, allowed, and what exactly does it ask for. */
final class Acceptance {

    private Acceptance() {}

    static Decision decide(@Nullable RunEntry known, Input.Commanded input, Instant now, Policy policy) {
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
            case Command.Unfit unfit -> rejected(input, null, unfit.reason(), unfit.message(), now);
            case Command.Trigger trigger -> trigger(input, trigger, now, policy);
        };
    }

    private static Decision trigger(Input.Commanded input, Command.Trigger command, Instant now, Policy policy) {
        Policy.ForConnection connection = policy.connections().get(command.connection());
        if (connection == null) {
            return rejected(
                    input,
                    null,
                    RejectReason.UNKNOWN_CONNECTION,
                    "connection: there is no '" + command.connection() + "'; configured are "
                            + new TreeSet<>(policy.connections().keySet()),
                    now);
        }
        long accountId = command.accountId() == null ? connection.accountId() : command.accountId();
        @Nullable
        Long jobId = switch (command.job()) {
            case JobSelector.ById byId -> byId.jobId();
            case JobSelector.ByNames byNames -> null;
        };
        @Nullable String forbidden = forbidden(command, connection, accountId, jobId);
        if (forbidden != null) {
            return rejected(input, accountId, RejectReason.FORBIDDEN, forbidden, now);
        }
        Policy.Defaults defaults = policy.forJob(jobId);
        Order order = new Order(
                command.verb(),
                command.connection(),
                accountId,
                command.job(),
                jobId,
                command.job() instanceof JobSelector.ByNames(JobNames names) ? names.jobName() : null,
                command.cause(),
                command.overrides(),
                command.pollInterval() == null ? defaults.pollInterval() : command.pollInterval(),
                now.plus(command.timeout() == null ? defaults.timeout() : command.timeout()),
                command.cancelAtDeadline() == null ? defaults.cancelAtDeadline() : command.cancelAtDeadline(),
                command.parkUnclear() == null ? defaults.parkUnclear() : command.parkUnclear(),
                command.artifacts() == null ? defaults.artifacts() : command.artifacts(),
                command.context(),
                command.trace() == null ? null : command.trace().traceparent(),
                command.trace() == null ? null : command.trace().tracestate());
        RunEntry entry = new RunEntry(
                command.id(),
                input.hash(),
                now,
                0,
                false,
                List.of(),
                order,
                new RunState.Waiting(Starts.NONE, 0, null));
        return Draft.of(entry, now)
                .command(EventType.COMMAND_ACCEPTED, null, null)
                .then(StartPhase.nextStep(entry.commandId(), order))
                .then(new Action.WakeAt(entry.commandId(), order.deadline()))
                .to(entry.state());
    }

    /** What the policy forbids about it, with the key that would allow it; null: nothing. */
    private static @Nullable String forbidden(
            Command.Trigger command, Policy.ForConnection connection, long accountId, @Nullable Long jobId) {
        String keys = "relay.policy.connections." + command.connection();
        if (accountId != connection.accountId() && !connection.accounts().contains(accountId)) {
            return "account_id: the connection '" + command.connection() + "' is not allowed to use account "
                    + accountId + "; " + keys + ".accounts would allow it";
        }
        if (jobId != null) {
            @Nullable String forbiddenJob = forbiddenJob(connection, command.connection(), jobId);
            if (forbiddenJob != null) {
                return forbiddenJob;
            }
        }
        if (command.overrides().steps() != null && !connection.stepsOverride()) {
            return "steps_override: arbitrary dbt commands are off; " + keys + ".allow-steps-override would allow them";
        }
        if (command.overrides().schema() != null && !connection.schemaOverride()) {
            return "schema_override: is off; " + keys + ".allow-schema-override would allow it";
        }
        Set<String> allowed =
                connection.runConfigFields() == null ? Overrides.DOCUMENTED_RUN_CONFIG : connection.runConfigFields();
        for (String field : new TreeSet<>(command.overrides().runConfigFields())) {
            if (!allowed.contains(field)) {
                return "additional_run_config: '" + field + "' is not among the fields allowed, "
                        + new TreeSet<>(allowed) + "; " + keys + ".allowed-run-config would allow it";
            }
        }
        return null;
    }

    /** What the policy has against a job; null: nothing. */
    static @Nullable String forbiddenJob(Policy.ForConnection connection, String name, long jobId) {
        if (connection.jobs() == null || connection.jobs().contains(jobId)) {
            return null;
        }
        return "job_id: commands may not run job " + jobId + " on the connection '" + name
                + "'; relay.policy.connections." + name + ".jobs would allow it";
    }

    /** A rejection is remembered like an outcome, so that the same record again tells nothing new. */
    private static Decision rejected(
            Input.Commanded input, @Nullable Long accountId, RejectReason reason, String message, Instant now) {
        Command command = input.command();
        @Nullable
        Long jobId = command instanceof Command.Trigger trigger && trigger.job() instanceof JobSelector.ById(long id)
                ? id
                : null;
        RunEvent event = new RunEvent(
                EventType.COMMAND_REJECTED,
                command.id(),
                0,
                now,
                command.connection(),
                accountId,
                jobId,
                null,
                command.context(),
                command.trace(),
                new RunEvent.OfCommand(command.verb(), reason, message));
        RunEntry entry = new RunEntry(
                command.id(),
                input.hash(),
                now,
                1,
                false,
                List.of(),
                null,
                new RunState.Finished(EventType.COMMAND_REJECTED, reason.wireName(), null, now));
        return new Decision(entry, null, List.of(event), List.of(), null);
    }
}
