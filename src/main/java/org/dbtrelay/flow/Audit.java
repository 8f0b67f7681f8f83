package org.dbtrelay.flow;

import static org.dbtrelay.metrics.RelayLog.pair;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.dbtrelay.metrics.LogKey;
import org.dbtrelay.metrics.RelayLog;
import org.dbtrelay.run.command.Overrides;
import org.dbtrelay.run.decide.Action;
import org.dbtrelay.run.event.EventType;
import org.dbtrelay.run.event.RunEvent;
import org.dbtrelay.run.job.Target;
import org.dbtrelay.run.state.RunEntry;
import org.dbtrelay.run.state.StartCall;
import org.jspecify.annotations.Nullable;

/**
 * The record of what the relay did to dbt Cloud and of what it refused to do, in a log category of its own, {@code
 * org.dbtrelay.audit}: by which record of the commands topic, on which connection and job, with which overrides. Of overrides
 * only the names stand here; what they said can be read in the record.
 */
final class Audit {

    private static final RelayLog LOG = RelayLog.of(RelayLog.AUDIT);

    private final int partition;

    /** The audit of a partition's commands. */
    Audit(int partition) {
        this.partition = partition;
    }

    /** Something is about to be done, and is committed. */
    void does(Action action, @Nullable RunEntry entry) {
        switch (action) {
            case Action.Start start ->
                log(
                        "Start of a run",
                        entry,
                        start.target(),
                        pair(LogKey.JOB_ID, start.jobId()),
                        pair(LogKey.ATTEMPT, start.attempt()),
                        pair(LogKey.CALL, call(start.call())),
                        pair(LogKey.OVERRIDES, names(start.overrides())));
            case Action.CancelRun cancel ->
                log("Cancellation of a run", entry, cancel.target(), pair(LogKey.RUN_ID, cancel.runId()));
            case Action.CancelOther cancel ->
                log(
                        "Cancellation of a run that is to be replaced",
                        entry,
                        cancel.target(),
                        pair(LogKey.RUN_ID, cancel.runId()));
            case Action.CancelQueued cancel ->
                log(
                        "Cancellation of a second run while it is queued",
                        entry,
                        cancel.target(),
                        pair(LogKey.RUN_ID, cancel.runId()));
            case Action other -> {}
        }
    }

    /** Something was told, and is committed. */
    void told(RunEvent event, @Nullable RunEntry entry) {
        if (event.type() == EventType.COMMAND_REJECTED && event.body() instanceof RunEvent.OfCommand rejection) {
            LOG.info(
                    "Refusal of a command",
                    pair(LogKey.COMMAND_ID, event.commandId()),
                    pair(LogKey.PARTITION, partition),
                    pair(LogKey.OFFSET, entry == null ? null : entry.offset()),
                    pair(LogKey.CONNECTION, event.connection()),
                    pair(LogKey.ACCOUNT_ID, event.accountId()),
                    pair(LogKey.JOB_ID, event.jobId()),
                    pair(LogKey.COMMAND, rejection.verb()),
                    pair(
                            LogKey.REASON,
                            rejection.reason() == null
                                    ? null
                                    : rejection.reason().wireName()),
                    pair(LogKey.DETAIL, rejection.message()));
        }
    }

    /** A record was passed on to another partition, and that is committed. */
    void passedOn(ConsumerRecord<byte[], byte[]> record, int to) {
        LOG.info(
                "Passing on of a record to the partition of its key",
                pair(LogKey.PARTITION, partition),
                pair(LogKey.OFFSET, record.offset()),
                pair(LogKey.TO_PARTITION, to));
    }

    /**
     * A record that was passed on to here has been taken, and that is committed.
     *
     * @param sent as its producer had sent it
     * @param offset where it lies here
     */
    void cameOn(@Nullable String commandId, ConsumerRecord<byte[], byte[]> sent, long offset) {
        LOG.info(
                "Taking of a record that was passed on",
                pair(LogKey.COMMAND_ID, commandId),
                pair(LogKey.PARTITION, partition),
                pair(LogKey.OFFSET, offset),
                pair(LogKey.FROM_PARTITION, sent.partition()),
                pair(LogKey.FROM_OFFSET, sent.offset()));
    }

    private void log(String message, @Nullable RunEntry entry, Target target, RelayLog.Pair... more) {
        List<RelayLog.Pair> pairs = new ArrayList<>();
        if (entry != null) {
            pairs.add(pair(LogKey.COMMAND_ID, entry.commandId()));
            pairs.add(pair(LogKey.PARTITION, partition));
            pairs.add(pair(LogKey.OFFSET, entry.offset()));
            if (entry.resolved() != null) {
                pairs.add(pair(LogKey.COMMAND, entry.resolved().task().verb()));
            }
        }
        pairs.add(pair(LogKey.CONNECTION, target.connection()));
        pairs.add(pair(LogKey.ACCOUNT_ID, target.accountId()));
        pairs.addAll(List.of(more));
        LOG.info(message, pairs.toArray(RelayLog.Pair[]::new));
    }

    private static String call(StartCall call) {
        return switch (call) {
            case StartCall.Trigger trigger -> "trigger";
            case StartCall.Retry(long runId) -> "retry of run " + runId;
        };
    }

    private static List<String> names(Overrides overrides) {
        List<String> names = new ArrayList<>();
        if (overrides.steps() != null) {
            names.add("steps_override");
        }
        if (overrides.schema() != null) {
            names.add("schema_override");
        }
        names.addAll(new TreeSet<>(overrides.runConfigFields()));
        return names;
    }
}
